-- A column whose generation expression was dropped is an ordinary column.
create table prices (
    net numeric(10, 2) not null,
    gross numeric(10, 2) generated always as (net * 1.23) stored
);
alter table prices alter column gross drop expression;
