-- A column may reach types in a schema outside the snapshot, and through them others.
create schema shared;
create type shared.state as enum ('open', 'closed');
create type shared.unreached as enum ('x');
create domain shared.email as text check (value ~ '@');
create domain shared.owner_email as shared.email not null;
create type shared.contact as (mail shared.owner_email, states shared.state[]);
create type shared.span as range (subtype = float8);
create table shared.unreached_table (id int primary key);
create table tickets (
    id int primary key,
    s shared.state not null default 'open',
    ss shared.state[],
    mail shared.email,
    c shared.contact,
    d shared.span
);
