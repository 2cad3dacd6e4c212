-- Rows as applications have them: 12 columns, random keys, an index on what they belong to.
create table documents (
  id uuid primary key,
  user_id uuid not null,
  title text not null,
  body text,
  amount numeric(12, 2),
  position integer not null,
  done boolean not null,
  starts_at timestamptz,
  due date,
  tags text[],
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index on documents (user_id);

-- Three steps up to the owner.
create table lists (id uuid primary key, user_id uuid not null, title text not null);
create index on lists (user_id);
create table todos (id uuid primary key, list_id uuid not null references lists on delete cascade, title text not null);
create index on todos (list_id);
create table comments (id uuid primary key, todo_id uuid not null references todos on delete cascade, body text not null);
create index on comments (todo_id);
-- The same columns, and another one that says whose they are.
create table reactions (like documents, primary key (id));
alter table reactions rename user_id to comment_id;
alter table reactions add foreign key (comment_id) references comments on delete cascade;
create index on reactions (comment_id);

create table team_members (team_id integer not null, user_id uuid not null, primary key (team_id, user_id));
create index on team_members (user_id);
create table projects (id uuid primary key, team_id integer not null, title text not null);
create index on projects (team_id);
