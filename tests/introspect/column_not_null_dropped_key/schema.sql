-- Columns of a dropped primary key are what the last statement made them.
create table items (a int, b int not null, primary key (a, b));
alter table items drop constraint items_pkey;
alter table items alter column a drop not null;
