-- A column may be of the row type of a view.
create table people (id int primary key, name text);
create view names as select name from people;
create table lists (id int primary key, first_name names, all_names names[]);
