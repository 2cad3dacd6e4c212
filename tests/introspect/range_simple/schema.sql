-- A user-defined range keeps its subtype.
create type floatrange as range (subtype = float8, subtype_diff = float8mi);
create type span as range (subtype = timestamptz);
create type "Price Range" as range (subtype = numeric);
create table offers (
    id int primary key,
    f floatrange,
    s span default '[2020-01-01 00:00:00+00,2021-01-01 00:00:00+00)',
    p "Price Range",
    fs floatrange[]
);
