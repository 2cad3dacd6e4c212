-- A foreign key to a partitioned table points to the whole and not to its partitions.
create table events (
    id int,
    at date,
    primary key (id, at)
) partition by range (at);
create table events_2020 partition of events for values from ('2020-01-01') to ('2021-01-01');
create table events_2021 partition of events for values from ('2021-01-01') to ('2022-01-01');
create table notes (
    id int primary key,
    event_id int,
    event_at date,
    foreign key (event_id, event_at) references events on update cascade
);
create table notes_of_2020 (
    id int primary key,
    event_id int,
    event_at date,
    foreign key (event_id, event_at) references events_2020
);
