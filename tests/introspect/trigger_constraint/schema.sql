-- A constraint trigger keeps its deferral and the table it looks at.
create function act() returns trigger language plpgsql as $$ begin return new; end $$;
create table others (id int primary key);
create table notes (id int primary key);
create constraint trigger checked after insert on notes for each row execute function act();
create constraint trigger checked_later after insert or update on notes
    deferrable initially deferred for each row execute function act();
create constraint trigger checked_from after update on notes from others
    deferrable for each row execute function act();
