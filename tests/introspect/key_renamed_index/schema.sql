-- Renaming the index of a key renames the key.
create table things (id int primary key, code text unique);
alter index things_pkey rename to things_identity;
alter index things_code_key rename to things_code_once;
