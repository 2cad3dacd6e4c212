-- Comments of types are kept.
create type state as enum ('open', 'closed');
create domain email as text;
create type pair as (a int, b int);
create type span as range (subtype = date);
comment on type state is E'The state of a ticket.\n@oosync.name = "TicketState"';
comment on domain email is 'An e-mail address.';
comment on type pair is 'Two numbers.';
comment on column pair.a is 'The first number.';
comment on type span is 'Some days.';
create table tickets (id int primary key, s state, e email, p pair, d span);
