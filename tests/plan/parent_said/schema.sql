create table lists (id uuid primary key, user_id uuid not null);
create table colors (id uuid primary key);
create table todos (id uuid primary key, list_id uuid not null references lists, color_id uuid references colors, up uuid references todos);
create table wrong (id uuid primary key, color_id uuid references colors);
create table missing (id uuid primary key, list_id uuid references lists);
create table self (id uuid primary key, up uuid references self);
create table gone (id uuid primary key, user_id uuid);
create table of_gone (id uuid primary key, gone_id uuid references gone);
comment on table self is '@oosync.parent=up';
