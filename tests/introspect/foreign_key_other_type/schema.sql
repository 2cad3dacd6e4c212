-- The two sides of a foreign key may differ in type.
create table parents (id bigint primary key, name varchar(10) unique);
create table children (
    id int primary key,
    parent_id int references parents,
    parent_name text references parents (name)
);
