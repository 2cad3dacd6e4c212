-- A column may be of a multirange type, built-in or generated for a range.
-- postgres: 14
create type span as range (subtype = float8);
create type timerange as range (subtype = time);
create table calendars (
    id int primary key,
    a int4multirange,
    b int8multirange,
    c nummultirange,
    d tsmultirange,
    e tstzmultirange,
    f datemultirange default '{}',
    g span_multirange,
    h timemultirange,
    i int4multirange[]
);
