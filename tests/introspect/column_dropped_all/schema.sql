-- A table all of whose columns were dropped is a table without columns.
create table emptied (a int primary key, b text not null);
alter table emptied drop column a;
alter table emptied drop column b;
