-- An altered domain shows its last state.
create domain amount as int not null default 1 constraint small check (value < 10);
create table counts (id int primary key, n amount);
alter domain amount drop not null;
alter domain amount drop default;
alter domain amount rename constraint small to not_large;
alter domain amount add constraint unproven check (value > -10) not valid;
alter domain amount rename to quantity;
