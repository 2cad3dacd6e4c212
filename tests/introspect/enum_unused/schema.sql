-- An enum that no column uses is still part of its schema.
create type unused as enum ('one', 'two');
create type used as enum ('one', 'two');
create table users (id int primary key, u used);
