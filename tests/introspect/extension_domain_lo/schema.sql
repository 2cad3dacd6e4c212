-- A column may be of a domain that an extension brought, over a built-in type.
create extension lo;
create extension isn;
create table books (id int primary key, cover lo, number isbn13);
