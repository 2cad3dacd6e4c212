-- Sequences, indexes, functions and other objects are not tables.
create sequence lonely_numbers;
create function one() returns table (a int, b text) language sql as $$ select 1, 'x' $$;
create procedure nothing() language sql as $$ select 1 $$;
create aggregate total(int) (sfunc = int4pl, stype = int, initcond = '0');
create text search configuration simple_copy (copy = simple);
create table only_one (id int primary key, body text);
