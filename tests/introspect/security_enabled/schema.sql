-- Row security may be off, enabled, or enabled and forced on the owner.
create table open_table (id int primary key);
create table guarded (id int primary key);
create table guarded_forced (id int primary key);
create table forced_only (id int primary key);
create table disabled_again (id int primary key);
alter table guarded enable row level security;
alter table guarded_forced enable row level security;
alter table guarded_forced force row level security;
alter table forced_only force row level security;
alter table disabled_again enable row level security;
alter table disabled_again disable row level security;
create policy unused on disabled_again using (true);
