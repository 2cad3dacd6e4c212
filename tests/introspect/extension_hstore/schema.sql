-- A column may be of the type hstore.
create extension hstore;
create table settings (
    id int primary key,
    attributes hstore not null default '',
    list hstore[],
    check (attributes ? 'a')
);
create index settings_attributes on settings using gin (attributes);
