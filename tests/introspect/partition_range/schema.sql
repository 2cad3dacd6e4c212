-- A table partitioned by range is one table, and its partitions are told apart.
create table events (
    id bigint not null,
    at timestamptz not null,
    body text default 'none',
    constraint body_not_empty check (body <> '')
) partition by range (at);
create index events_at on events (at);
create table events_2020 partition of events
    for values from ('2020-01-01 00:00:00+00') to ('2021-01-01 00:00:00+00');
create table events_2021 partition of events (body default 'of 2021')
    for values from ('2021-01-01 00:00:00+00') to ('2022-01-01 00:00:00+00');
create table events_later partition of events
    for values from ('2022-01-01 00:00:00+00') to (maxvalue);
