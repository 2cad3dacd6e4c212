-- A foreign key may point to a table without a primary key.
create table codes (code text unique, label text);
create table uses (id int primary key, code text references codes (code));
