-- A check constraint keeps the functions, operators and types it uses.
create schema rules;
create type state as enum ('open', 'closed');
create function rules.is_even(n int) returns boolean language sql immutable as $$ select n % 2 = 0 $$;
create operator rules.=== (leftarg = int, rightarg = int, function = int4eq);
create table tickets (
    id int primary key check (rules.is_even(id)),
    s state check (s <> 'closed'::state),
    n int check (n operator(rules.===) 1),
    states state[] check (s = any (states))
);
