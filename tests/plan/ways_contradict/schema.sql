create table lists (id uuid primary key, user_id uuid not null);
create table todos (id uuid primary key, list_id uuid not null references lists, user_id uuid);
comment on table todos is '@oosync.parent=list_id';
