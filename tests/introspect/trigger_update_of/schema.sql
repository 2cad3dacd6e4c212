-- A trigger may be for updates of some columns.
create function act() returns trigger language plpgsql as $$ begin return new; end $$;
create table notes (id int primary key, gone int, title text, "Body" text, updated_at timestamptz);
create trigger of_some before update of "Body", title on notes for each row execute function act();
create trigger of_one after insert or update of title on notes for each row execute function act();
alter table notes drop column gone;
