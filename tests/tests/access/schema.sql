-- Every class of table, for the matrix: row 1 of each belongs to the owner, and is shared where it can be.
create table users (id uuid primary key, name text);
create table teams (id integer primary key, owner_id uuid not null, name text);
create table team_members (team_id integer not null references teams on delete cascade, user_id uuid not null references users, primary key (team_id, user_id));
-- In no synced table: only the function reads it.
create table club_members (club_id integer not null, user_id uuid not null, primary key (club_id, user_id));

create table diaries (id integer primary key, owner_id uuid not null, body text, secret text default 'secret');
create table notes (id integer primary key, owner_id uuid, body text);
create table drafts (id integer primary key, owner_id uuid, body text);
create table letters (id integer primary key, owner_id uuid not null, body text);

-- A chain of three, whose root is shared with a team that writes.
create table lists (id integer primary key, owner_id uuid not null, team_id integer references teams on delete cascade, body text);
create index on lists (owner_id);
create index on lists (team_id);
create table todos (id integer primary key, list_id integer references lists on delete cascade, body text);
create index on todos (list_id);
create table comments (id integer primary key, todo_id integer references todos on delete cascade, body text);
-- A chain without indexes, below what everyone may see.
create table pages (id integer primary key, note_id integer references notes on delete cascade, body text);

-- Shared, and written by the owner alone, or by nobody.
create table boards (id integer primary key, owner_id uuid not null, team_id integer references teams on delete cascade, body text);
create table cards (id integer primary key, board_id integer references boards on delete cascade, body text);
create table posts (id integer primary key, owner_id uuid not null, team_id integer references teams on delete cascade, body text);
-- Shared, and nobody's own.
create table rooms (id integer primary key, team_id integer references teams on delete cascade, body text);
-- Key of two columns.
create table place_members (tenant integer, place text, user_id uuid not null, primary key (tenant, place, user_id));
create table shelves (id integer primary key, tenant integer, place text, body text);
-- By a query, by a function.
create table bars (id integer primary key, club_id integer, body text);
create table jobs (id integer primary key, people uuid[] not null, body text);
create table parts (id integer primary key, job_id integer references jobs on delete cascade, body text);
create function job_users(tbl text, operation text, new_row jsonb, old_row jsonb) returns setof text
language sql stable as $$
  select jsonb_array_elements_text(coalesce(new_row, old_row) -> 'people')
$$;

create table countries (id integer primary key, body text);

insert into users values
  ('00000000-0000-4000-8000-000000000000', 'owner'), ('00000000-0000-4000-8000-000000000001', 'other'),
  ('00000000-0000-4000-8000-000000000002', 'member'), ('00000000-0000-4000-8000-000000000003', 'was a member');
insert into teams values (1, '00000000-0000-4000-8000-000000000000', 'a'), (2, '00000000-0000-4000-8000-000000000001', 'b');
insert into team_members values
  (1, '00000000-0000-4000-8000-000000000000'), (1, '00000000-0000-4000-8000-000000000002'),
  (1, '00000000-0000-4000-8000-000000000003'), (2, '00000000-0000-4000-8000-000000000001');
delete from team_members where user_id = '00000000-0000-4000-8000-000000000003';
insert into place_members values (1, 'a', '00000000-0000-4000-8000-000000000002'), (2, 'a', '00000000-0000-4000-8000-000000000001'),
  (1, 'b', '00000000-0000-4000-8000-000000000001');
insert into club_members values (1, '00000000-0000-4000-8000-000000000002'), (2, '00000000-0000-4000-8000-000000000001');
insert into diaries values (1, '00000000-0000-4000-8000-000000000000'), (2, '00000000-0000-4000-8000-000000000001');
insert into notes values (1, '00000000-0000-4000-8000-000000000000'), (2, '00000000-0000-4000-8000-000000000001'), (3, null);
insert into drafts values (1, '00000000-0000-4000-8000-000000000000'), (2, '00000000-0000-4000-8000-000000000001'), (3, null);
insert into letters values (1, '00000000-0000-4000-8000-000000000000');
insert into lists values (1, '00000000-0000-4000-8000-000000000000', 1), (2, '00000000-0000-4000-8000-000000000001', 2);
insert into todos values (1, 1), (2, 2), (3, null);
insert into comments values (1, 1), (2, 2), (3, 3);
insert into pages values (1, 1), (2, 2), (3, 3), (4, null);
insert into boards values (1, '00000000-0000-4000-8000-000000000000', 1), (2, '00000000-0000-4000-8000-000000000001', 2);
insert into cards values (1, 1), (2, 2);
insert into posts values (1, '00000000-0000-4000-8000-000000000000', 1);
insert into rooms values (1, 1), (2, 2), (3, null);
insert into shelves values (1, 1, 'a'), (2, 2, 'a'), (3, 1, 'b'), (4, null, 'a');
insert into bars values (1, 1), (2, 2);
insert into jobs values (1, array['00000000-0000-4000-8000-000000000000', '00000000-0000-4000-8000-000000000002']::uuid[]),
  (2, array['00000000-0000-4000-8000-000000000001']::uuid[]);
insert into parts values (1, 1), (2, 2);
insert into countries values (1), (2);
