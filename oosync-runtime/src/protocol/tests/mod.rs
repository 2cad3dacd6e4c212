//! What the messages look like on the wire, and what becomes of what is new, missing or wrong.

mod messages;
mod properties;
mod pushing;
mod rows;
mod words;

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::*;

const CLIENT: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
const CLIENT_TEXT: &str = "01900000-0000-7000-8000-000000000001";

/// The message has this JSON, and this JSON is the message.
#[track_caller]
fn is<T: Serialize + DeserializeOwned + PartialEq + Debug>(message: &T, json: &str) {
    let json = json.replace("CLIENT", CLIENT_TEXT);
    assert_eq!(serde_json::to_string(message).unwrap(), json);
    assert_eq!(serde_json::from_str::<T>(&json).unwrap(), *message);
}

/// A field that nobody knows changes nothing.
#[track_caller]
fn ignores_new_fields<T: Serialize + DeserializeOwned + PartialEq + Debug>(message: &T) {
    let json = serde_json::to_string(message).unwrap();
    let newer = json.replacen('{', r#"{"from_the_future":{"a":[1e400,null]},"#, 1).replace("1e400", "1");
    assert_eq!(serde_json::from_str::<T>(&newer).unwrap(), *message, "{newer}");
}

/// A field that nobody knows is an error that names it.
#[track_caller]
fn refuses_new_fields<T: Serialize + DeserializeOwned + Debug>(message: &T) {
    let json = serde_json::to_string(message).unwrap();
    let newer = json.replacen('{', r#"{"from_the_future":1,"#, 1).replace(",}", "}");
    let error = serde_json::from_str::<T>(&newer).unwrap_err();
    assert!(error.to_string().contains("from_the_future"), "{error}");
}

fn raw(json: &str) -> RawJson {
    RawJson::parse(json).unwrap()
}

fn row(columns: &[(&str, &str)]) -> JsonRow {
    let mut row = JsonRow::new();
    for (name, value) in columns {
        row.insert(*name, raw(value));
    }
    row
}

fn mutation(id: u64, op: Op) -> Mutation {
    let (values, base) = match op {
        Op::Insert => (row(&[("title", "\"a\"")]), JsonRow::new()),
        Op::Update => (row(&[("title", "\"a\"")]), row(&[("title", "null")])),
        Op::Delete => (JsonRow::new(), row(&[("title", "null")])),
    };
    let key = row(&[("id", "7")]);
    Mutation { id, table: "todos".into(), op, key, values, base, edited_at: None, group: None }
}

fn push(mutations: Vec<Mutation>) -> Push {
    Push { client: CLIENT, schema_hash: "5f".into(), mutations, acknowledged: None, lease: Vec::new() }
}

fn changes() -> Changes {
    Changes {
        records: BTreeMap::from([("todos".to_owned(), vec![raw(r#"{"id":1, "n":1.10,"n":"dup"}"#)])]),
        deletes: BTreeMap::from([("todos".to_owned(), vec![row(&[("id", "2")])])]),
        buckets: Buckets { added: vec!["list:1".into()], removed: vec!["list:2".into()] },
        schema: Some(SchemaVersion { version: 3, hash: "5f".into() }),
        included: Included::new(9, vec![7, 5]).unwrap(),
        next: Next::Cursor("c2".into()),
    }
}
