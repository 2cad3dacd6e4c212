//! Rows of a device's table, from frames and in JSON.

use super::super::tuple::{Tuples, write};
use super::super::*;
use crate::schema::{
    Access, Attribute, Column, ColumnDefault, ColumnType, Conflict, Owner, Push, Rules, Schema, Table,
};
use crate::{Error, Value, ValueError};

const fn column(name: &'static str, ty: ColumnType, nullable: bool, default: ColumnDefault) -> Column {
    Column { name, ty, nullable, default, access: Access::PLAIN }
}

static ITEMS: Table = Table {
    pg_schema: "public",
    pg_name: "items",
    name: "items",
    columns: &[
        column("name", ColumnType::Text, true, ColumnDefault::None),
        column("part", ColumnType::Int4, false, ColumnDefault::None),
        column("note", ColumnType::Text, true, ColumnDefault::Local),
        column("net", ColumnType::PgText("inet"), true, ColumnDefault::None),
        column("id", ColumnType::PgText("citext"), false, ColumnDefault::None),
        column("total", ColumnType::Numeric, true, ColumnDefault::Generated),
    ],
    primary_key: &[4, 1],
    foreign_keys: &[],
    rules: Rules {
        owner: Owner::Everyone,
        bucket: None,
        push: Push::Disabled,
        deny_delete: false,
        confirmed: false,
        conflict: Conflict::ServerWins,
        created: None,
        updated: None,
        deleted: None,
        conflict_target: &[4, 1],
        order: 1,
        change_category: None,
        normalize_datetime: &[],
    },
    ddl: "",
};

static SCHEMA: Schema = Schema { tables: &[&ITEMS], hash: "5f" };

fn bytes(fields: &[Option<&[u8]>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(fields.iter().copied(), &mut bytes).unwrap();
    bytes
}

type Values<'a> = Result<Vec<(usize, Value<'a>)>, Error>;

fn row<'a>(layout: &Layout, bytes: &'a [u8], fields: usize) -> Values<'a> {
    layout.row(Tuples::new(bytes, fields).next().unwrap().unwrap()).collect()
}

#[test]
fn a_server_sends_what_a_device_has_and_says_what_is_text() {
    let all = TableHeader::of(&ITEMS, |_| true);
    assert_eq!(all.columns, ["name", "part", "net", "id", "total"]);
    assert_eq!(all.key, ["id", "part"]);
    assert_eq!(all.text, ["net", "id"]);
    let some = TableHeader::of(&ITEMS, |column| column.name == "name");
    assert_eq!(some.columns, ["name", "part", "id"], "the key is always there");
}

#[test]
fn a_row_is_read_in_the_servers_order_and_without_what_is_unknown() {
    let header = TableHeader {
        name: "items".into(),
        columns: ["part", "newer", "net", "id"].map(str::to_owned).to_vec(),
        key: ["id", "part"].map(str::to_owned).to_vec(),
        text: ["net", "id", "newer"].map(str::to_owned).to_vec(),
    };
    let layout = Layout::of(&SCHEMA, &header).unwrap();
    assert_eq!(layout.table(), &ITEMS);
    assert_eq!(layout.columns().collect::<Vec<_>>(), [1, 3, 4]);
    let tuple = bytes(&[Some(&7_i32.to_be_bytes()), Some(b"?"), None, Some(b"a")]);
    let values = row(&layout, &tuple, 4).unwrap();
    assert_eq!(values, [(1, Value::Integer(7)), (3, Value::Null), (4, Value::Text("a".into()))]);
    let key = bytes(&[Some(b"a"), Some(&7_i32.to_be_bytes())]);
    let key: Values<'_> = layout.key(Tuples::new(&key, 2).next().unwrap().unwrap()).collect();
    assert_eq!(key.unwrap(), [(4, Value::Text("a".into())), (1, Value::Integer(7))]);
}

#[test]
fn a_value_that_cannot_be_is_told_with_its_column() {
    let layout = Layout::of(&SCHEMA, &TableHeader::of(&ITEMS, |_| false)).unwrap();
    for (part, said) in [
        (Some(&b"\0\0\0"[..]), "items.part `3 bytes` is not a valid integer"),
        (None, "items.part is null, and integer cannot be"),
    ] {
        let tuple = bytes(&[part, Some(b"a")]);
        assert_eq!(row(&layout, &tuple, 2).unwrap_err().to_string(), said);
    }
    let tuple = bytes(&[Some(&7_i32.to_be_bytes()), Some(b"\xff")]);
    assert!(row(&layout, &tuple, 2).unwrap_err().to_string().starts_with("items.id "));
}

#[test]
fn a_header_that_does_not_go_with_the_table_is_refused() {
    let of = |change: fn(&mut TableHeader)| {
        let mut header = TableHeader::of(&ITEMS, |_| true);
        change(&mut header);
        Layout::of(&SCHEMA, &header).unwrap_err().to_string()
    };
    assert!(of(|h| h.name = "others".into()).contains("a table `others`"));
    assert!(of(|h| h.key.reverse()).contains("the key (part, id); this schema has (id, part)"));
    assert!(
        of(|h| h.columns.retain(|name| name != "part")).contains("the key (id); this schema has (id, part)")
    );
    assert!(of(|h| h.columns.push("name".into())).contains("items.name twice"));
    assert!(of(|h| h.columns.push("note".into())).contains("items.note, which exists on this device alone"));
    assert!(of(|h| h.text.clear()).contains("items.net in a binary form"));
    // A column that could be binary may come as text.
    let mut header = TableHeader::of(&ITEMS, |_| false);
    header.text.push("part".into());
    let layout = Layout::of(&SCHEMA, &header).unwrap();
    let tuple = bytes(&[Some(b"-7"), Some(b"a")]);
    assert_eq!(row(&layout, &tuple, 2).unwrap()[0], (1, Value::Integer(-7)));
}

