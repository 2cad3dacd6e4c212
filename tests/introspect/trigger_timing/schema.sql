-- A trigger is before or after, for a row or a statement, and for some events.
create function act() returns trigger language plpgsql as $$ begin return new; end $$;
create table notes (id int primary key, body text);
create trigger before_insert before insert on notes for each row execute function act();
create trigger before_any before insert or update or delete on notes for each row execute function act();
create trigger after_update after update on notes for each row execute function act();
create trigger after_statement after delete on notes for each statement execute function act();
create trigger before_truncate before truncate on notes execute function act();
create trigger with_arguments before update on notes for each row execute function act('a', 'it''s', '', 'back\slash');
