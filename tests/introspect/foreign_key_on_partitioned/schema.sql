-- A foreign key of a partitioned table is listed once, not again for each partition.
create table users (id int primary key);
create table events (
    id int,
    at date not null,
    user_id int references users on delete cascade,
    primary key (id, at)
) partition by range (at);
create table events_2020 partition of events for values from ('2020-01-01') to ('2021-01-01');
create table events_2021 partition of events for values from ('2021-01-01') to ('2022-01-01');
create table events_rest partition of events default;
alter table events_rest add constraint only_here foreign key (id) references users;
