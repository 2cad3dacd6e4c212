-- A foreign key from one partitioned table to another is listed once.
create table orders (
    tenant int,
    id int,
    primary key (tenant, id)
) partition by hash (tenant);
create table orders_0 partition of orders for values with (modulus 2, remainder 0);
create table orders_1 partition of orders for values with (modulus 2, remainder 1);
create table lines (
    tenant int,
    order_id int,
    line int,
    primary key (tenant, order_id, line),
    foreign key (tenant, order_id) references orders on delete cascade
) partition by hash (tenant);
create table lines_0 partition of lines for values with (modulus 2, remainder 0);
create table lines_1 partition of lines for values with (modulus 2, remainder 1);
