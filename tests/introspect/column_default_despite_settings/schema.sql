-- A default reads the same whatever the settings of the database are.
do $$
declare
    setting text[];
begin
    foreach setting slice 1 in array array[
        ['timezone', 'Asia/Tokyo'],
        ['datestyle', 'SQL, DMY'],
        ['intervalstyle', 'sql_standard'],
        ['bytea_output', 'escape'],
        ['extra_float_digits', '-3'],
        ['quote_all_identifiers', 'on'],
        ['standard_conforming_strings', 'off'],
        ['xmloption', 'document']
    ] loop
        execute format('alter database %I set %I to %L', current_database(), setting[1], setting[2]);
    end loop;
    execute format('alter database %I set search_path to pg_catalog', current_database());
end
$$;
create type mood as enum ('sad', 'happy');
create sequence numbers;
create table moments (
    day date default '2020-02-01'::date,
    at_utc timestamptz default '2020-02-01 03:04:05+00'::timestamptz,
    at_plain timestamp default '2020-02-01 03:04:05'::timestamp,
    tod timetz default '03:04:05+02'::timetz,
    span interval default '1 year 2 mons -3 days 04:05:06'::interval,
    bytes bytea default '\x00ff41'::bytea,
    third float8 default 0.1::float8,
    path text default 'C:\new',
    m mood default 'sad',
    n bigint default nextval('numbers'),
    "Mixed Case" int
);
