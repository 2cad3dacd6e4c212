-- A trigger is enabled, disabled, for replicas or always.
create function act() returns trigger language plpgsql as $$ begin return new; end $$;
create table notes (id int primary key);
create trigger origin before insert on notes for each row execute function act();
create trigger disabled before insert on notes for each row execute function act();
create trigger replica before insert on notes for each row execute function act();
create trigger always before insert on notes for each row execute function act();
alter table notes disable trigger disabled;
alter table notes enable replica trigger replica;
alter table notes enable always trigger always;
