-- A domain over a domain keeps each step.
create domain positive as int check (value > 0);
create domain small_positive as positive check (value < 100);
create domain required_small as small_positive not null default 1;
create table counts (id small_positive primary key, n required_small, m positive);
