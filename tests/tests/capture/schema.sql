-- Every way in which a row can belong to somebody: an owner, an owner that may be null, a chain of three, a bucket
-- of members, everyone; keys of several columns and of types whose text depends on settings.
create type mood as enum ('low', 'high');

create table users (id uuid primary key, name text not null);
create table teams (id integer primary key, owner_id uuid not null references users on delete cascade, name text not null);
create table team_members (
  team_id integer not null references teams on delete cascade,
  user_id uuid not null references users on delete cascade,
  primary key (team_id, user_id)
);

create table lists (
  id bigint primary key,
  owner_id uuid not null references users on delete cascade,
  team_id integer references teams on delete set null,
  title text not null
);
create table todos (
  id bigint primary key,
  list_id bigint not null references lists on delete cascade on update cascade,
  title text not null
);
create index on todos (list_id);
create table comments (
  todo_id bigint not null references todos on delete cascade on update cascade,
  at timestamptz not null,
  body text not null,
  primary key (todo_id, at)
);
create table reactions (
  id bigint primary key,
  todo_id bigint not null,
  at timestamptz not null,
  emoji text not null,
  foreign key (todo_id, at) references comments on delete cascade on update cascade
);
create index on reactions (todo_id, at);

-- Belongs to everyone while it has no owner.
create table notes (
  id bytea primary key,
  user_id uuid references users on delete set null,
  body text not null
);
-- A child that may be without a parent.
create table tags (
  id integer primary key,
  note_id bytea references notes on delete set null,
  name text not null
);
create index on tags (note_id);

-- Read by everyone.
create table countries (code text primary key, name text not null);

create table events (
  id bigint not null,
  user_id uuid not null,
  day date not null,
  what mood not null,
  primary key (id, day, what)
) partition by range (day);
create table events_old partition of events for values from (minvalue) to ('2024-01-01');
create table events_new partition of events for values from ('2024-01-01') to (maxvalue) partition by list (what);
create table events_low partition of events_new for values in ('low');
create table events_high partition of events_new for values in ('high');
