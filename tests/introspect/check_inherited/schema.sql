-- A check constraint is inherited, merged with an equal one, and local where it is written.
create table base (id int, n int, constraint positive check (n > 0));
create table inherited () inherits (base);
create table merged (constraint positive check (n > 0), constraint small check (n < 10)) inherits (base);
create table grandchild (constraint own check (id <> n)) inherits (merged);
