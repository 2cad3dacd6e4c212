-- Columns added to and dropped from a parent follow in its children, and a child may leave.
create table base (id int, gone int, kept int);
create table derived (own int) inherits (base);
create table left_home (own int) inherits (base);
create table adopted (kept int, id int, gone int, other text);
alter table adopted inherit base;
alter table left_home no inherit base;
alter table base add column later text not null default 'later';
alter table base drop column gone;
