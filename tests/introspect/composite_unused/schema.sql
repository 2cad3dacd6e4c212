-- A composite that no column uses is still part of its schema, and the row types of tables are not listed with it.
create type unused as (a int, b text);
create table users (id int primary key, name text);
create view user_names as select name from users;
