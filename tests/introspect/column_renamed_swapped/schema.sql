-- Two columns that swapped names keep their places and types.
create table swapped (a int not null, b text default 'b');
alter table swapped rename column a to c;
alter table swapped rename column b to a;
alter table swapped rename column c to b;
