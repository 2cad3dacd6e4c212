set xmloption = document;
insert into scalars (id) values (0);
insert into scalars values (1, true, -32768, -2147483648, -9223372036854775808, 0, 'NaN', 'NaN', 'NaN', 'NaN',
    -92233720368547758.08, '', '', '', '', '', '', '-infinity', '-infinity', '-infinity', '00:00', '00:00+15:59:59',
    '-178000000 years', '00000000-0000-0000-0000-000000000000', '', '{}', '{}', '<a/>', '', -32767);
insert into scalars values (2, false, 32767, 2147483647, 9223372036854775807, 4294967295, 'Infinity', 'Infinity',
    1e131071, 1, 92233720368547758.07, E'\U0001F600 \u05D0\u05D1\u202E"''\\\n\r\t', 'x', 'ab   ', 'pg', E'\\377', 'Grüße',
    'infinity', 'infinity', 'infinity', '24:00', '24:00-15:59:59', '178000000 years',
    'ffffffff-ffff-ffff-ffff-ffffffffffff', '\x00ff10', '{"a":1, "a": 2, "x": "\u0000", "n": 1.0e400}',
    '{"a": 2, "n": 100000000000000000000.00}', '<a x="1">&amp;</a>', 'naïve "quoted"', 32767);
insert into scalars values (3, null, 0, 0, 0, 1, '-0', '-0', '-0.00', -0.0000000001, 0, repeat('x', 1000000), null, null,
    null, 'a', 'A', '4713-01-01 00:00:00 BC', '4713-01-01 00:00:00 BC', '4713-01-01 BC', '23:59:59.999999',
    '12:00:00.5-00:00:30', '1 mon -1 day +00:00:00.000001', gen_random_uuid(), decode(repeat('00', 1000), 'hex'),
    ('[' || repeat('[', 999) || repeat(']', 999) || ']')::json, (repeat('[', 900) || repeat(']', 900))::jsonb, null, 'sad', 0);
insert into scalars (id, numeric, float8, float4, timestamptz, timestamp, date) values
    (4, repeat('9', 131072)::numeric, 1.7976931348623157e308, 3.4028235e38, '294276-12-31 23:59:59.999999+00',
     '294276-12-31 23:59:59.999999', '5874897-12-31'),
    (5, ('0.' || repeat('0', 16382) || '1')::numeric, 5e-324, 1e-45, '0001-12-31 23:59:59.5 BC', '0044-03-15 BC', '0001-01-01'),
    (6, -1e131071, '-Infinity', '-Infinity', '2024-02-29 12:34:56.789012+05:30', '9999-12-31', '10000-01-01'),
    (7, 1.10, 0.1, 0.1, 'epoch', 'epoch', 'epoch'),
    (8, 1000000000000000000000000000000, 9007199254740993, 16777217, '1999-12-31 23:59:59.999999+00', null, null);
insert into collections (ints) values (null), ('{}'), ('{1,NULL,-2147483648}'), ('{{1,2},{3,NULL}}'), ('[0:1]={7,8}'),
    ('[-2:-1][5:6]={{1,2},{3,4}}'), ('{{{{{{1}}}}}}');
insert into collections (texts, words, numerics, floats, bools, moments, uuids, bytes, docs, jsons, moods, pairs, pair,
    nested, boxes, ranges, citexts, intervals, dates, oids) values (
    array['', 'NULL', null, '"', '\', '{,}', E'\n \U0001F600', ' a '], '{a,NULL}', '{NaN,1.10,-0.0}',
    '{NaN,Infinity,-Infinity,-0,5e-324,0.1}', '{t,f,NULL}', '{infinity,-infinity,"0044-03-15 00:00:00+00 BC"}',
    array[gen_random_uuid(), null], array['\x'::bytea, '\x00ff'], array['{"a": "\""}'::jsonb, 'null', null],
    array['{"x":"\u0000"}'::json, '[1, 1.0]'], array['sad', null, '', 'naïve "quoted"']::mood[],
    array[(1, 'x')::pair, null, (null, null)::pair, (2, '"),(')::pair], (null, '')::pair,
    (((1, 'in'))::pair, array[(1, E'\\"')::pair, null], array['ok', null]::mood[], 'infinity', '{"k": [null]}', '\x00')::nested,
    array[box '((0,0),(1,1))', box '((2,2),(3,3))'], array['[1,2)'::int4range, 'empty', null], array['A', 'a', null]::citext[],
    array['1 mon', '-1 day']::interval[], '{infinity,2024-01-01}', '{0,4294967295}');
insert into collections (pair, nested) values (null, (null, null, null, null, null, null)::nested),
    ((5, null)::pair, (null, '{}', '{}', null, 'null', '')::nested);
insert into text_forms default values;
insert into text_forms values (gen_random_uuid(), '::1/64', '10.0.0.0/8', '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', b'10101',
    b'', 'a:1A fat:2B,4C ''q''''x''', 'fat & (rat | !cat:A*)', '[1,5]', '(,)', '[1.10,2.2)', '[2020-01-01,infinity]',
    '(-infinity,"0044-01-01 BC")', 'empty', '[NaN,NaN]', '(NaN,-0)', '{1,2,3}', '[(0,0),(1,1)]', '((0,0),(1,1))',
    '[(0,0),(1,1)]', '((0,0),(1,1),(2,0))', '<(0,0),1e300>', '16/B374D848', '$."a"[*] ? (@ > 1)', 'a=>1, "b c"=>NULL', 'Top.A_1');
insert into key_text values (''), ('a'), ('A'), (E'\U0001F600'), (repeat('k', 2000));
insert into key_bytea values (''), ('\x00'), ('\x0000');
insert into key_date values ('-infinity'), ('infinity'), ('4713-01-01 BC'), ('2024-01-01');
insert into key_timestamptz values ('-infinity', 'a'), ('infinity', 'b'), ('0001-01-01 BC', 'c'), ('2024-01-01 00:00:00.000001', 'd');
insert into key_bool values (true), (false);
insert into key_mood values ('', 1), ('sad', 2), ('unknown', 3);
insert into key_many values (1, '', gen_random_uuid(), 'infinity', true, 1), (1, 'b', gen_random_uuid(), '2020-01-01', false, -1);
insert into key_inet values ('::1'), ('1.2.3.4'), ('1.2.3.0/24');
insert into key_ltree values (''), ('a.b');
insert into "数据" values (1, 2, 3, 'x');
insert into "Items" values (1, row()::"empty type"), (2, null);
insert into "type" values (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16);
insert into """); drop table x; --" values (1);
insert into defaults (nothing) values (1), (2);
insert into parents values (1, 1);
insert into children values (1, 1, 1), (2, 1, 1);
insert into ancestors values (1, 1);
insert into heirs values (1, 2, 3);
-- A numeric is endless from Postgres 14 on.
do $$ begin
    if current_setting('server_version_num')::int >= 140000 then
        insert into scalars (id, "numeric") values (9, 'Infinity'), (10, '-Infinity');
        insert into collections (numerics) values ('{Infinity,-Infinity}');
    end if;
end $$;
