-- An index may name the same column more than once.
create table searched (a int, b text);
create index searched_twice on searched (a, b, a desc);
create index searched_collations on searched (b, b collate "C");
create index searched_included on searched (a) include (b, a);
