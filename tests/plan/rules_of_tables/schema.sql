create table "Odd Name" (id int primary key, who int not null, practiced text, status text);
comment on table "Odd Name" is 'Practice. @oosync.changeCategory=repertoire @oosync.ownerColumn=who @oosync.normalizeDatetime=practiced @oosync.protected=status. More.';
comment on column "Odd Name".practiced is 'When. @oosync.rustName=at';
