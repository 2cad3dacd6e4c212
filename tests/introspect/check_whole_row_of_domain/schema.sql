-- The checks of a domain are not checks of the tables that use it.
create domain positive as int constraint is_positive check (value > 0);
create table counts (id int primary key, n positive, m positive check (m < 100));
