-- A schema may have any name.
-- schemas: Mixed, select, zażółć, with space, dot.ted
create schema "Mixed";
create schema "select";
create schema "zażółć";
create schema "with space";
create schema "dot.ted";
create type "Mixed".state as enum ('a');
create sequence "with space".numbers;
create table "Mixed".users (id int primary key, s "Mixed".state default 'a');
create table "select".users (id int primary key references "Mixed".users);
create table "zażółć".users (id int primary key, s "Mixed".state[]);
create table "with space".users (id int primary key default nextval('"with space".numbers'));
create table "dot.ted"."users" (id int primary key references "with space".users);
