create table a (id int primary key, user_id int not null, updated_at timestamptz);
create table b (id int primary key, user_id int not null);
create table c (id int primary key);
