-- The access method and parameters of a table change nothing about it.
create access method heap_again type table handler heap_tableam_handler;
create table stored_again (id int primary key) using heap_again;
create table stored_with (id int primary key with (fillfactor = 60), body text) with (toast_tuple_target = 256);
