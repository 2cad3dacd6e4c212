-- Temporary tables are not listed, also not those named like a table that is.
create table kept (id int primary key, name text);
create temporary table kept (other int);
create temporary table passing (id int primary key);
create temporary view passing_view as select 1 as one;
create temporary sequence passing_numbers;
