create extension citext;
create type mood as enum ('sad', 'happy');
create type place as (lat numeric, name text);
create domain price as numeric(8, 2) not null default 1;
create domain tags as text[];
create table t (id uuid primary key, user_id uuid not null, mood mood, place place, places place[], price price, tags tags, email citext, r int4range, m money, f real, at timestamptz(3), b bit(3), n numeric, secret jsonb, draft_of text);
