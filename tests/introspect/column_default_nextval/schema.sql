-- A default from a sequence keeps the sequence that it draws from, however the sequence was named.
create sequence ticket_numbers start 1000;
create sequence "Odd ""Name""" as smallint;
create table tickets (
    a bigint default nextval('ticket_numbers'),
    b bigint default nextval('public.ticket_numbers'::regclass),
    c smallint default nextval('"Odd ""Name"""'),
    late_bound bigint default nextval('ticket_numbers'::text),
    last_one bigint default currval('ticket_numbers'),
    prefixed text default 'T-' || nextval('ticket_numbers')
);
