-- The identity of a partitioned table is shared by its partitions.
-- postgres: 17
create table events (
    id bigint generated always as identity,
    at date not null,
    primary key (id, at)
) partition by range (at);
create table events_2020 partition of events for values from ('2020-01-01') to ('2021-01-01');
