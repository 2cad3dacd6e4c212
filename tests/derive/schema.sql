-- What `#[derive(Syncable)]` is tested against: every kind of column, and tables that no struct can be a row of.

create type mood as enum ('happy', 'sad');
create type address as (street text, zip integer);
create domain percent as smallint check (value between 0 and 100);

create table notes (
    id uuid primary key,
    user_id uuid not null,
    title text not null,
    body text,
    stars integer not null default 0,
    due_on date,
    created_at timestamptz not null default now(),
    tags text[] not null default '{}',
    options jsonb,
    mood mood not null default 'happy',
    -- Nobody on a device should know it.
    spam_score real
);

create table shapes (
    id uuid primary key,
    user_id uuid not null,
    a_boolean boolean not null,
    a_smallint smallint not null,
    an_integer integer not null,
    a_bigint bigint not null,
    an_oid oid not null,
    a_real real not null,
    a_double double precision not null,
    a_numeric numeric(12, 2) not null,
    a_money money not null,
    a_text text not null,
    a_varchar varchar(20) not null,
    a_char char(3) not null,
    a_bytea bytea not null,
    a_timestamptz timestamptz not null,
    a_timestamp timestamp not null,
    a_date date not null,
    a_time time not null,
    a_timetz timetz not null,
    an_interval interval not null,
    a_json json not null,
    a_jsonb jsonb not null,
    a_mood mood not null,
    an_address address not null,
    a_percent percent not null,
    an_inet inet not null,
    a_range int4range not null,
    texts text[] not null,
    moods mood[] not null
);

-- A key of two columns.
create table stock (
    place text,
    item integer,
    user_id uuid not null,
    amount bigint not null,
    primary key (place, item)
);

-- Columns in the styles of other languages.
create table "Styles" (
    "rowId" bigint primary key,
    "user_id" uuid not null,
    "firstName" text not null,
    "LastName" text not null,
    "MIDDLE_NAME" text not null,
    "nick-name" text not null,
    surname text not null,
    "TITLE" text not null,
    "type" text not null
);

-- The server fills two columns.
create table invoices (
    id uuid primary key,
    user_id uuid not null,
    number bigint not null default (random() * 1000)::bigint,
    net numeric(12, 2) not null,
    gross numeric(12, 2) not null generated always as (net * 1.19) stored
);

-- None of these is synced: each for a reason of its own.
create table orphans (id uuid primary key, name text not null);
create table secrets (id uuid primary key, user_id uuid not null);
create table log_lines (line text not null);
create view note_titles as select id, title from notes;

-- One name in two schemas.
create schema archive;
create table archive.reports (id uuid primary key, user_id uuid not null);
create table reports (id uuid primary key, user_id uuid not null);
