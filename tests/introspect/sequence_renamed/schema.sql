-- A serial column follows its sequence through a rename and into another schema.
create schema counters;
create table orders (id serial primary key, line bigserial);
alter sequence orders_id_seq rename to renamed_numbers;
alter table orders rename to purchases;
create sequence counters.adopted owned by none;
alter table purchases alter column line set default nextval('counters.adopted');
