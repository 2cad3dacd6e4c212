-- A partition may live in a schema outside the snapshot, and a whole may live outside it.
create schema archive;
create table events (id int, at date, primary key (id, at)) partition by range (at);
create table archive.events_2019 partition of events for values from ('2019-01-01') to ('2020-01-01');
create table events_2020 partition of events for values from ('2020-01-01') to ('2021-01-01');
create table archive.logs (id int, at date) partition by range (at);
create table logs_2020 partition of archive.logs for values from ('2020-01-01') to ('2021-01-01');
