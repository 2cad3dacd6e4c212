//! Each sentence of a diff, and that any difference makes at least one.
#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use crate::facts::Facts;

/// Every field of every kind of object, none with its usual value.
fn everything() -> Value {
    let ty = |name: &str| json!({"schema": "pg_catalog", "name": name});
    let name = |name: &str| json!({"schema": "public", "name": name});
    let key = json!({"expression": "lower(label)", "collation": name("de"), "operator_class": name("ops"),
                     "descending": true, "nulls_first": false});
    json!({
        "format": 1,
        "schemas": ["public"],
        "tables": [{
            "schema": "public", "name": "orders", "kind": "table", "comment": "Orders",
            "persistence": "unlogged",
            "of_type": name("row"),
            "partition_by": "RANGE (id)",
            "partition_of": {"schema": "public", "name": "all_orders", "bound": "DEFAULT"},
            "inherits": [name("base")],
            "columns": [
                {"name": "id", "type": ty("int8"), "not_null": true, "identity": "always",
                 "sequence": {"schema": "public", "name": "s", "type": "int8", "start": 5, "increment": 2, "min": 1,
                              "max": 9, "cache": 3, "cycle": true, "not_owned": true}},
                {"name": "total", "type": {"schema": "pg_catalog", "name": "numeric", "precision": 12, "scale": 2},
                 "not_null": true, "default": "0", "comment": "The sum"},
                {"name": "label", "type": {"schema": "pg_catalog", "name": "varchar", "length": 9, "dimensions": 1},
                 "collation": name("C")},
                {"name": "place", "type": {"schema": "public", "name": "geometry", "extension": "postgis",
                                           "modifier": "Point"}},
                {"name": "span", "type": {"schema": "pg_catalog", "name": "interval", "fields": "year"}},
                {"name": "upper", "type": ty("text"), "generated": {"kind": "stored", "expression": "upper(label)"}}
            ],
            "primary_key": {"name": "orders_pkey", "columns": ["id"], "include": ["total"], "deferrable": true,
                            "initially_deferred": true, "without_overlaps": true},
            "unique": [{"name": "u", "columns": ["label", key], "index_only": true, "include": ["id"],
                        "nulls_not_distinct": true, "predicate": "(id > 1)", "deferrable": true,
                        "initially_deferred": true, "without_overlaps": true, "invalid": true}],
            "foreign_keys": [{"name": "f", "columns": ["id"], "match": "full", "on_update": "cascade",
                              "on_delete": "set_null", "on_delete_columns": ["id"], "deferrable": true,
                              "initially_deferred": true, "not_valid": true, "not_enforced": true, "period": true,
                              "references": {"schema": "public", "table": "other", "columns": ["id"]}}],
            "checks": [{"name": "c", "expression": "(total > 0)", "no_inherit": true, "not_valid": true,
                        "not_enforced": true}],
            "exclusions": [{"name": "x", "method": "gist", "elements": [{"key": "id", "operator": "="}],
                            "include": ["total"], "predicate": "(id > 1)", "deferrable": true,
                            "initially_deferred": true}],
            "indexes": [{"name": "i", "method": "btree", "columns": ["total", key], "include": ["id"],
                         "predicate": "(id > 1)", "invalid": true}],
            "row_security": "enabled",
            "policies": [{"name": "p", "command": "select", "restrictive": true, "roles": ["public"], "using": "true",
                          "with_check": "true"}],
            "triggers": [{"name": "t", "timing": "before", "events": ["update"], "columns": ["total"], "level": "row",
                          "condition": "(old.* IS DISTINCT FROM new.*)", "function": name("touch"),
                          "arguments": ["total"], "constraint": true, "deferrable": true, "initially_deferred": true,
                          "enabled": "always"}]
        }],
        "enums": [{"schema": "public", "name": "mood", "extension": "e", "comment": null, "labels": ["sad", "happy"]}],
        "domains": [{"schema": "public", "name": "email", "extension": "e", "comment": null, "base": ty("text"),
                     "not_null": true, "default": "''", "collation": name("C"),
                     "checks": [{"name": "at", "expression": "(VALUE ~ '@')", "not_valid": true}]}],
        "composites": [{"schema": "public", "name": "pair", "extension": "e", "comment": "Two",
                        "attributes": [{"name": "a", "type": ty("int4"), "collation": name("C"), "comment": "First"},
                                       {"name": "b", "type": ty("text")}]}],
        "ranges": [{"schema": "public", "name": "floatrange", "extension": "e", "comment": null,
                    "subtype": ty("float8"), "collation": name("C"), "multirange": name("floats")}]
    })
}

fn facts(json: &Value) -> Facts {
    Facts::from_json(&json.to_string()).unwrap()
}

/// The sentences for a change of the value at `pointer`.
fn change(pointer: &str, value: Value) -> String {
    let older = everything();
    let mut newer = older.clone();
    *newer.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}")) = value;
    sentences(&older, &newer)
}

fn sentences(older: &Value, newer: &Value) -> String {
    let changes = facts(older).diff(&facts(newer));
    changes.iter().map(|change| format!("{change}\n")).collect()
}

