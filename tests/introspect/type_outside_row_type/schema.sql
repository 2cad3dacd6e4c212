-- A column may be of the row type of a table in a schema outside the snapshot.
create schema shared;
create type shared.kind as enum ('home', 'work');
create table shared.addresses (id int primary key, street text, kind shared.kind);
create table people (id int primary key, home shared.addresses);
