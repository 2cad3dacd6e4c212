-- A trigger may have a condition.
create function act() returns trigger language plpgsql as $$ begin return new; end $$;
create table notes (id int primary key, body text);
create trigger when_changed before update on notes for each row
    when (old.* is distinct from new.*) execute function act();
create trigger when_body after update on notes for each row
    when (old.body is distinct from new.body and new.body <> '') execute function act();
create trigger when_insert before insert on notes for each row when (new.id > 0) execute function act();
