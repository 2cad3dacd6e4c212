-- Only the schemas asked for are in the snapshot.
-- schemas: app, other
create schema app;
create schema other;
create schema third;
create table public.users (id int primary key);
create table app.users (id int primary key);
create table other.users (id int primary key references public.users);
create table third.users (id int primary key);
