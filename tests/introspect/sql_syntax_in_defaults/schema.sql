-- Functions with a syntax of their own survive in defaults.
create table defaults (
    trimmed text default trim('  x  '),
    trimmed_both text default trim(both 'x' from 'xax'),
    trimmed_leading text default trim(leading 'x' from 'xax'),
    trimmed_trailing text default trim(trailing from 'xa '),
    trimmed_bytes bytea default trim(both '\x00'::bytea from '\x0041'::bytea),
    plain_btrim text default btrim('xax', 'x'),
    part text default substring('abcdef' from 2 for 3),
    part_from text default substring('abcdef' from 2),
    part_for text default substring('abcdef' for 2),
    part_call text default substring('abcdef', 2, 3),
    part_substr text default substr('abcdef', 2, 3),
    part_pattern text default substring('abcdef' from 'b.d'),
    place int default position('c' in 'abc'),
    place_call int default strpos('abc', 'c'),
    laid text default overlay('abcdef' placing 'XY' from 2 for 3),
    laid_open text default overlay('abcdef' placing 'XY' from 2),
    normal text default normalize('a', nfkc),
    normal_default text default normalize('a'),
    is_normal boolean default ('a' is nfc normalized),
    overlapping boolean default ((timestamp '2020-01-01 00:00:00', timestamp '2020-02-01 00:00:00')
        overlaps (timestamp '2020-01-15 00:00:00', timestamp '2020-03-01 00:00:00')),
    char_count int default char_length('abc'),
    collation_name text default collation for ('a' collate "C")
);
