-- The views of an extension are left out.
create extension pg_buffercache;
create extension pg_stat_statements;
create table users (id int primary key);
create view user_ids as select id from users;
