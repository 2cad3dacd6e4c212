-- Constraints without a name get one that no other has.
create table t (
    a int primary key,
    b int unique,
    c int unique check (c > 0) check (c > 1) check (c > 2),
    d int references t references t (b),
    check (a > b),
    unique (b, c)
);
create index on t (b);
create index on t (b);
create index on t (lower(b::text), (a + b));
create table t_pkey_taken (id int primary key);
create table taken_pkey (id int);
create table taken (id int primary key);
