-- A trigger of a partitioned table is not repeated for its partitions.
create function act() returns trigger language plpgsql as $$ begin return new; end $$;
create table events (id int, at date not null) partition by range (at);
create table events_2020 partition of events for values from ('2020-01-01') to ('2021-01-01');
create trigger of_whole after insert on events for each row execute function act();
create table events_2021 partition of events for values from ('2021-01-01') to ('2022-01-01')
    partition by range (at);
create table events_2021_all partition of events_2021 default;
create trigger of_partition before insert on events_2020 for each row execute function act();
create trigger of_statement after insert on events for each statement execute function act();
