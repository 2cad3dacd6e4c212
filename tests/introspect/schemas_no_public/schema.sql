-- A database may have no schema named public.
-- schemas: app
create schema app;
drop schema public;
create type app.state as enum ('a', 'b');
create table app.users (id int primary key, s app.state default 'a');
