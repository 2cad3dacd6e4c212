-- A policy is for everyone or for the roles that it names.
do $$
begin
    if not exists (select from pg_roles where rolname = 'oosync_case_reader') then
        create role oosync_case_reader;
    end if;
    if not exists (select from pg_roles where rolname = 'oosync_case_writer') then
        create role oosync_case_writer;
    end if;
    if not exists (select from pg_roles where rolname = 'oosync_case_Odd "Role"') then
        create role "oosync_case_Odd ""Role""";
    end if;
end
$$;
create table notes (id int primary key);
alter table notes enable row level security;
create policy everyone on notes using (true);
create policy everyone_said on notes to public using (true);
create policy one on notes to oosync_case_reader using (true);
create policy several on notes to oosync_case_writer, "oosync_case_Odd ""Role""", oosync_case_reader using (true);
create policy everyone_too on notes to oosync_case_reader, public using (true);
