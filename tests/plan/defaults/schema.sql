create sequence numbers;
create type mood as enum ('sad', 'so so');
create domain rank as int default 5;
create extension "uuid-ossp" schema public;
create table t (
  id uuid primary key default uuid_generate_v4(), user_id uuid not null,
  i1 int default 0, i2 int default -1, i3 bigint default 9223372036854775807, i4 smallint default 3, i5 int default 2 + 3, i6 rank,
  n1 numeric default 0, n2 numeric(12, 2) default 0, n3 numeric(12, 2) default 1.5, n4 numeric(3, 1) default 1.55, n5 numeric default 12345678901234567890.120,
  f1 float8 default 1.5, f2 real default 0.1, f3 float8 default 'NaN', f4 float8 default 1e10, f5 float8 default '-0',
  b1 boolean default true, b2 boolean not null default false,
  t1 text default 'it''s', t2 varchar(4) default 'ab', t3 char(4) default 'ab', t4 text default current_user, t5 text default null, t6 varchar(2) default 'a'::text, t7 text default 'a' || 'b',
  u1 uuid default '00000000-0000-0000-0000-00000000000A', u2 uuid default gen_random_uuid(), u3 uuid default uuid_generate_v1(),
  by bytea default '\xdead', j1 json default '{"a": 1}', j2 jsonb default '{"b":[1,2]}',
  m1 mood default 'so so', m2 mood[] default '{sad,"so so"}',
  a1 text[] default '{}', a2 text[] default '{a,"b c",NULL,"q\"x"}', a3 int[] default '{1,2}', a4 text[] default array['a', null], a5 int[] default '{{1},{2}}', a6 bool[] default '{t}', a7 int[] default array[]::int[],
  d1 date default '2024-02-29', d2 date default current_date, d3 date default 'infinity', d4 date default now()::date,
  s1 timestamptz default now(), s2 timestamptz default current_timestamp, s3 timestamptz default '2024-01-01 00:00:00.5+02', s4 timestamptz default current_timestamp(3), s5 timestamptz default now() + interval '1 day',
  z1 timestamp default timezone('utc', now()), z2 timestamp default now(), z3 timestamp default '2024-01-01', z4 timestamp(0) default '2024-01-01 00:00:00.4',
  c1 time default '23:59', c2 time default localtime, v interval default '1 day', mo money default 0,
  r int4range default '[1,3]', ip inet default '10.0.0.1', bi bit(3) default '101', xm xml default '<?xml version="1.0"?><a/>',
  q1 bigint default nextval('numbers'), q2 serial, q3 bigint generated always as identity, q4 text default nextval('numbers')::text,
  g int generated always as (1 + 1) stored
);
create table named_by_the_server (id text primary key default upper('x'), user_id uuid not null);
create sequence shared;
create table numbered_by_another (id bigint primary key default nextval('shared'), user_id uuid not null);
