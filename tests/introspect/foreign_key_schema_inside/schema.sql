-- A foreign key may point to a table in another schema of the snapshot.
-- schemas: app, auth
create schema app;
create schema auth;
create table auth.users (id uuid primary key);
create table app.users (id uuid primary key references auth.users);
create table app.todos (
    id uuid primary key,
    owner_id uuid not null references auth.users,
    profile_id uuid references app.users
);
