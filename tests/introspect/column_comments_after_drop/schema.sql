-- A comment stays with its column when columns before it go.
create table shifted (a int, b int, c int);
comment on column shifted.a is 'about a';
comment on column shifted.b is 'about b';
comment on column shifted.c is 'about c';
alter table shifted drop column a;
alter table shifted rename column c to d;
