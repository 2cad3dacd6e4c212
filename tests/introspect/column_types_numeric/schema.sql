-- A numeric keeps its precision and scale.
create table amounts (
    unbounded numeric,
    digits numeric(5),
    digits_zero numeric(5, 0),
    price numeric(12, 2),
    fraction numeric(20, 20),
    widest numeric(1000, 500),
    dec_alias decimal(9, 4)
);
