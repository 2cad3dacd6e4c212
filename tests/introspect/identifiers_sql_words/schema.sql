-- A name may be a word that Postgres writes without quotes in one place and with quotes in another.
create table "values" ("current_user" int primary key, "current_date" int, "left" int, "right" int, "position" int, "value" int, "name" int, "time" int, "timestamp" int, "interval" int, "int" int, "char" int, "overlaps" int, "similar" int, "collation" int, "authorization" int, "offset" int, "limit" int, "row" int, "array" int, "old" int, "new" int, "excluded" int);
create index "values_words" on "values" ("left", "current_date", "offset", ("left" + "right" + "time"));
alter table "values" add check ("current_date" > "offset" and "position" < "interval" and "row" <> "array");
