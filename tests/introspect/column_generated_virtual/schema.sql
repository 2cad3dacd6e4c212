-- A virtual generated column differs from a stored one.
-- postgres: 18
create table boxes (
    width int not null,
    height int not null,
    area int generated always as (width * height) virtual,
    perimeter int generated always as (2 * (width + height)),
    area_stored int generated always as (width * height) stored
);
