-- Check constraints keep their names and expressions, also those that name several columns or none.
create table products (
    id int primary key,
    price numeric check (price > 0),
    discount numeric constraint discount_is_small check (discount between 0 and 0.5),
    name text check (name <> '') check (char_length(name) <= 100),
    starts date,
    ends date,
    constraint starts_before_end check (starts < ends),
    check (price > discount),
    check (true),
    constraint one_of check (name in ('a', 'b', 'c')),
    constraint shape check (name ~ '^[a-z''"\\]+$'),
    constraint row_wise check ((starts is null) = (ends is null)),
    constraint whole_row check (products is not null)
);
