-- A table without a primary key has none, even with a unique not-null column.
create table keyless (a int, b text);
create table keyless_unique (a int not null unique, b text);
