create table todos (id uuid primary key, user_id uuid not null);
comment on table todos is '@oosync.exclude';
