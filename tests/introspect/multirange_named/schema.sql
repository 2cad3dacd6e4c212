-- A range may name its multirange, also in another schema.
-- postgres: 14
create schema shapes;
create type span as range (subtype = float8, multirange_type_name = many_spans);
create type days as range (subtype = date, multirange_type_name = shapes."Many Days");
create table calendars (id int primary key, s span, m many_spans, d shapes."Many Days", ms many_spans[]);
