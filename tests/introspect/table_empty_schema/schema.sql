-- A schema without anything in it gives a snapshot without anything in it.
create schema elsewhere;
create table elsewhere.users (id int primary key);
