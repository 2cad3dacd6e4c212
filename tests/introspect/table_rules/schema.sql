-- Rules on a table change nothing about it.
create table logs (id int primary key, body text);
create table log_copies (id int, body text);
create rule logs_copied as on insert to logs do also insert into log_copies values (new.id, new.body);
create rule logs_kept as on delete to logs do instead nothing;
create view log_view as select * from logs;
create rule log_view_insert as on insert to log_view do instead insert into logs values (new.id, new.body);
