-- A deferrable primary key keeps its deferral.
create table positions_initially_deferred (id int primary key deferrable initially deferred);
create table positions_initially_immediate (id int primary key deferrable);
create table positions_not_deferrable (id int primary key not deferrable);
