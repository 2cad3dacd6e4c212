create table a (id int primary key, b_id int not null);
create table b (id int primary key, a_id int not null references a);
create table c (id int primary key, b_id int not null references b);
alter table a add foreign key (b_id) references b;
