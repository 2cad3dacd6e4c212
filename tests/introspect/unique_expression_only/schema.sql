-- A unique index over nothing but expressions names no column.
create table singletons (id int primary key, doc jsonb not null, a int, b int);
create unique index singletons_one on singletons ((1));
create unique index singletons_doc on singletons ((doc ->> 'key'), (doc -> 'sub' ->> 'key'));
create unique index singletons_pair on singletons (least(a, b), greatest(a, b));
