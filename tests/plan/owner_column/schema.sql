create table todos (id uuid primary key, user_id uuid not null, title text);
