-- A name may begin with a digit, or be nothing but digits.
create table "2fa" ("1" int primary key, "0x1f" text, "1e5" text, "007" text, a1 text, "-1" text);
