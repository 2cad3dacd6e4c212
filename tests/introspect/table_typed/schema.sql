-- A typed table has the columns of its type.
create type person as (name text, age int, nick varchar(10));
create table people of person (
    name with options primary key,
    age with options not null default 0 check (age >= 0)
);
create table more_people of person;
alter type person add attribute city text cascade;
