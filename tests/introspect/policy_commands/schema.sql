-- A policy is for one command or for all, with an expression to see and one to write.
create table notes (id int primary key, owner text not null, locked boolean not null default false);
alter table notes enable row level security;
create policy for_all on notes for all using (owner = current_user);
create policy for_all_checked on notes using (owner = current_user) with check (not locked);
create policy for_select on notes for select using (true);
create policy for_insert on notes for insert with check (owner = current_user);
create policy for_update on notes for update using (not locked) with check (owner = current_user);
create policy for_update_using on notes for update using (not locked);
create policy for_update_check on notes for update with check (not locked);
create policy for_delete on notes for delete using (not locked and owner = current_user);
create policy without_anything on notes;
