-- A foreign key keeps its match type.
create table parents (a int, b int, primary key (a, b));
create table children (
    id int primary key,
    a int,
    b int,
    constraint simple foreign key (a, b) references parents match simple,
    constraint complete foreign key (a, b) references parents match full
);
