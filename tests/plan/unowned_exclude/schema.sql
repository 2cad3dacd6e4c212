create table colors (id int primary key, name text);
create table sizes (id int primary key, name text);
comment on table sizes is '@oosync.unowned=everyone';
