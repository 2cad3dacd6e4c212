-- A primary key may be of any type with an order, also of a user-defined one.
create type kind as enum ('a', 'b');
create domain code as text check (value <> '');
create type pair as (a int, b int);
create table keys (
    k kind,
    c code,
    p pair,
    list int[],
    range int4range,
    at timestamptz,
    bytes bytea,
    primary key (k, c, p, list, range, at, bytes)
);
