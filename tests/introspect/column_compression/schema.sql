-- The compression method of a column changes nothing about it.
-- postgres: 14
create table packed (
    id int primary key,
    body text compression pglz
);
