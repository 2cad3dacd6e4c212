create table schema_migrations (version text primary key, user_id uuid not null);
create table todos (id uuid primary key, user_id uuid not null);
