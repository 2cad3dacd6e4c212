use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::schema::Attribute;

const INT4S: ColumnType = ColumnType::Array(&ColumnType::Int4);
const TEXTS: ColumnType = ColumnType::Array(&ColumnType::Text);
const PAIR: ColumnType =
    ColumnType::Composite(&[Attribute::new("a", ColumnType::Text), Attribute::new("b", INT4S)]);
const PAIRS: ColumnType = ColumnType::Array(&PAIR);

/// Every type, and some that are made of others.
const ALL: &[ColumnType] = &[
    ColumnType::Bool,
    ColumnType::Int2,
    ColumnType::Int4,
    ColumnType::Int8,
    ColumnType::Oid,
    ColumnType::Float4,
    ColumnType::Float8,
    ColumnType::Numeric,
    ColumnType::Timestamptz,
    ColumnType::Timestamp,
    ColumnType::Date,
    ColumnType::Time,
    ColumnType::TimeTz,
    ColumnType::Interval,
    ColumnType::Uuid,
    ColumnType::UuidText,
    ColumnType::Bytea,
    ColumnType::Json,
    ColumnType::Jsonb,
    ColumnType::Text,
    ColumnType::Money,
    ColumnType::Enum,
    ColumnType::PgText("inet"),
    INT4S,
    TEXTS,
    PAIR,
    PAIRS,
    ColumnType::Composite(&[]),
    ColumnType::Array(&ColumnType::PgText("box")),
    ColumnType::Array(&INT4S),
];

fn text(ty: &ColumnType, text: &str) -> Result<String, ValueError> {
    match from_text(ty, text)? {
        Value::Text(text) => Ok(text.into_owned()),
        other => panic!("{other:?}"),
    }
}

fn output(ty: &ColumnType, text: &str) -> Result<String, ValueError> {
    to_text(ty, &Value::Text(text.into())).map(Cow::into_owned)
}

fn push(ty: &ColumnType, value: &Value<'_>) -> Result<String, ValueError> {
    let mut json = String::new();
    to_push_json(ty, value, &mut json)?;
    Ok(json)
}

#[test]
fn what_is_made_of_a_type_in_text_form_travels_as_text() {
    assert_eq!(Wire::of(&PAIRS), Wire::Binary);
    const WITH_RANGE: ColumnType = ColumnType::Composite(&[
        Attribute::new("a", ColumnType::Int4),
        Attribute::new("r", ColumnType::Array(&ColumnType::PgText("int4range"))),
    ]);
    assert_eq!(Wire::of(&WITH_RANGE), Wire::Text);
    assert!(from_binary(&ColumnType::PgText("int4range"), b"empty").is_err());
    assert_eq!(from_wire(&ColumnType::PgText("int4range"), b"empty"), Ok(Value::Text("empty".into())));
}

