-- A domain may be over a composite or a range.
create type point3 as (x float8, y float8, z float8);
create domain origin as point3 check ((value).x is not null);
create domain past as tstzrange check (upper(value) is not null);
create table places (id int primary key, o origin, p past);
