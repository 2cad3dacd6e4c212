-- A foreign key that is not enforced says so.
-- postgres: 18
create table parents (id int primary key);
create table children (
    id int primary key,
    a int references parents not enforced,
    b int references parents enforced,
    c int references parents
);
alter table children alter constraint children_c_fkey not enforced;
