-- A deferrable foreign key keeps its deferral.
create table parents (id int primary key);
create table children (
    id int primary key,
    a int references parents,
    b int references parents deferrable,
    c int references parents deferrable initially deferred,
    d int references parents not deferrable initially immediate,
    e int references parents deferrable initially immediate
);
alter table children alter constraint children_a_fkey deferrable initially deferred;
