create table a (id int primary key, user_id int not null, needed text not null);
create table b (id int primary key, user_id int not null, hidden int not null default 1, name text);
create table c (id int primary key, user_id int not null);
