-- A key made from an existing index takes that index.
create table adopted (id int not null, code text not null, other text not null);
create unique index adopted_id_index on adopted (id);
create unique index adopted_code_index on adopted (code);
alter table adopted add constraint adopted_identity primary key using index adopted_id_index;
alter table adopted add unique using index adopted_code_index;
