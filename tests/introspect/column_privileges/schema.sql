-- Privileges on tables and columns do not decide what is seen.
do $$
begin
    if not exists (select from pg_roles where rolname = 'oosync_case_clerk') then
        create role oosync_case_clerk;
    end if;
end
$$;
create table salaries (id int primary key, person text, amount numeric);
revoke all on salaries from public;
grant select (id, person), update (person) on salaries to oosync_case_clerk;
