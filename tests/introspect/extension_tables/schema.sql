-- The tables, sequences and types that belong to an extension are left out.
create extension tablefunc;
create table members_only (id int primary key, code serial);
create type member_state as enum ('in', 'out');
create domain member_code as text;
alter extension tablefunc add table members_only;
alter extension tablefunc add type member_state;
alter extension tablefunc add domain member_code;
create table users (id int primary key, s member_state, c member_code, r members_only);
