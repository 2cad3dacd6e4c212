-- Storage, statistics and other physical settings of a column change nothing about it.
create table tuned (
    id int primary key,
    body text,
    blob bytea
) with (fillfactor = 70, autovacuum_enabled = false);
alter table tuned alter column body set storage external;
alter table tuned alter column blob set storage main;
alter table tuned alter column id set statistics 500;
alter table tuned alter column id set (n_distinct = -0.5);
create statistics tuned_stats (dependencies) on id, body from tuned;
