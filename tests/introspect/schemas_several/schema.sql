-- Several schemas of one snapshot may have tables and types of the same name.
-- schemas: app, other, public
create schema app;
create schema other;
create type app.state as enum ('a');
create type other.state as enum ('b');
create table public.users (id int primary key);
create table app.users (id int primary key, s app.state, o other.state);
create table other.users (
    id int primary key,
    s other.state,
    same_schema int references other.users,
    other_schema int references app.users,
    public_schema int references public.users
);
create index users_s on app.users (s);
create index users_s on other.users (s);
