-- A foreign key that was not validated says so until it is.
create table parents (id int primary key);
create table children (id int primary key, a int, b int);
alter table children add constraint unproven foreign key (a) references parents not valid;
alter table children add constraint proven foreign key (b) references parents not valid;
alter table children validate constraint proven;
