-- Objects named like those of Postgres are not mistaken for them, whatever the database's search_path says.
create type public.text as enum ('not', 'text');
create domain public.int4 as bigint;
create function public.current_setting(text) returns int4 language sql as 'select 7::public.int4';
create function public.no_match(name, pg_catalog.text) returns bool language sql as 'select true';
create operator public.!~ (leftarg = name, rightarg = pg_catalog.text, function = public.no_match);
create table public.pg_class (oid int primary key, relname public.text, n public.int4, t pg_catalog.text);
create table public.pg_namespace (nspname pg_catalog.text);
do $$ begin
    execute format('alter database %I set search_path = public, pg_catalog', current_database());
end $$;
