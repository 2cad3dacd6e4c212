-- A column may be of the type citext.
create extension citext;
create table accounts (
    id int primary key,
    email citext not null unique default 'nobody@example.com',
    aliases citext[],
    check (email ~ '@')
);
