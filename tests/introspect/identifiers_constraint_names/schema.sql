-- Names of constraints are names of their table only, and indexes share theirs with tables.
create table a (id int constraint same primary key, n int constraint same_check check (n > 0));
create table b (
    id int primary key,
    n int constraint same_check check (n > 1),
    a_id int constraint same references a,
    m int constraint "Same" unique constraint "same check" check (m > 2)
);
