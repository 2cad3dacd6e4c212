-- Dropping a column drops the keys, indexes and checks over it.
create table parents (id int primary key, code text unique, kind int not null);
create table children (
    id int primary key,
    parent_id int references parents (id),
    parent_code text references parents (code),
    amount int check (amount > 0),
    constraint amount_and_id check (amount > id),
    unique (parent_code, amount)
);
create index children_amount on children (amount);
create index children_where on children (id) where amount > 5;
alter table children drop column amount;
alter table parents drop column code cascade;
