-- A primary key of one column has its generated name.
create table todos (title text not null, id uuid primary key);
