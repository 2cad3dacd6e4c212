-- A domain may be over an enum, also one that only the domain uses.
create type level as enum ('low', 'medium', 'high');
create domain raised_level as level check (value <> 'low') default 'medium';
create domain levels as level[];
create table readings (id int primary key, l raised_level, ls levels, ld raised_level[]);
