-- A trigger may call a function of another schema or of an extension.
create schema logic;
create extension moddatetime;
create function logic."Act Now"() returns trigger language plpgsql as $$ begin return new; end $$;
create table notes (id int primary key, updated_at timestamptz);
create trigger "Odd ""Name""" before insert on notes for each row execute function logic."Act Now"();
create trigger touch before update on notes for each row execute function moddatetime(updated_at);
create trigger unneeded before update on notes for each row execute function suppress_redundant_updates_trigger();
