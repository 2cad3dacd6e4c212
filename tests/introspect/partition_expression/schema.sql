-- A table may be partitioned by expressions, collations and operator classes.
create table logs (id int, name text, at date) partition by range (lower(name), (id % 10), at);
create table logs_low partition of logs
    for values from (minvalue, minvalue, minvalue) to ('m', 5, '2020-01-01');
create table words (word text) partition by list (word collate "C");
create table words_a partition of words for values in ('a');
create table codes (code text) partition by range (code text_pattern_ops);
