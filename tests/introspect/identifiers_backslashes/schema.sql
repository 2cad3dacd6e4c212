-- A name may have backslashes in it.
create table "back\slash" (id int primary key, "\" int, "\\" int, "\n" int, "\u0041" int, "C:\dir" text, "end\" text check ("end\" <> '\'));
create type "ty\pe" as enum ('\', '\\', '\n');
create table uses (id int primary key references "back\slash", t "ty\pe" default '\n');
