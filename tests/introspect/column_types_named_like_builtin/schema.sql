-- A type of the schema named like a built-in type stays apart from it.
create type public.text as enum ('a', 'b');
create domain public.int4 as bigint;
create type public.date as (y smallint, m smallint);
create table lookalikes (
    builtin_text pg_catalog.text,
    own_text public.text,
    own_texts public.text[],
    builtin_int pg_catalog.int4,
    own_int public.int4,
    builtin_date pg_catalog.date,
    own_date public.date
);
