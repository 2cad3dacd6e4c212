-- A numeric keeps a negative scale, and one larger than its precision.
-- postgres: 15
create table measures (
    thousands numeric(3, -3),
    lowest numeric(2, -1000),
    tiny numeric(3, 5),
    highest numeric(1, 1000)
);
