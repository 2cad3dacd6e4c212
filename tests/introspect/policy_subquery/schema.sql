-- A policy may ask other tables and call functions.
create function current_tenant() returns int language sql stable
    as $$ select nullif(current_setting('oosync.tenant', true), '')::int $$;
create table members (team_id int, user_id int, primary key (team_id, user_id));
create table notes (id int primary key, team_id int not null, owner_id int not null);
alter table notes enable row level security;
create policy of_team on notes using (
    exists (select 1 from members m where m.team_id = notes.team_id and m.user_id = current_tenant())
);
create policy of_list on notes using (
    team_id in (select team_id from members where user_id = owner_id) or owner_id = (select current_tenant())
);
create policy of_count on notes with check ((select count(*) from notes n where n.owner_id = notes.owner_id) < 10);
