-- A domain that no column uses is still part of its schema.
create domain unused as text check (value <> '');
create table users (id int primary key);
