-- A table keeps its replica identity.
create table identity_default (id int primary key);
create table identity_full (id int primary key);
create table identity_nothing (id int primary key);
create table identity_index (id int primary key, code text not null);
create unique index identity_index_code on identity_index (code);
alter table identity_full replica identity full;
alter table identity_nothing replica identity nothing;
alter table identity_index replica identity using index identity_index_code;