#[test]
fn a_mutation_holds_what_postgres_reads() {
    let [name, part, note, net, id, total] = ITEMS.columns else { unreachable!() };
    let values = [
        (net, &Value::Text("::1".into())),
        (part, &Value::Integer(7)),
        (name, &Value::Null),
        (id, &Value::Text("a\"".into())),
    ];
    let row = JsonRow::of(&ITEMS, values).unwrap();
    assert_eq!(serde_json::to_string(&row).unwrap(), r#"{"id":"a\"","name":null,"net":"::1","part":7}"#);
    let read = row.values(&ITEMS).unwrap();
    assert_eq!(
        read,
        [
            (4, Value::Text("a\"".into())),
            (0, Value::Null),
            (3, Value::Text("::1".into())),
            (1, Value::Integer(7))
        ]
    );
    for column in [note, total] {
        let refused = JsonRow::of(&ITEMS, [(column, &Value::Null)]);
        assert!(matches!(refused, Err(Error::NotPushed { table: "items", .. })), "{}", column.name);
    }
    let wrong = JsonRow::of(&ITEMS, [(part, &Value::Integer(1 << 40))]).unwrap_err();
    assert!(matches!(wrong, Error::Value { column: "part", source: ValueError::OutOfRange { .. }, .. }));
}

#[test]
fn a_row_in_json_is_read_without_what_is_unknown() {
    let row: JsonRow =
        serde_json::from_str(r#"{"newer":{"a":1},"part":7,"total":"1.50","net":"10.0.0.1/32"}"#).unwrap();
    let values = row.values(&ITEMS).unwrap();
    assert_eq!(
        values,
        [(3, Value::Text("10.0.0.1".into())), (1, Value::Integer(7)), (5, Value::Text("1.50".into()))]
    );
    for (json, said) in [
        (r#"{"part":null}"#, "items.part is null"),
        (r#"{"part":"x"}"#, "items.part `x` is not a valid integer"),
        (r#"{"name":{}}"#, "items.name `{}` is not a valid text"),
    ] {
        let row: JsonRow = serde_json::from_str(json).unwrap();
        assert!(row.values(&ITEMS).unwrap_err().to_string().starts_with(said), "{json}");
    }
}

#[test]
fn what_a_device_alone_has_never_comes_from_a_server() {
    let row: JsonRow = serde_json::from_str(r#"{"note":"x"}"#).unwrap();
    let error = row.values(&ITEMS).unwrap_err();
    assert_eq!(error.to_string(), "items.note exists on this device alone, and the server sent it");
}

#[test]
fn every_type_is_told_in_json_as_it_is_pushed() {
    use ColumnType as C;
    const PAIR: C = C::Composite(&[Attribute::new("a", C::Text), Attribute::new("b", C::Array(&C::Int4))]);
    let text = |text: &'static str| Value::Text(text.into());
    for (ty, value) in [
        (C::Bool, Value::Integer(1)),
        (C::Int2, Value::Integer(-32_768)),
        (C::Int4, Value::Integer(i32::MIN.into())),
        (C::Int8, Value::Integer(i64::MIN)),
        (C::Oid, Value::Integer(u32::MAX.into())),
        (C::Float4, Value::Real(f64::from(0.1_f32))),
        (C::Float8, Value::Real(-5e-324)),
        (C::Float8, Value::Real(f64::NEG_INFINITY)),
        (C::Numeric, text("-0.00000000000000000000000000001")),
        (C::Timestamptz, text("4714-11-24 00:00:00.000000+00:00 BC")),
        (C::Timestamp, text("infinity")),
        (C::Date, text("2024-02-29")),
        (C::Time, text("24:00:00.000000")),
        (C::TimeTz, text("23:59:59.123456+05:30")),
        (C::Interval, text("P1Y2M-3DT4H")),
        (C::Interval, text("infinity")),
        (C::Uuid, Value::Blob(vec![7; 16].into())),
        (C::UuidText, text("01900000-0000-7000-8000-000000000001")),
        (C::Bytea, Value::Blob(vec![0, 255].into())),
        (C::Json, text(r#" {"a":1.0,"a":"\u0000"} "#)),
        (C::Jsonb, text("null")),
        (C::Text, text("\"\\\n\t\u{7f}ü\u{10ffff}")),
        (C::Money, Value::Integer(i64::MIN)),
        (C::Enum, text("so, so")),
        (C::PgText("int4range"), text("[1,5)")),
        (C::Array(&C::Array(&C::Int4)), text(r#"{"lower":[0],"values":[{"values":[1]},null]}"#)),
        (C::Array(&PAIR), text(r#"[{"a":"\"","b":[[1],[2]]},{"a":null,"b":null}]"#)),
    ] {
        let column: &'static Column = Box::leak(Box::new(column("c", ty, true, ColumnDefault::None)));
        let table: &'static Table =
            Box::leak(Box::new(Table { columns: std::slice::from_ref(column), ..ITEMS }));
        for value in [value, Value::Null] {
            let row = JsonRow::of(table, [(column, &value)]).unwrap();
            let sent: JsonRow = serde_json::from_str(&serde_json::to_string(&row).unwrap()).unwrap();
            assert_eq!(sent.values(table).unwrap(), [(0, value)], "{ty:?}");
        }
    }
}
