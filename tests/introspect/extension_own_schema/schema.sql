-- An extension in a schema of its own keeps its types there.
create schema extensions;
create extension citext schema extensions;
create extension hstore schema extensions;
create extension pg_trgm schema extensions;
create table accounts (
    id int primary key,
    email extensions.citext not null default 'a',
    emails extensions.citext[],
    attributes extensions.hstore,
    name text check (extensions.similarity(name, 'x') < 0.5)
);
create index accounts_name on accounts using gin (name extensions.gin_trgm_ops);
