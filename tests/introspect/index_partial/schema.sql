-- A partial index keeps its predicate.
create type state as enum ('open', 'closed');
create table tickets (id int primary key, s state not null, n int, deleted boolean not null);
create index tickets_open on tickets (n) where s = 'open';
create index tickets_some on tickets (n) where s in ('open', 'closed') and not deleted;
create index tickets_expression on tickets (n) where (n % 2) = 0 or n is null;
