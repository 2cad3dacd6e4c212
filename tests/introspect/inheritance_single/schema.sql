-- A table that inherits has the columns of its parent before its own.
create table base (
    id int primary key,
    name text not null default 'base',
    length int unique,
    doubled int generated always as (length * 2) stored
);
create table derived (extra text not null, name text default 'derived') inherits (base);
create table derived_further (more int) inherits (derived);
