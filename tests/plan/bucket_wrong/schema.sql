create table docs (id uuid primary key, name text);
create table pages (id uuid primary key, user_id uuid not null);
create table rows (id uuid primary key, name text);
