-- A renamed column appears under its new name in everything that mentions it.
create table old_parents (old_id int primary key);
create table old_children (
    old_id int primary key,
    old_parent int references old_parents,
    old_amount int check (old_amount > 0),
    old_double int generated always as (old_amount * 2) stored
);
create index on old_children (old_amount) where old_amount > 10;
alter table old_parents rename column old_id to new_id;
alter table old_children rename column old_parent to new_parent;
alter table old_children rename column old_amount to "new amount";
alter table old_children rename column old_double to new_double;
alter table old_parents rename to new_parents;
alter table old_children rename to new_children;
