-- A policy of a partitioned table is not repeated for its partitions, which may have their own.
create table events (id int, tenant int not null) partition by list (tenant);
create table events_1 partition of events for values in (1);
create table events_2 partition of events for values in (2);
alter table events enable row level security;
create policy of_whole on events using (tenant > 0);
alter table events_2 enable row level security;
alter table events_2 force row level security;
create policy of_partition on events_2 for select using (tenant = 2);
