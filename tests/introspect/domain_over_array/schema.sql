-- A domain may be over an array, and an array may be of that domain.
create domain tag_list as text[] check (array_length(value, 1) <= 10);
create domain matrix as float8[][] not null;
create domain codes as varchar(8)[];
create table posts (id int primary key, tags tag_list, grid matrix, c codes, lists tag_list[]);
