-- Included columns of a primary key are not part of the key.
create table lookups (
    id int,
    code text,
    label text,
    primary key (id) include (code, label)
);
