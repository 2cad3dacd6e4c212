-- What is visible without a schema does not change what is written down.
-- schemas: app
create schema app;
create schema extras;
create type extras.state as enum ('a', 'b');
create function extras.make() returns int language sql as $$ select 1 $$;
create sequence app.numbers;
set search_path to app, extras;
create table users (
    id int primary key default nextval('numbers'),
    s state not null default 'a',
    n int default make(),
    parent_id int references users,
    check (s <> 'b')
);
do $$
begin
    execute format('alter database %I set search_path to app, extras', current_database());
end
$$;
