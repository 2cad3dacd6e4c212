-- A partition may have indexes, checks and unique constraints of its own.
create table events (id int, at date not null, code text) partition by range (at);
create table events_2020 partition of events for values from ('2020-01-01') to ('2021-01-01');
alter table events_2020 add primary key (id);
alter table events_2020 add constraint code_once unique (code);
alter table events_2020 add constraint code_not_empty check (code <> '');
create index events_2020_code on events_2020 (lower(code));
create unique index events_at_id on only events (at, id);
