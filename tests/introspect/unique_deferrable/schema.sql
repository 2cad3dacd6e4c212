-- A deferrable unique constraint keeps its deferral.
create table positions (
    id int primary key,
    a int unique,
    b int unique deferrable,
    c int unique deferrable initially deferred,
    d int,
    constraint d_once unique (d) deferrable initially immediate
);
