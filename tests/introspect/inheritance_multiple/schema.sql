-- A table may inherit from several tables, which merges columns of the same name.
create table named (id int not null, name text not null);
create table priced (id int, price numeric(10, 2) default 1, name text);
create table products (stock int, price numeric(10, 2) default 2) inherits (named, priced);
