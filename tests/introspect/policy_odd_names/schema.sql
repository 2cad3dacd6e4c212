-- A policy may have any name, and tables may have policies of the same name.
create table a (id int primary key, "Owner" text);
create table b (id int primary key);
alter table a enable row level security;
alter table b enable row level security;
create policy same on a using (true);
create policy same on b using (false);
create policy "Same" on a using ("Owner" = 'it''s');
create policy "Users can see; drop table a; --" on a for select using (true);
create policy "zażółć 👩‍👩‍👧 */" on a for select using (true);
comment on policy same on a is 'about the policy';
alter policy same on b rename to renamed;
