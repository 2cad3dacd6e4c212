//! The types, and for each the values that are chosen and those that are drawn.

use std::borrow::Cow;

use oosync_runtime::schema::{Attribute, ColumnType};
use oosync_runtime::types::{
    Array, Date, Interval, Json, Money, Numeric, PgText, Time, TimeTz, Timestamp, Timestamptz, Uuid, tags,
};
use oosync_runtime::{Value, ValueError, sql};

use super::rust_types::{Inner, Mood, Nothing, Outer, Single, through};

pub(crate) const SCHEMA: &str = r#"
    create extension citext;
    create extension hstore;
    create extension ltree;
    create extension cube;
    create extension isn;
    create type mood as enum ('happy', 'so so', 'sad, "very"', 'null');
    create domain short_text as text check (length(value) < 1000000);
    create domain numbers as int[];
    create type nothing as ();
    create type single as (a text);
    create type inner_type as (
        a int, "b ""c\" text, n numeric, t timestamptz, f float8, bytes bytea, j json, m mood, ok bool, tags text[]
    );
    create type outer_type as ("inner" inner_type, list inner_type[], ranges int4range[]);
    create type float_range as range (subtype = float8);
"#;

type Through = fn(&Value<'_>) -> Result<Value<'static>, ValueError>;

/// A type and its values.
pub(crate) struct Case {
    /// In SQL.
    pub(crate) sql: &'static str,
    pub(crate) ty: ColumnType,
    /// What the input function reads.
    pub(crate) values: Vec<Cow<'static, str>>,
    /// An expression of `g`, a number that differs in each row.
    pub(crate) random: &'static str,
    /// Whether Postgres compares it.
    pub(crate) has_equality: bool,
    /// Through Rust types that hold it.
    pub(crate) through: Vec<Through>,
}

impl Case {
    fn without_equality(mut self) -> Self {
        self.has_equality = false;
        self
    }

    fn with(mut self, value: impl Into<Cow<'static, str>>) -> Self {
        self.values.push(value.into());
        self
    }

    fn also(mut self, through: Through) -> Self {
        self.through.push(through);
        self
    }
}

fn case(
    sql: &'static str,
    ty: ColumnType,
    through: Through,
    random: &'static str,
    values: &[&'static str],
) -> Case {
    let values = values.iter().map(|&value| value.into()).collect();
    Case { sql, ty, values, random, has_equality: true, through: vec![through] }
}

fn text_form<Tag: oosync_runtime::types::PgTextTag>(
    sql: &'static str,
    random: &'static str,
    values: &[&'static str],
) -> Case {
    let through = through::<sql::PgText<Tag>, PgText<Tag>>;
    case(sql, ColumnType::PgText(Tag::NAME), through, random, values).also(through_string::<Tag>)
}

fn through_string<Tag: oosync_runtime::types::PgTextTag>(
    value: &Value<'_>,
) -> Result<Value<'static>, ValueError> {
    through::<sql::PgText<Tag>, String>(value)
}

const INNER: ColumnType = ColumnType::Composite(&[
    Attribute::new("a", ColumnType::Int4),
    Attribute::new("b \"c\\", ColumnType::Text),
    Attribute::new("n", ColumnType::Numeric),
    Attribute::new("t", ColumnType::Timestamptz),
    Attribute::new("f", ColumnType::Float8),
    Attribute::new("bytes", ColumnType::Bytea),
    Attribute::new("j", ColumnType::Json),
    Attribute::new("m", ColumnType::Enum),
    Attribute::new("ok", ColumnType::Bool),
    Attribute::new("tags", ColumnType::Array(&ColumnType::Text)),
]);

const OUTER: ColumnType = ColumnType::Composite(&[
    Attribute::new("inner", INNER),
    Attribute::new("list", ColumnType::Array(&INNER)),
    Attribute::new("ranges", ColumnType::Array(&ColumnType::PgText("int4range"))),
]);

const SINGLE: ColumnType = ColumnType::Composite(&[Attribute::new("a", ColumnType::Text)]);

/// Text that something might stumble over.
const TEXTS: &[&str] = &[
    "",
    " ",
    "null",
    "NULL",
    "a",
    "it's",
    "\"",
    "\\",
    "\\\\\"",
    "a,b",
    "{}",
    "{a}",
    "(",
    ")",
    "(a,b)",
    ";",
    "\n\r\t\u{b}\u{c}",
    "\u{1}\u{1f}\u{7f}",
    "\u{feff}",
    "🦀👩‍👩‍👧‍👦",
    "שלום עולם",
    "\u{202e}abc",
    "e\u{301}",
    "\u{10ffff}",
    "\\x00",
    "[1,2]",
    "[0:1]={1,2}",
    "true",
    "\u{2028}",
    "NaN",
    "'; drop table everything; --",
    "<a>&amp;</a>",
    "%s$1",
    " lead",
    "trail ",
];

const RANDOM_TEXT: &str = "(select string_agg(chr(case when random() < 0.7 then 32 + (random() * 94)::int when random() < 0.5 then 1 + (random() * 30)::int else 160 + (random() * 50000)::int end), '') from generate_series(1, (random() * 20)::int) where g > 0)";

pub(crate) fn cases() -> Vec<Case> {
    let mut cases = scalars();
    cases.extend(text_forms());
    cases.extend(arrays());
    cases.extend(composites());
    cases
}

fn scalars() -> Vec<Case> {
    let largest = "9".repeat(131_072);
    let longest = format!("-{largest}.{}", "9".repeat(16_383));
    let deep = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
    let texts = |case: Case| TEXTS.iter().fold(case, |case, text| case.with(*text));
    vec![
        case("bool", ColumnType::Bool, through::<sql::Bool, bool>, "random() < 0.5", &["t", "f"]),
        case("int2", ColumnType::Int2, through::<sql::Int2, i16>, "random() * 65535 - 32768", &["0", "-32768", "32767"])
            .also(through::<sql::Int2, i64>),
        case(
            "int4", ColumnType::Int4, through::<sql::Int4, i32>, "random() * 4294967295 - 2147483648",
            &["0", "-1", "-2147483648", "2147483647"],
        ),
        case(
            "int8", ColumnType::Int8, through::<sql::Int8, i64>, "(random() * 2 - 1) * 9.2e18",
            &["0", "-9223372036854775808", "9223372036854775807", "9007199254740993"],
        ),
        case("oid", ColumnType::Oid, through::<sql::Oid, u32>, "(random() * 4294967295)::int8", &["0", "4294967295"])
            .also(through::<sql::Oid, i64>),
        case(
            "float4", ColumnType::Float4, through::<sql::Float4, f32>, "(random() - 0.5) * 10 ^ (random() * 76 - 38)",
            &["0", "-0", "NaN", "Infinity", "-Infinity", "0.1", "1e-45", "3.4028235e38", "1.1754944e-38", "16777217"],
        )
        .also(through::<sql::Float4, f64>),
        case(
            "float8", ColumnType::Float8, through::<sql::Float8, f64>, "(random() - 0.5) * 10 ^ (random() * 600 - 300)",
            &[
                "0", "-0", "NaN", "Infinity", "-Infinity", "0.1", "5e-324", "1.7976931348623157e308",
                "2.2250738585072014e-308", "9007199254740993", "1e15", "1e16", "123456789012345680", "0.0001", "0.00001",
            ],
        ),
        case(
            "numeric", ColumnType::Numeric, through::<sql::Numeric, Numeric>,
            "round((random() - 0.5)::numeric * 10::numeric ^ (random() * 40)::int * random()::numeric(20, 18), (random() * 30)::int)",
            &[
                "0", "-0", "0.00", "1.10", "1.1", "NaN", "Infinity", "-Infinity", "1e131071", "1e-16383", "10000", "9999.9999",
                "0.0001", "0.00010000", "100000000", "-12345.6789", "0.00001", "1e20", "99990000", "1.00000000000000000000",
            ],
        )
        .with(largest)
        .with(longest),
        case("numeric(12,2)", ColumnType::Numeric, through::<sql::Numeric, Numeric>, "random() * 1e9", &["0", "NaN"]),
        case(
            "timestamptz", ColumnType::Timestamptz, through::<sql::Timestamptz, Timestamptz>,
            "timestamptz 'epoch' + (random() - 0.4) * interval '9000 years'",
            &["infinity", "-infinity", "4714-11-24 00:00:00+00 BC", "294276-12-31 23:59:59.999999+00", "epoch", "0001-01-01 BC"],
        ),
        case(
            "timestamp", ColumnType::Timestamp, through::<sql::Timestamp, Timestamp>,
            "timestamp 'epoch' + (random() - 0.4) * interval '9000 years'",
            &["infinity", "-infinity", "4714-11-24 00:00:00 BC", "294276-12-31 23:59:59.999999", "2000-02-29 12:00:00.1"],
        ),
        case(
            "date", ColumnType::Date, through::<sql::Date, Date>, "date '2000-01-01' + ((random() - 0.3) * 3e6)::int",
            &["infinity", "-infinity", "4714-11-24 BC", "5874897-12-31", "0001-12-31 BC"],
        ),
        case(
            "time", ColumnType::Time, through::<sql::Time, Time>, "time '00:00' + random() * interval '1 day'",
            &["00:00", "24:00", "23:59:59.999999", "12:00:00.1"],
        ),
        case(
            "timetz", ColumnType::TimeTz, through::<sql::TimeTz, TimeTz>,
            "(time '00:00' + random() * interval '1 day')::text || case when random() < 0.5 then '+' else '-' end || (random() * 15)::int || ':' || (random() * 59)::int || ':' || (random() * 59)::int",
            &["00:00+00", "24:00-15:59:59", "23:59:59.999999+15:59:59", "12:00+05:30"],
        ),
        case(
            "interval", ColumnType::Interval, through::<sql::Interval, Interval>,
            "make_interval(months => ((random() - 0.5) * 4e9)::int, days => ((random() - 0.5) * 4e9)::int) + (random() - 0.5) * interval '1000000 hours'",
            &[
                "0", "1 month", "30 days", "-1 year 2 days -3.5 seconds", "178000000 years", "1 month -1 day 00:00:00.000001",
                "2147483647 days", "-2147483648 days",
            ],
        ),
        case(
            "uuid", ColumnType::Uuid, through::<sql::Uuid, Uuid>, "gen_random_uuid()",
            &["00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"],
        ),
        case("uuid", ColumnType::UuidText, through::<sql::UuidText, Uuid>, "gen_random_uuid()", &[]),
        case(
            "bytea", ColumnType::Bytea, through::<sql::Bytea, Vec<u8>>,
            "substr(decode(md5(random()::text || g), 'hex'), 1, (random() * 16)::int)", &["", "\\x00", "\\xff00ff", "\\x22275c"],
        )
        .with(format!("\\x{}", "00ff".repeat(200_000))),
        case(
            "json", ColumnType::Json, through::<sql::Json, Json>, "json_build_object('a', random(), 'b', array[g, null])",
            &[
                "null", "{}", " [ ] ", "\"\"", "\"\\u0000\"", "\"\\ud83e\\udd80\"", "{\"a\":1,\"a\":2}", "1.00", "1e400", "-0",
                "0.1000000000000000000000000000000000001", "\t{ \"b\" :\n1 , \"a\":[ true,false ,null]}\n", "\"it's \\\"\\\\\"",
                "\"\\ud800\"",
            ],
        )
        .with(deep.clone())
        .with(format!("{{\"a\":\"{}\"}}", "x".repeat(1_000_000)))
        .without_equality(),
        case(
            "jsonb", ColumnType::Jsonb, through::<sql::Jsonb, Json>, "jsonb_build_object('b', random(), 'a', array[g, null])",
            &["null", "{}", "[]", "\"\"", "{\"a\":1,\"a\":2}", "1.00", "1e400", "-0", "\"\\u0001 \\\\ \\\" 🦀\"", "{\"\":{\"\":[]}}"],
        )
        .with(deep),
        texts(case("text", ColumnType::Text, through::<sql::Text, String>, RANDOM_TEXT, &[])).with("ß🦀x".repeat(150_000)),
        case("varchar(30)", ColumnType::Text, through::<sql::Text, String>, RANDOM_TEXT, &["", "  ", "a  "]),
        case("char(5)", ColumnType::Text, through::<sql::Text, String>, "(random() * 999)::int::text", &["", "  ", "a  ", "🦀"]),
        case("name", ColumnType::Text, through::<sql::Text, String>, "", &["", "a b", "\"quoted\""]),
        texts(case("short_text", ColumnType::Text, through::<sql::Text, String>, "", &[])),
        case(
            "money", ColumnType::Money, through::<sql::Money, Money>, "((random() - 0.5) * 1e12)::numeric",
            &["0", "-0.05", "-92233720368547758.08", "92233720368547758.07", "1234.56", "1000"],
        ),
        case("mood", ColumnType::Enum, through::<sql::Enum, Mood>, "", &["happy", "so so", "sad, \"very\"", "null"])
            .also(through::<sql::Enum, String>),
    ]
}

fn text_forms() -> Vec<Case> {
    use tags::*;

    vec![
        text_form::<Inet>(
            "inet",
            "('10.' || (random() * 255)::int || '.1.' || g % 256 || '/' || (random() * 32)::int)",
            &["10.1.2.3", "10.1.2.3/8", "::1", "2001:db8::1/64", "::ffff:1.2.3.4", "0.0.0.0/0", "::/0"],
        ),
        text_form::<Cidr>("cidr", "", &["10.0.0.0/8", "10.1.2.3", "2001:db8::/32", "::/0"]),
        text_form::<Macaddr>("macaddr", "", &["08:00:2b:01:02:03", "00:00:00:00:00:00"]),
        text_form::<Macaddr8>("macaddr8", "", &["08:00:2b:01:02:03:04:05"]),
        text_form::<Bit>("bit(5)", "(g % 32)::bit(5)", &["00000", "10101"]),
        text_form::<Varbit>("varbit", "g::bit(16)::varbit", &["", "1", "000000000"]),
        text_form::<Tsvector>(
            "tsvector",
            "to_tsvector('simple', md5(random()::text))",
            &["", "'a b':1A,2 c", "'it''s' '\\\\'"],
        ),
        text_form::<Tsquery>("tsquery", "", &["", "a & (b | !'c d':*)", "'it''s' <-> b"]),
        text_form::<Xml>("xml", "", &["", "<a b=\"1\">&amp;🦀</a>", "text", "<?xml version=\"1.0\"?><a/>"])
            .without_equality(),
        text_form::<Jsonpath>(
            "jsonpath",
            "",
            &["$", "$.\"a b\"[*] ? (@ > 1 && @.b like_regex \"^x\")", "strict $"],
        )
        .without_equality(),
        text_form::<Int4range>(
            "int4range",
            "int4range((random() * 1000)::int - 500, (random() * 1000)::int + 500)",
            &["empty", "(,)", "[1,1]", "[-2147483648,2147483647)", "(,5]"],
        ),
        text_form::<Int8range>("int8range", "", &["empty", "[-9223372036854775808,9223372036854775807)"]),
        text_form::<Numrange>("numrange", "", &["empty", "[1.10,2.200)", "(,NaN]", "[-Infinity,Infinity]"]),
        text_form::<Tsrange>(
            "tsrange",
            "",
            &["empty", "[2024-01-01 00:00:00.1,infinity)", "(,0044-03-15 BC]"],
        ),
        text_form::<Tstzrange>(
            "tstzrange",
            "tstzrange(now() - random() * interval '1 year', now())",
            &["empty", "[-infinity,2024-01-01 00:00:00+05]", "(,)"],
        ),
        text_form::<Daterange>(
            "daterange",
            "",
            &["empty", "[2024-01-01,2024-12-31]", "[-infinity,infinity]"],
        ),
        text_form::<Int4multirange>("int4multirange", "", &["{}", "{[1,2),[5,7)}", "{(,)}"]),
        text_form::<Int8multirange>("int8multirange", "", &["{}", "{[1,2),[5,7)}"]),
        text_form::<Nummultirange>("nummultirange", "", &["{}", "{[1.10,2),[5,7.0]}"]),
        text_form::<Tsmultirange>("tsmultirange", "", &["{}", "{[2024-01-01 00:00:00.1,infinity)}"]),
        text_form::<Tstzmultirange>("tstzmultirange", "", &["{}", "{[2024-01-01 00:00:00.1+02,infinity)}"]),
        text_form::<Datemultirange>("datemultirange", "", &["{}", "{[2024-01-01,2024-02-01],[2025-01-01,)}"]),
        text_form::<Numrange>("float_range", "", &["empty", "[-0,0.1)", "[NaN,NaN]", "(-Infinity,5e-324]"]),
        text_form::<Point>(
            "point",
            "point(random(), -random())",
            &["(0,-0)", "(NaN,Infinity)", "(0.1,1e300)"],
        )
        .without_equality(),
        text_form::<Line>("line", "", &["{1,2,3}", "{0.1,-1,0}"]),
        text_form::<Lseg>("lseg", "", &["[(0,0),(0.1,1)]"]),
        text_form::<Box>("box", "", &["(1,1),(0,0)", "(0.1,0.2),(-0.3,-0.4)"]),
        text_form::<Path>("path", "", &["[(0,0),(1,1)]", "((0,0),(1,1),(0.1,2))"]),
        text_form::<Polygon>("polygon", "", &["((0,0),(1,1),(0.1,2))"]).without_equality(),
        text_form::<Circle>("circle", "", &["<(0,0),0.1>", "<(1,2),3>"]),
        text_form::<PgLsn>("pg_lsn", "", &["0/0", "FFFFFFFF/FFFFFFFF", "16/B374D848"]),
        text_form::<TxidSnapshot>("txid_snapshot", "", &["10:20:10,14,15"]).without_equality(),
        text_form::<Xid8>("xid8", "", &["0", "18446744073709551615"]),
        text_form::<Tid>("tid", "", &["(0,1)", "(4294967295,65535)"]),
        text_form::<Char>("\"char\"", "", &["", "a", "\"", "\\"]),
        text_form::<Regtype>("regtype", "", &["integer", "mood", "timestamp with time zone[]"]),
        text_form::<Int2vector>("int2vector", "", &["", "1 2 3"]),
        text_form::<Oidvector>("oidvector", "", &["", "1 2 4294967295"]),
        TEXTS.iter().fold(text_form::<Citext>("citext", RANDOM_TEXT, &[]), |case, text| case.with(*text)),
        text_form::<Hstore>(
            "hstore",
            "hstore(md5(random()::text), g::text)",
            &["", "a=>NULL, \"b c\"=>\"NULL\", \"\\\"\"=>\"\\\\\"", "\"\"=>\"\""],
        ),
        text_form::<Ltree>("ltree", "", &["", "Top.Science.Astronomy", "a.b_1"]),
        text_form::<Lquery>("lquery", "", &["*.Science{1,2}.!a|b@*.*"]).without_equality(),
        text_form::<Cube>("cube", "", &["(1,2,3)", "(0.1,-0.2),(3,4)", "()"]),
        text_form::<Isbn13>("isbn13", "", &["978-0-393-04002-9"]),
    ]
}

fn arrays() -> Vec<Case> {
    use ColumnType as C;
    const SHAPES: &[&str] =
        &["{}", "{NULL}", "{{NULL,NULL}}", "[0:0]={NULL}", "[-5:-4][3:3]={{NULL},{NULL}}"];
    let array = |sql, ty, through: Through, random, values: &[&'static str]| {
        case(sql, ty, through, random, values).also_shapes(SHAPES)
    };
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let texts = TEXTS.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(",");
    let long = format!("{{{}}}", "1,".repeat(20_000) + "2");
    vec![
        array("bool[]", C::Array(&C::Bool), through::<sql::Array<sql::Bool>, Array<bool>>, "", &["{t,f,NULL}"]),
        array("int2[]", C::Array(&C::Int2), through::<sql::Array<sql::Int2>, Array<i16>>, "", &["{-32768,32767}"]),
        array(
            "int4[]", C::Array(&C::Int4), through::<sql::Array<sql::Int4>, Array<i32>>,
            "array_fill(g, array(select 1 + (random() * 2)::int from generate_series(1, 1 + g % 6)), array(select ((random() - 0.5) * 1000)::int from generate_series(1, 1 + g % 6)))",
            &[
                "{1,2,3}", "{{1,2},{3,4},{5,NULL}}", "{{{{{{1}}}}}}", "[2147483646:2147483646]={1}", "[-2147483648:-2147483647]={1,2}",
                "[1:2][0:1]={{1,2},{3,4}}",
            ],
        )
        .with(long),
        array("int8[]", C::Array(&C::Int8), through::<sql::Array<sql::Int8>, Array<i64>>, "", &["{-9223372036854775808}"]),
        array("oid[]", C::Array(&C::Oid), through::<sql::Array<sql::Oid>, Array<u32>>, "", &["{4294967295}"]),
        array(
            "float4[]", C::Array(&C::Float4), through::<sql::Array<sql::Float4>, Array<f32>>, "array[random(), -random()]",
            &["{0.1,-0,NaN,Infinity,-Infinity,1e-45,3.4028235e38}"],
        ),
        array(
            "float8[]", C::Array(&C::Float8), through::<sql::Array<sql::Float8>, Array<f64>>, "array[random(), 1 / (random() + 1e-300)]",
            &["{0.1,-0,NaN,Infinity,-Infinity,5e-324,1e300}"],
        ),
        array(
            "numeric[]", C::Array(&C::Numeric), through::<sql::Array<sql::Numeric>, Array<Numeric>>, "",
            &["{1.10,NaN,-Infinity,1e1000}"],
        ),
        array("text[]", C::Array(&C::Text), through::<sql::Array<sql::Text>, Array<String>>, "", &[])
            .with(format!("{{{texts}}}"))
            .with(format!("[0:1][5:{}]={{{{{texts}}},{{{texts}}}}}", 4 + TEXTS.len())),
        Case { random: "array[(select string_agg(chr(32 + (random() * 94)::int), '') from generate_series(1, 1 + (random() * 6)::int) where g > 0), null, '']", ..array("text[]", C::Array(&C::Text), through::<sql::Array<sql::Text>, Vec<Option<String>>>, "", &[]).only_plain() },
        array("bytea[]", C::Array(&C::Bytea), through::<sql::Array<sql::Bytea>, Array<Vec<u8>>>, "", &["{\"\\\\x\",\"\\\\x00ff\"}"]),
        array("uuid[]", C::Array(&C::Uuid), through::<sql::Array<sql::Uuid>, Array<Uuid>>, "array[gen_random_uuid(), null]", &[]),
        array("uuid[]", C::Array(&C::UuidText), through::<sql::Array<sql::UuidText>, Array<Uuid>>, "array[gen_random_uuid(), null]", &[]),
        array("json[]", C::Array(&C::Json), through::<sql::Array<sql::Json>, Array<Json>>, "", &["{\" null \",\"{\\\"a\\\":[1.0,\\\"\\\\\\\\u0000\\\"]}\"}"])
            .without_equality(),
        array("jsonb[]", C::Array(&C::Jsonb), through::<sql::Array<sql::Jsonb>, Array<Json>>, "", &["{\"null\",\"{\\\"a\\\":1.0}\"}"]),
        array(
            "timestamptz[]", C::Array(&C::Timestamptz), through::<sql::Array<sql::Timestamptz>, Array<Timestamptz>>, "array[now() * 1]",
            &["{infinity,\"0044-03-15 12:00:00+00 BC\",\"294276-12-31 23:59:59.999999+00\"}"],
        )
        .without_random(),
        array("timestamp[]", C::Array(&C::Timestamp), through::<sql::Array<sql::Timestamp>, Array<Timestamp>>, "", &["{-infinity,\"2024-01-01 00:00:00.5\"}"]),
        array("date[]", C::Array(&C::Date), through::<sql::Array<sql::Date>, Array<Date>>, "", &["{infinity,\"0044-03-15 BC\",5874897-12-31}"]),
        array("time[]", C::Array(&C::Time), through::<sql::Array<sql::Time>, Array<Time>>, "", &["{24:00,00:00:00.000001}"]),
        array("timetz[]", C::Array(&C::TimeTz), through::<sql::Array<sql::TimeTz>, Array<TimeTz>>, "", &["{24:00-15:59:59,00:00+05:30}"]),
        array("interval[]", C::Array(&C::Interval), through::<sql::Array<sql::Interval>, Array<Interval>>, "", &["{\"1 mon -1 day 00:00:00.5\",0}"]),
        array("money[]", C::Array(&C::Money), through::<sql::Array<sql::Money>, Array<Money>>, "", &["{-92233720368547758.08,\"$1,234.56\"}"]),
        array("mood[]", C::Array(&C::Enum), through::<sql::Array<sql::Enum>, Array<Mood>>, "", &["{happy,\"so so\",\"sad, \\\"very\\\"\",\"null\"}"]),
        array("char(3)[]", C::Array(&C::Text), through::<sql::Array<sql::Text>, Array<String>>, "", &["{a,\"\"}"]),
        array("numbers[]", C::Array(&C::Array(&C::Int4)), through::<sql::Array<sql::Array<sql::Int4>>, Array<Array<i32>>>, "", &[
            "{\"{1,2}\",\"{}\",NULL}", "{{\"{{1},{2}}\",\"[0:0]={NULL}\"}}", "[2:2]={\"[3:3][4:4]={{5}}\"}",
        ]),
        array("inet[]", C::Array(&C::PgText("inet")), through::<sql::Array<sql::PgText<tags::Inet>>, Array<PgText<tags::Inet>>>, "", &["{10.0.0.1/8,::1}"]),
        case("box[]", C::Array(&C::PgText("box")), through::<sql::Array<sql::PgText<tags::Box>>, Array<PgText<tags::Box>>>, "", &["{(1,1),(0,0);(0.1,2),(0,0)}", "{{(1,1),(0,0)};{NULL}}", "{}", "[0:1]={NULL;(1,1),(0,0)}"]).without_equality(),
        array("int4range[]", C::Array(&C::PgText("int4range")), through::<sql::Array<sql::PgText<tags::Int4range>>, Array<PgText<tags::Int4range>>>, "", &["{\"[1,5)\",empty,\"(,)\"}"]),
        array("tstzrange[]", C::Array(&C::PgText("tstzrange")), through::<sql::Array<sql::PgText<tags::Tstzrange>>, Array<String>>, "", &["{\"[\\\"2024-01-01 00:00:00+00\\\",infinity)\"}"]),
        array("citext[]", C::Array(&C::PgText("citext")), through::<sql::Array<sql::PgText<tags::Citext>>, Array<String>>, "", &[])
            .with(format!("{{{texts}}}")),
        array("hstore[]", C::Array(&C::PgText("hstore")), through::<sql::Array<sql::PgText<tags::Hstore>>, Array<String>>, "", &["{\"\\\"a\\\"=>\\\"b\\\"\"}"]),
    ]
}

impl Case {
    fn also_shapes(mut self, shapes: &[&'static str]) -> Self {
        self.values.extend(shapes.iter().map(|&shape| Cow::from(shape)));
        self
    }

    /// Only shapes that a `Vec` holds.
    fn only_plain(mut self) -> Self {
        self.values.retain(|value| !value.starts_with('[') && !value.starts_with("{{"));
        self
    }

    fn without_random(mut self) -> Self {
        self.random = "";
        self
    }
}

fn composites() -> Vec<Case> {
    let inner = |sql, ty, through: Through| Case {
        sql,
        ty,
        values: Vec::new(),
        random: "",
        has_equality: false,
        through: vec![through],
    };
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    let single = TEXTS
        .iter()
        .fold(case("single", SINGLE, through::<sql::Composite, Single>, "", &["()"]), |case, text| {
            case.with(format!("({})", quoted(text)))
        });
    let random_inner = "row(g, md5(random()::text), (random()::numeric(9,4)), now() - random() * interval '4000 years', random() * 1e-200, decode(md5(g::text), 'hex'), json_build_object('a', g), 'happy'::mood, random() < 0.5, array['a', null, random()::text])::inner_type";
    let plain = r#"(1,"a ""b"" \\ , ()",1.10,"2024-01-01 00:00:00+00",-0,"\\x00ff"," {""a"" : ""\\u0000""} ","sad, ""very""",t,"{a,NULL,""b \\""c\\""""}")"#;
    vec![
        case("nothing", ColumnType::Composite(&[]), through::<sql::Composite, Nothing>, "", &["()"]),
        single,
        Case { random: random_inner, ..inner("inner_type", INNER, through::<sql::Composite, Inner>) }
            .with("(,,,,,,,,,)")
            .with("(,\"\",NaN,infinity,NaN,\"\",null,\"null\",f,{})")
            .with(plain),
        Case {
            random: "array[row(g, '', 'NaN', null, 'Infinity', '', '[]', 'so so', true, '{}')::inner_type, null]",
            ..inner("inner_type[]", ColumnType::Array(&INNER), through::<sql::Array<sql::Composite>, Array<Inner>>)
        }
        .with("{}")
        .with("[0:0][7:8]={{NULL,\"(,,,,,,,,,)\"}}")
        .with(format!("{{{}}}", quoted(plain))),
        Case {
            random: "row(row(g, random()::text, 1, null, 1, '', 'null', 'sad, \"very\"', false, array[array['{', '\"']])::inner_type, array[row(g, E'\\\\', 1, null, 1, '', 'null', null, false, null)::inner_type, null], array[int4range(1, g + 1), 'empty'])::outer_type",
            ..inner("outer_type", OUTER, through::<sql::Composite, Outer>)
        }
        .with("(,,)")
        .with("(\"(,,,,,,,,,)\",{},\"{\"\"[1,2)\"\",NULL}\")"),
        inner("outer_type[]", ColumnType::Array(&OUTER), through::<sql::Array<sql::Composite>, Array<Outer>>)
            .with("{\"(,,)\",\"(\\\"(,,,,,,,,,)\\\",{},\\\"{\\\"\\\"[1,2)\\\"\\\",NULL}\\\")\",NULL}"),
    ]
}
