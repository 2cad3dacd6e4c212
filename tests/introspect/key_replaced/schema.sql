-- A primary key that was replaced leaves nothing of the first one.
create table moved (a int primary key, b int not null);
alter table moved drop constraint moved_pkey;
alter table moved add primary key (b);
