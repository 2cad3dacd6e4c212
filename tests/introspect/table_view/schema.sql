-- A view has columns, and neither keys nor not-null columns.
create table users (id int primary key, name text not null, active boolean not null default true);
create view active_users as select id, name from users where active with check option;
create view counted (total, "Odd Name") as select count(*), 'x'::varchar(5) from users;
create recursive view numbers (n) as values (1) union all select n + 1 from numbers where n < 5;
alter view active_users alter column name set default 'nobody';
comment on view active_users is 'Those who are active.';
comment on column active_users.name is 'Their name.';
