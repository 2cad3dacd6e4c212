create table deferred (id int primary key deferrable, user_id int not null);
create table generated (a int not null, user_id int not null, id int generated always as (a + 1) stored primary key);
create table number (id numeric primary key, user_id int not null);
create table scaled (id numeric(10, 0) primary key, user_id int not null);
create table real (id float8 primary key, user_id int not null);
create table made (id text primary key default md5(random()::text), user_id int not null);
create table hidden (id int primary key, user_id int not null);
create table own (id int primary key, user_id int not null);
create table grouped (id int primary key, user_id int not null);
