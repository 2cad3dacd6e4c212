-- A column may be of the row type of a table.
create table addresses (id int primary key, street text not null, zip varchar(10));
create table people (id int primary key, home addresses, others addresses[]);
