-- A check constraint may stay with its own table.
create table base (
    id int primary key,
    n int,
    constraint for_all check (n > 0),
    constraint for_base check (n < 100) no inherit
);
create table derived () inherits (base);
