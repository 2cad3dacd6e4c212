-- An unlogged table is a table.
create unlogged table cache (key text primary key, value jsonb);
create table durable (key text primary key, value jsonb);
