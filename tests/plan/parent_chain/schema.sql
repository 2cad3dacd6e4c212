-- Any depth; assignee_id says who does it, not whose it is; a child is no way up.
create table users (id uuid primary key);
create table lists (id uuid primary key, user_id uuid not null references users, pinned_id uuid);
create table todos (id uuid primary key, list_id uuid not null references lists, assignee_id uuid references users, last_step_id uuid);
create table steps (id uuid primary key, todo_id uuid not null references todos, before_id uuid references steps);
create table logs (id uuid primary key, by_id uuid not null references users);
create table marks (id uuid primary key, step_id uuid references steps);
alter table lists add foreign key (pinned_id) references todos;
alter table todos add foreign key (last_step_id) references steps;
