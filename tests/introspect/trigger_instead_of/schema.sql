-- A trigger of a view is instead of the command.
create function act() returns trigger language plpgsql as $$ begin return new; end $$;
create table notes (id int primary key, body text);
create view note_bodies as select id, body from notes;
create trigger instead_of_any instead of insert or update or delete on note_bodies
    for each row execute function act();
