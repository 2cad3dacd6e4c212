-- A composite keeps its attributes, their types and their order.
create type address as (
    street text,
    "House Number" int,
    zip varchar(10),
    price numeric(10, 2),
    sorted text collate "C",
    list int[]
);
create table people (id int primary key, home address, others address[]);
