-- The first of the usual names is the owner; null in it means everyone, unless a rule says otherwise.
create table a (id bigint primary key, owner_id uuid not null, user_id uuid not null);
create table b (id bigint primary key, private_for uuid);
create table c (id bigint primary key, private_for uuid);
comment on table c is 'Drafts. @oosync.ownerNull=nobody';
create table d (id bigint primary key, user_id uuid[] not null, owner_id text not null);
create table e (id bigint primary key, user_id uuid not null, secret text not null, salary text not null);
comment on column e.secret is '@oosync.ownerOnly';
create table f (id bigint primary key, user_id uuid, secret text not null);
comment on column f.secret is '@oosync.ownerOnly';