#[test]
fn changes_are_told_in_the_language_of_schemas() {
    let int4 = json!({"schema": "pg_catalog", "name": "int4"});
    let told: String = [
        change("/tables/0/columns/1/not_null", json!(false)),
        change("/tables/0/columns/1/type", int4.clone()),
        change("/tables/0/columns/1/default", Value::Null),
        change("/tables/0/columns/5/name", json!("shout")),
        change("/tables/0/primary_key", Value::Null),
        change("/tables/0/foreign_keys/0/on_delete", json!("cascade")),
        change("/tables/0/unique", json!([])),
        change("/tables/0/checks/0/expression", json!("(total >= 0)")),
        change("/tables/0/row_security", json!("disabled")),
        change("/tables/0/policies/0/using", json!("false")),
        change("/tables/0/triggers/0/timing", json!("after")),
        change("/tables/0/name", json!("sales")),
        change("/enums/0/labels", json!(["sad", "ok", "happy"])),
        change("/enums/0/labels", json!(["happy", "sad"])),
        change("/enums/0/labels", json!(["first", "happy"])),
        change("/domains/0/checks", json!([])),
        change("/composites/0/attributes/0/type", json!({"schema": "pg_catalog", "name": "int8"})),
        change("/ranges/0/subtype", int4),
        change("/schemas", json!(["app", "public"])),
    ]
    .concat();
    insta::assert_snapshot!(told);
}

#[test]
fn how_many_dimensions_an_array_was_declared_with_is_no_difference() {
    assert_eq!(change("/tables/0/columns/2/type/dimensions", json!(2)), "");
    assert!(change("/tables/0/columns/2/type/dimensions", json!(0)).contains("changed type"));
}

#[test]
fn long_texts_are_shown_where_they_differ() {
    let long = |end: &str| json!(format!("{}{end}", "x".repeat(5000)));
    let older = {
        let mut older = everything();
        older["tables"][0]["comment"] = long("a");
        older
    };
    let newer = {
        let mut newer = everything();
        newer["tables"][0]["comment"] = long("b");
        newer
    };
    let told = sentences(&older, &newer);
    assert!(told.len() < 300 && told.contains("xa` to `…") && told.ends_with("xb`\n"), "{told}");
}

#[test]
fn names_cannot_write_lines_of_their_own() {
    let told = change("/tables/0/name", json!("a\n::error::\u{1b}[31m\u{202e}"));
    assert_eq!(told.lines().count(), 2, "{told}");
    assert!(!told.contains(['\u{1b}', '\u{202e}']), "{told}");
}

#[test]
fn a_diff_with_itself_is_empty() {
    assert_eq!(sentences(&everything(), &everything()), "");
}

/// Takes every value of the document away, or changes it, one at a time: none may go unnoticed.
#[test]
fn no_difference_is_silent() {
    fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
        found.push(at.to_owned());
        match value {
            Value::Array(items) => {
                items
                    .iter()
                    .enumerate()
                    .for_each(|(place, item)| pointers(item, &format!("{at}/{place}"), found));
            }
            Value::Object(fields) => {
                fields.iter().for_each(|(key, item)| pointers(item, &format!("{at}/{key}"), found));
            }
            _ => {}
        }
    }
    let older = everything();
    let mut found = Vec::new();
    pointers(&older, "", &mut found);
    let mut tried = 0;
    for pointer in found.iter().filter(|pointer| !pointer.is_empty()) {
        let (parent, last) = pointer.rsplit_once('/').unwrap();
        let mut candidates = Vec::new();
        let mut without = older.clone();
        match without.pointer_mut(parent).unwrap() {
            Value::Array(items) => drop(items.remove(last.parse().unwrap())),
            Value::Object(fields) => drop(fields.remove(last)),
            _ => unreachable!("only containers have children"),
        }
        candidates.push(without);
        let mut other = older.clone();
        let value = other.pointer_mut(pointer).unwrap();
        *value = match value {
            Value::String(text) => json!(format!("{text}_x")),
            Value::Bool(flag) => json!(!*flag),
            Value::Number(number) => json!(number.as_i64().unwrap() + 1),
            _ => Value::Null,
        };
        candidates.push(other);
        for newer in candidates {
            // Many are no facts any more; those that are must differ and say so.
            if let Ok(newer) = Facts::from_json(&newer.to_string()) {
                if pointer.ends_with("/dimensions") && older.pointer(pointer).is_some() {
                    continue; // how many there are is no difference, and has its own test
                }
                tried += 1;
                let older = facts(&older);
                assert_eq!(older == newer, older.diff(&newer).is_empty(), "{pointer}");
                assert_eq!(older == newer, newer.diff(&older).is_empty(), "{pointer}");
                for change in older.diff(&newer) {
                    if let Some((before, after)) = change.message.split_once(" to ") {
                        assert!(!before.ends_with(after), "{change} says nothing");
                    }
                }
            }
        }
    }
    assert!(tried > 100, "{tried}");
}
