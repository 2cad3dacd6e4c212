-- Types of the same name in two schemas stay apart.
create schema shared;
create type shared.state as enum ('open', 'closed');
create type public.state as enum ('on', 'off');
create domain shared.code as text;
create domain public.code as varchar(5);
create table tickets (
    id int primary key,
    a shared.state default 'open',
    b public.state default 'on',
    c shared.code,
    d public.code,
    e shared.state[],
    f state[]
);
