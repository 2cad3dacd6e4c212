-- A range that no column uses is still part of its schema.
create type unused as range (subtype = int2);
create table users (id int primary key);
