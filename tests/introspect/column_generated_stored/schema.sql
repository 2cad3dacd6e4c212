-- A stored generated column has an expression and no default.
create table people (
    first_name text not null,
    last_name text,
    birth_year int default 1970,
    full_name text generated always as (first_name || coalesce(' ' || last_name, '')) stored,
    is_adult boolean not null generated always as (birth_year <= 2000) stored,
    initials varchar(2) generated always as (left(first_name, 1) || left(last_name, 1)) stored,
    constant int generated always as (42) stored
);
