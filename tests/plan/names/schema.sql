-- schemas: public, app
create schema app;
create table todos (id int primary key, user_id int not null, name text);
create index by_name on todos (name);
create table app."Todos" (id int primary key, user_id int not null, name text);
create index by_name on app."Todos" (name);
create table by_user (id int primary key, user_id int not null);
create table lists (id int primary key, user_id int not null);
create index "BY_USER" on lists (user_id);
create index sqlite_x on by_user (user_id);
