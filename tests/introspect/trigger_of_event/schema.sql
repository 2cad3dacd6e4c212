-- An event trigger belongs to no table.
create function watch() returns event_trigger language plpgsql as $$ begin end $$;
create table notes (id int primary key);
create event trigger watching on ddl_command_end execute function watch();
