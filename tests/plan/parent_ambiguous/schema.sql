create table lists (id uuid primary key, user_id uuid not null);
create table teams (id uuid primary key, user_id uuid not null);
create table todos (id uuid primary key, list_id uuid not null references lists, team_id uuid references teams);
create table steps (id uuid primary key, todo_id uuid not null references todos);
create table two_lists (id uuid primary key, a uuid references lists, b uuid references lists);
