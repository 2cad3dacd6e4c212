-- A range may be over a domain, an enum, or text with a collation.
create domain celsius as numeric check (value > -273.15);
create type grade as enum ('a', 'b', 'c');
create type celsius_range as range (subtype = celsius);
create type grade_range as range (subtype = grade);
create type word_range as range (subtype = text, collation = "C");
create table readings (id int primary key, c celsius_range, g grade_range, w word_range);
