-- Renamed constraints appear under their new names, and those named by hand keep theirs.
create table parents (id int constraint parents_identity primary key, code text unique);
create table children (
    id int primary key,
    parent_id int references parents,
    amount int check (amount > 0)
);
alter table parents rename constraint parents_code_key to "Code is unique";
alter table children rename constraint children_pkey to pk_children;
alter table children rename constraint children_parent_id_fkey to fk_parent;
alter table children rename constraint children_amount_check to amount_is_positive;