#[test]
fn an_array_is_json_on_the_device() {
    assert_eq!(text(&INT4S, "{1,NULL,-3}").unwrap(), "[1,null,-3]");
    assert_eq!(text(&INT4S, "[0:1][5:5]={{1},{2}}").unwrap(), r#"{"lower":[0,5],"values":[[1],[2]]}"#);
    assert_eq!(text(&TEXTS, r#"{"NULL",NULL,"a\"\\,"}"#).unwrap(), r#"["NULL",null,"a\"\\,"]"#);
    assert_eq!(output(&TEXTS, r#"["NULL",null,"a\"\\,",""]"#).unwrap(), r#"{"NULL",NULL,"a\"\\,",""}"#);
    let boxes = ColumnType::Array(&ColumnType::PgText("box"));
    assert_eq!(text(&boxes, "{(1,1),(0,0);NULL}").unwrap(), r#"["(1,1),(0,0)",null]"#);
    assert_eq!(output(&boxes, r#"["(1,1),(0,0)",null]"#).unwrap(), r#"{"(1,1),(0,0)";NULL}"#);
}

#[test]
fn a_composite_value_is_an_object_on_the_device() {
    let json = r#"{"a":"x \"\\","b":[1,null]}"#;
    let literal = r#"("x ""\\","{1,NULL}")"#;
    assert_eq!(text(&PAIR, literal).unwrap(), json);
    assert_eq!(output(&PAIR, json).unwrap(), literal);
    assert_eq!(text(&PAIR, "(,)").unwrap(), r#"{"a":null,"b":null}"#);
    // Attributes written by hand may come in any order, or not at all.
    assert_eq!(output(&PAIR, r#"{ "b" : [ ] , "a" : null }"#).unwrap(), "(,{})");
    assert_eq!(output(&PAIR, "{}").unwrap(), "(,)");
    assert!(output(&PAIR, r#"{"c":1}"#).is_err());
}

#[test]
fn a_push_is_json_that_postgres_types() {
    assert_eq!(push(&ColumnType::Bool, &Value::Integer(1)).unwrap(), "true");
    assert_eq!(push(&ColumnType::Int8, &Value::Integer(-1)).unwrap(), "-1");
    assert_eq!(push(&ColumnType::Json, &Value::Text("null".into())).unwrap(), "\"null\"");
    assert_eq!(push(&ColumnType::Json, &Value::Null).unwrap(), "null");
    assert_eq!(push(&ColumnType::Float8, &Value::Real(-0.0)).unwrap(), "\"-0.0\"");
    assert_eq!(push(&ColumnType::Float4, &Value::Real(0.1)).unwrap(), "\"0.1\"");
    assert_eq!(push(&ColumnType::Money, &Value::Integer(-123_456)).unwrap(), "\"-$1,234.56\"");
    assert_eq!(push(&INT4S, &Value::Text("[1]".into())).unwrap(), "\"{1}\"");
    assert_eq!(push(&ColumnType::Bytea, &Value::Blob([0, 255][..].into())).unwrap(), r#""\\x00ff""#);
}

#[test]
fn what_is_no_value_of_the_type_is_not_pushed() {
    for (ty, value) in [
        (ColumnType::Bool, Value::Integer(2)),
        (ColumnType::Int2, Value::Integer(40_000)),
        (ColumnType::Oid, Value::Integer(-1)),
        (ColumnType::Int4, Value::Text("1".into())),
        (ColumnType::Float4, Value::Real(1e300)),
        (ColumnType::Float8, Value::Text("x".into())),
        (ColumnType::Numeric, Value::Text("1,5".into())),
        (ColumnType::Date, Value::Text("2024-02-30".into())),
        (ColumnType::Uuid, Value::Blob([0; 15][..].into())),
        (ColumnType::UuidText, Value::Text("x".into())),
        (ColumnType::Json, Value::Text("{".into())),
        (ColumnType::Text, Value::Text("a\0".into())),
        (ColumnType::Text, Value::Blob([0][..].into())),
        (INT4S, Value::Text("[1.5]".into())),
        (INT4S, Value::Text("[[1],2]".into())),
        (INT4S, Value::Text("[2147483648]".into())),
        (TEXTS, Value::Text(r#"["\u0000"]"#.into())),
        (PAIR, Value::Text("[]".into())),
    ] {
        let mut json = String::new();
        assert!(to_push_json(&ty, &value, &mut json).is_err(), "{ty:?} {value:?}");
        assert_eq!(json, "");
    }
    assert_eq!(to_text(&ColumnType::Text, &Value::Null), Err(ValueError::Null { expected: "text" }));
}

#[test]
fn malformed_text_is_refused() {
    for (ty, texts) in [
        (
            INT4S,
            &[
                "",
                "{",
                "}",
                "{}}",
                "{1",
                "1",
                "{1,}",
                "{,1}",
                "{{}}",
                "{{1},2}",
                "{2,{1}}",
                "{{1},{2,3}}",
                "{1}x",
                "[1:2]={1}",
                "[1:1]={{1}}",
                "[1:1][1:1]={1}",
                "[a:b]={1}",
                "[2147483647:2147483648]={1}",
                "[1:0]={}",
                "{{{{{{{1}}}}}}}",
                "{\"1}",
                "{\"1\\",
                "{1\"2\"}",
                "{null}",
                "{1 }",
            ][..],
        ),
        (PAIR, &["", "(", ")", "()", "(,", "(,,)", "(,)x", "(\",)", "(a\"b\",)", "(\"a\"b,)", "(,{x})"]),
        (ColumnType::Float8, &["", "inf", "nan", "infinity", "1e400", "0x1", "1 "]),
        (ColumnType::Float4, &["1e39"]),
        (ColumnType::Int2, &["", "32768", "1.0", " 1"]),
        (ColumnType::Bytea, &["", "00", "\\x0", "\\xg0", "\\000"]),
        (
            ColumnType::Uuid,
            &["", "{00000000-0000-0000-0000-000000000000}", "00000000000000000000000000000000"],
        ),
        (ColumnType::Bool, &["", "yes", "1"]),
    ] {
        for text in texts {
            assert!(from_text(&ty, text).is_err(), "{ty:?} {text}");
        }
    }
}

#[test]
fn lengths_are_checked_before_anything_is_allocated() {
    let integers = |integers: &[i32]| -> Vec<u8> { integers.iter().flat_map(|i| i.to_be_bytes()).collect() };
    for array in [
        &[][..],
        &[1],
        &[-1, 0, 23],
        &[0, 0, 23, 0],
        &[7, 0, 23, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 4, 1],
        &[1, 0, 23, i32::MAX, 1],
        &[2, 0, 23, 65536, 1, 65536, 1],
        &[1, 0, 23, -1, 1],
        &[1, 0, 23, 0, 1],
        &[1, 0, 23, 1, i32::MAX, -1],
        &[1, 0, 23, 1, 1, 5, 1],
        &[1, 0, 23, 1, 1, -2],
        &[1, 0, 23, 1, 1, -1, 0],
    ] {
        assert!(from_binary(&INT4S, &integers(array)).is_err(), "{array:?}");
    }
    assert_eq!(from_binary(&INT4S, &integers(&[1, 1, 23, 1, 1, -1])), Ok(Value::Text("[null]".into())));
    for record in [&[][..], &[1, 25, -1], &[2, 25, -1, 1007], &[2, 25, i32::MAX], &[2, 25, -1, 1007, -1, 0]] {
        assert!(from_binary(&PAIR, &integers(record)).is_err(), "{record:?}");
    }
    assert!(from_binary(&ColumnType::Jsonb, b"\x02{}").is_err());
    assert!(from_binary(&ColumnType::Text, b"\xff").is_err());
    assert!(from_binary(&ColumnType::Bool, &[2]).is_err());
}

/// The device's form of a list of texts.
fn json_of(texts: &[Option<String>]) -> String {
    serde_json::to_string(texts).unwrap()
}

proptest! {
    #[test]
    fn all_texts_survive_in_arrays_and_records(texts in vec(any::<Option<String>>(), 0..6)) {
        let texts: Vec<_> = texts.into_iter().map(|text| text.map(|text| text.replace('\0', ""))).collect();
        let json = json_of(&texts);
        let literal = output(&TEXTS, &json)?;
        let read = text(&TEXTS, &literal)?;
        prop_assert_eq!(serde_json::from_str::<Vec<Option<String>>>(&read).unwrap(), texts.clone());

        let pair = format!(r#"{{"a":{},"b":[1]}}"#, serde_json::to_string(&texts.first()).unwrap());
        let pairs = format!("[{pair},null,{pair}]");
        let read = text(&PAIRS, &output(&PAIRS, &pairs)?)?;
        prop_assert_eq!(text(&PAIRS, &output(&PAIRS, &read)?)?, read.clone());
        let (read, pairs): (serde_json::Value, serde_json::Value) =
            (serde_json::from_str(&read).unwrap(), serde_json::from_str(&pairs).unwrap());
        prop_assert_eq!(read, pairs);
    }

    #[test]
    fn no_bytes_make_reading_panic(ty in 0..ALL.len(), bytes in vec(prop_oneof![Just(0), Just(1), any::<u8>()], 0..48)) {
        if let Ok(value) = from_binary(&ALL[ty], &bytes) {
            // What is read can be sent again.
            if !matches!(ALL[ty], ColumnType::Json | ColumnType::Jsonb) {
                to_text(&ALL[ty], &value)?;
            }
        }
    }

    #[test]
    fn no_text_makes_reading_panic(ty in 0..ALL.len(), text in "[\\[\\]{}(),;:=\"\\\\0-9a-zN. -]{0,24}|\\PC{0,12}") {
        let _ = from_text(&ALL[ty], &text);
        let _ = to_text(&ALL[ty], &Value::Text(text.as_str().into()));
    }
}

#[test]
fn an_endless_interval_is_pushed_as_every_server_reads_it() {
    let mut json = String::new();
    to_push_json(&ColumnType::Interval, &Value::Text("-infinity".into()), &mut json).unwrap();
    assert_eq!(json, "\"P-178956970Y-8M-2147483648DT-2562047788H-54.775808S\"");
    let read = from_text(&ColumnType::Interval, "P178956970Y7M2147483647DT2562047788H54.775807S");
    assert_eq!(read, Ok(Value::Text("infinity".into())));
}

#[test]
fn json_of_a_push_is_read_as_it_was() {
    for (ty, value) in [
        (ColumnType::Bool, Value::Integer(0)),
        (ColumnType::Int8, Value::Integer(i64::MIN)),
        (ColumnType::Float8, Value::Real(-0.0)),
        (ColumnType::Float8, Value::Text("NaN".into())),
        (ColumnType::Numeric, Value::Text("1.100".into())),
        (ColumnType::Text, Value::Text("\"\n\u{1}ü".into())),
        (ColumnType::Json, Value::Text(" null ".into())),
        (ColumnType::Jsonb, Value::Null),
        (ColumnType::Bytea, Value::Blob([0, 255][..].into())),
        (PAIRS, Value::Text(r#"[{"a":"x","b":[1,null]},null]"#.into())),
    ] {
        assert_eq!(from_json(&ty, &push(&ty, &value).unwrap()), Ok(value), "{ty:?}");
    }
}

#[test]
fn numbers_of_other_writers_are_read_digit_by_digit() {
    let digits = "123456789012345678901234567890.10";
    assert_eq!(from_json(&ColumnType::Numeric, digits), Ok(Value::Text(digits.into())));
    assert_eq!(from_json(&ColumnType::Int8, "\"9223372036854775807\""), Ok(Value::Integer(i64::MAX)));
    assert_eq!(from_json(&ColumnType::Oid, "\"7\""), Ok(Value::Integer(7)));
    assert_eq!(from_json(&ColumnType::Bool, "\"t\""), Ok(Value::Integer(1)));
}

#[test]
fn json_that_is_no_value_of_the_type_is_refused() {
    for (ty, json) in [
        (ColumnType::Int4, "1.0"),
        (ColumnType::Int4, "true"),
        (ColumnType::Int2, "32768"),
        (ColumnType::Text, "1"),
        (ColumnType::Text, "{}"),
        (ColumnType::Text, "\"\\u0000\""),
        (ColumnType::Text, "\"\\ud800\""),
        (ColumnType::Bool, "1"),
        (ColumnType::Json, "{}"),
        (INT4S, "[1]"),
        (ColumnType::Timestamptz, "\"2024-01-01\""),
        (ColumnType::Text, ""),
    ] {
        assert!(from_json(&ty, json).is_err(), "{ty:?} {json}");
    }
}
