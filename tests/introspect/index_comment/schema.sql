-- Comments of indexes and constraints are not comments of the table.
create table commented (id int primary key, code text unique check (code <> ''), n int);
create index commented_n on commented (n);
comment on index commented_n is 'about the index';
comment on index commented_pkey is 'about the index of the key';
comment on constraint commented_code_key on commented is 'about the unique constraint';
comment on constraint commented_code_check on commented is E'about the check\n@oosync.message = "No code"';
