-- A composite may hold composites, arrays of them, domains and enums.
create type coordinates as (lat float8, lon float8);
create domain zip_code as text check (value ~ '^\d+$');
create type kind as enum ('home', 'work');
create type address as (street text, zip zip_code, spot coordinates, kind kind);
create type contact as (name text, main address, others address[], spots coordinates[]);
create table people (id int primary key, c contact);
