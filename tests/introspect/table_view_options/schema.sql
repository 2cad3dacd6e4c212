-- The options of a view change nothing about its columns.
-- postgres: 15
create table users (id int primary key, name text);
create view invoker with (security_invoker = true, security_barrier = true) as select * from users;
