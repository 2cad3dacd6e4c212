-- A table made like another has its own names for what it copied.
create type mood as enum ('sad', 'happy');
create table original (
    id int generated always as identity primary key,
    code text unique check (code <> '') default 'x',
    m mood,
    doubled int generated always as (1 * 2) stored
);
comment on column original.code is 'A code.';
create index original_m on original (m);
create table copied (like original including all, extra int);
create table copied_bare (like original);
create table selected as select id, code, m from original;
