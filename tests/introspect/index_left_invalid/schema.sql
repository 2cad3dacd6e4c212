-- An index that is not valid is not relied upon.
create table broken (id int primary key, code text);
create unique index broken_code on broken (code);
update pg_index set indisvalid = false where indexrelid = 'broken_code'::regclass;
