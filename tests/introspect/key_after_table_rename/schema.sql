-- A renamed table keeps the names of its constraints.
create table before_rename (id int primary key, code text unique check (code <> ''));
alter table before_rename rename to after_rename;
