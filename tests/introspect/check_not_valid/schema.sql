-- A check constraint that was not validated says so until it is.
create table old_rows (id int primary key, n int);
insert into old_rows values (1, -1);
alter table old_rows add constraint unproven check (n > 0) not valid;
alter table old_rows add constraint proven check (id > 0) not valid;
alter table old_rows validate constraint proven;
