-- A table partitioned by list may have a partition for null and a default one.
create table orders (id int, region text, primary key (id, region)) partition by list (region);
create table orders_eu partition of orders for values in ('pl', 'de', 'it''s');
create table orders_us partition of orders for values in ('us');
create table orders_rest partition of orders default;
create table tasks (id int, kind int) partition by list (kind);
create table tasks_one partition of tasks for values in (1, null);
