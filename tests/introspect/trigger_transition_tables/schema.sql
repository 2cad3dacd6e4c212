-- A trigger of a statement may name the old and the new rows.
create function act() returns trigger language plpgsql as $$ begin return null; end $$;
create table notes (id int primary key);
create trigger inserted after insert on notes referencing new table as added
    for each statement execute function act();
create trigger updated after update on notes referencing old table as "Before" new table as after_rows
    for each statement execute function act();
create trigger deleted after delete on notes referencing old table as removed
    for each statement execute function act();
