-- A not-null constraint may have a name, be not valid, or not be inherited.
-- postgres: 18
create table base (
    id int,
    named text constraint named_is_present not null,
    own text,
    unproven text,
    constraint own_is_present not null own no inherit
);
alter table base add constraint unproven_is_present not null unproven not valid;
create table derived (extra int) inherits (base);
