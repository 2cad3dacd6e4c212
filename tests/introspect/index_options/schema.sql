-- An index keeps the direction, place of nulls, collation and operator class of its columns.
create table sorted (a int, b int, c int, t text, v varchar(20), d text collate "C");
create index sorted_asc on sorted (a, b asc, c asc nulls last);
create index sorted_desc on sorted (a desc, b desc nulls first, c desc nulls last);
create index sorted_nulls_first on sorted (a nulls first);
create index sorted_collated on sorted (t collate "C", d collate "POSIX" desc);
create index sorted_opclass on sorted (t text_pattern_ops, v varchar_pattern_ops desc nulls last);
create index sorted_both on sorted (t collate "C" text_pattern_ops);
create index sorted_expression on sorted ((t || v) collate "POSIX" text_pattern_ops desc nulls last, abs(a));
create unique index sorted_unique on sorted (a desc nulls last, t collate "C" text_pattern_ops);
create index sorted_filled on sorted (a) with (fillfactor = 50);
