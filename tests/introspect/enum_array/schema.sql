-- A column may be an array of an enum.
create type tag as enum ('red', 'green', 'blue');
create table posts (
    id int primary key,
    tags tag[] not null default '{}',
    grid tag[][] check (array_length(grid, 1) < 5)
);
