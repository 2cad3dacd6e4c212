create type pair as (a int, b regclass);
create table t (id int primary key, user_id int not null, a regclass, b regrole not null, c pair, d aclitem[] default '{}', e regtype, f timestamptz, g int[]);
create table u (id int primary key, user_id int not null, a regproc);
create table w (id regclass primary key, user_id int not null);
