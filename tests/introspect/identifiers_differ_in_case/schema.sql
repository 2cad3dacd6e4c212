-- Names that differ only in case are different names.
create type state as enum ('on', 'ON', 'On');
create type "State" as enum ('off');
create table users (id int primary key, "ID" int, "Id" int unique, "iD" text);
create table "Users" (id int primary key references users, state state, "State" "State");
create table "USERS" (id int primary key references "Users");
