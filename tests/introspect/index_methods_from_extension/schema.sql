-- An index keeps an access method that an extension brought.
create extension bloom;
create table searched (id int primary key, a int, b int);
create index searched_bloom on searched using bloom (a, b) with (length = 80);
