-- A name may be one character long.
create table a (a int primary key, b int unique check (b > 0));
create table "A" ("A" int primary key references a, _ int, "1" int, "-" int, é int);
create type b as enum ('b', '');
