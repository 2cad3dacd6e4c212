create table colors (id int primary key, name text);
create table secrets (id int primary key, user_id int not null);
create table secret_parts (id int primary key, secret_id int not null references secrets);
create table part_notes (id int primary key, part_id int not null references secret_parts);
create table lists (id int primary key, user_id int not null);
create table todos (id int primary key, list_id int not null references lists);
create table steps (id int primary key, todo_id int not null references todos);
