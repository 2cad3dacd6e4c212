-- A name may have dots in it, and so look qualified.
create schema a;
create table a.b (id int primary key);
create table "a.b" (id int primary key, "x.y" int references a.b, "." int, ".." int, "a.b.c" text);
create type "a.state" as enum ('x.y');
create type a.state as enum ('y.x');
create sequence "a.numbers";
create table "c.d" (id int primary key default nextval('"a.numbers"'), s "a.state", t a.state, u int references "a.b");
