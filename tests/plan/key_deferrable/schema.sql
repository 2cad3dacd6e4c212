create table deferred (id int primary key deferrable, user_id int not null);
create table pushed (id int primary key deferrable, user_id int not null);
