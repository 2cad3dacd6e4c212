-- A unique constraint or index may hold nulls to be equal.
-- postgres: 15
create table slots (
    id int primary key,
    a int,
    b int,
    c int unique,
    unique nulls not distinct (a),
    constraint pair_once unique nulls not distinct (a, b) include (c)
);
create unique index slots_b on slots (b) nulls not distinct;
create unique index slots_b_where on slots (b) nulls not distinct where a > 0;
create unique index slots_c on slots (c) nulls distinct;
