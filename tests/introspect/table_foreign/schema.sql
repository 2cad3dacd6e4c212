-- A foreign table is listed without connecting to its server.
create extension postgres_fdw;
create server far_away foreign data wrapper postgres_fdw
    options (host 'nowhere.invalid', dbname 'remote', port '1');
create foreign table remote_users (
    id int options (column_name 'user_id') not null,
    name text default 'x',
    upper_name text generated always as (upper(name)) stored,
    constraint id_positive check (id > 0)
) server far_away options (schema_name 'public', table_name 'users');
create table local_users (id int primary key);
