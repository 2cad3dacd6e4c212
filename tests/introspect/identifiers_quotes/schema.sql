-- A name may have quotes in it.
create table "say ""hi""" ("it's" int primary key, """" text, "'" text, """a" text, "a""" text, "''" text, "`a`" text);
create table "o'clock" (id int primary key, "say ""hi""" int references "say ""hi""" check ("say ""hi""" > 0));
create type "q""uote'" as enum ('"', '''');
create index "ind""ex'" on "o'clock" (("say ""hi""" + 1));
create table uses (id int primary key, q "q""uote'", qs "q""uote'"[]);
