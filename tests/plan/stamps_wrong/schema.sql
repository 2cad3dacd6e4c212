create table a (id int primary key, user_id int not null, name text, gone timestamptz not null, hidden timestamptz);
comment on table a is '@oosync.createdColumn=name @oosync.deletedColumn=gone @oosync.updatedColumn=hidden @oosync.protected=hidden @oosync.conflict=lww';
comment on column a.hidden is '@oosync.exclude';
