-- A sequence owned by a column is owned whether or not the column draws from it.
create sequence order_numbers;
create sequence spare_numbers start 7;
create table orders (
    id bigint not null default nextval('order_numbers'),
    number bigint not null
);
alter sequence order_numbers owned by orders.id;
alter sequence spare_numbers owned by orders.number;
