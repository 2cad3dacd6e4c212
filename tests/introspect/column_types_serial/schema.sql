-- Serial columns are integers with a default from a sequence that they own.
create table counters (
    small smallserial,
    normal serial,
    big bigserial,
    aliased serial8,
    plain int not null
);
