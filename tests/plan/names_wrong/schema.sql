create table todos (id int primary key, user_id int not null);
create table "Todos" (id int primary key, user_id int not null);
create table sqlite_a (id int primary key, user_id int not null);
create table _oosync_b (id int primary key, user_id int not null);
create table todos__synced (id int primary key, user_id int not null);
create table t (id int primary key, user_id int not null, a int, "A" int);
