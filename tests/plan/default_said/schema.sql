create table t (id int primary key, user_id int not null, a text default current_user, b text default 'x', c text, d int generated always as (1) stored, e serial, f text default 'x');
comment on column t.f is '@oosync.default=server-only';
