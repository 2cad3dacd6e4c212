-- A column added to an existing table is like one that was always there.
create table grown (id int primary key);
insert into grown values (1), (2);
alter table grown add column label text not null default 'none';
alter table grown add column created_at timestamptz default now();
alter table grown add column doubled int generated always as (id * 2) stored;
alter table grown add column number bigint generated always as identity;
alter table grown alter column label drop default;
alter table grown add column checked int default 1 check (checked > 0);
