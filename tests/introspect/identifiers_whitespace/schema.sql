-- A name may have newlines, tabs and control characters in it.
create table "two
lines" (id int primary key, "tab	bed" text, "line
feed" int check ("line
feed" > 0), U&"carriage\000Dreturn" text, U&"bell\0007" text, U&"delete\007F" text, U&"separator\2028" text);
comment on table "two
lines" is 'A name in two lines.';
