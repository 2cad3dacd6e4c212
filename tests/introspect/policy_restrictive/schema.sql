-- A policy is permissive or restrictive.
create table notes (id int primary key, tenant int not null);
alter table notes enable row level security;
create policy by_default on notes using (true);
create policy permissive on notes as permissive for select using (tenant = 1);
create policy restrictive on notes as restrictive for select using (tenant <> 2);
