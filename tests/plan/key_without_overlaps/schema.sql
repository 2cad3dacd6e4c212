-- postgres: 18
create extension btree_gist;
create table rooms (id int, valid daterange, user_id int not null, primary key (id, valid without overlaps));
