-- A default may draw from a sequence of another schema that no column owns.
create schema counters;
create sequence counters.shared_numbers;
create sequence counters."Mixed.Numbers";
create table invoices (
    id bigint primary key default nextval('counters.shared_numbers'),
    number bigint default nextval('counters."Mixed.Numbers"')
);
create table receipts (
    id bigint primary key default nextval('counters.shared_numbers')
);
