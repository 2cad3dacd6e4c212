-- A foreign key may point to a table in a schema outside the snapshot.
create schema elsewhere;
create table elsewhere.users (id uuid primary key, name text);
create table elsewhere.todos (id uuid primary key);
create table todos (
    id uuid primary key,
    owner_id uuid not null references elsewhere.users,
    origin_id uuid references elsewhere.todos
);
create table elsewhere.incoming (id int primary key, todo_id uuid references todos);
