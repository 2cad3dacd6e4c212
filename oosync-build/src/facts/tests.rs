//! The file: what is written is read again, and what is broken is told apart.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::{Column, Facts, LoadError, Table, TableKind, TypeRef};

fn facts_of(columns: &[&str]) -> Facts {
    let mut table = Table::new("public", "t", TableKind::Table);
    table.columns =
        columns.iter().map(|name| Column::new(*name, TypeRef::new("pg_catalog", "text"))).collect();
    Facts {
        format: super::FORMAT,
        schemas: vec!["public".to_owned()],
        tables: vec![table],
        ..Facts::default()
    }
}

#[test]
fn the_text_has_one_column_per_line_and_a_newline_at_its_end() {
    insta::assert_snapshot!(facts_of(&["a", "b"]).to_json(), @r#"
    {
      "format": 1,
      "schemas": [
        "public"
      ],
      "tables": [
        {
          "schema": "public",
          "name": "t",
          "kind": "table",
          "comment": null,
          "columns": [
            {"name": "a", "type": {"schema": "pg_catalog", "name": "text"}},
            {"name": "b", "type": {"schema": "pg_catalog", "name": "text"}}
          ],
          "primary_key": null,
          "unique": [],
          "foreign_keys": [],
          "checks": [],
          "indexes": [],
          "policies": []
        }
      ],
      "enums": [],
      "domains": [],
      "composites": [],
      "ranges": []
    }
    "#);
    assert!(facts_of(&[]).to_json().ends_with("}\n"));
}

#[test]
fn the_hash_follows_the_meaning_and_not_the_layout() {
    let facts = facts_of(&["a", "b"]);
    let one_line = serde_json::to_string(&facts).unwrap();
    assert_eq!(Facts::from_json(&one_line).unwrap().hash(), facts.hash());
    assert_ne!(facts_of(&["b", "a"]).hash(), facts.hash());
    assert_eq!(facts.hash().len(), 64);
}

#[test]
fn a_key_written_the_long_way_is_the_same_key() {
    let with_key = |key: &str| {
        let unique = format!(r#""unique": [{{"name": "u", "columns": [{key}]}}]"#);
        Facts::from_json(&facts_of(&["a"]).to_json().replace(r#""unique": []"#, &unique)).unwrap()
    };
    assert_eq!(with_key(r#"{"column": "a"}"#), with_key(r#""a""#));
    assert_ne!(with_key(r#"{"column": "a", "descending": true}"#), with_key(r#""a""#));
}

#[test]
fn what_contradicts_itself_is_refused() {
    let twice = facts_of(&["a", "a"]).to_json();
    let error = Facts::from_json(&twice).unwrap_err();
    assert!(matches!(error, LoadError::Invalid { .. }));
    assert_eq!(error.to_string(), "public.t: the column a is there twice");
    assert!(error.help().contains("run `cargo oosync snapshot` again"));
    let text = facts_of(&["a"]).to_json();
    let key = r#""primary_key": {"name": "k", "columns": ["b"]}"#;
    let error = Facts::from_json(&text.replace(r#""primary_key": null"#, key)).unwrap_err();
    assert!(error.to_string().contains("k names the column b, which is not there"), "{error}");
    let error = Facts::from_json(&text.replace(r#""format": 1"#, r#""format": 0"#)).unwrap_err();
    assert!(error.to_string().contains("there is no format 0"), "{error}");
}

#[test]
fn a_mark_of_byte_order_does_no_harm() {
    let facts = facts_of(&["a"]);
    assert_eq!(Facts::from_json(&format!("\u{feff}{}", facts.to_json())).unwrap(), facts);
}

#[test]
fn what_a_merge_could_double_is_refused() {
    let text = facts_of(&["a"]).to_json();
    let policy = r#"{"name": "p", "command": "select", "roles": ["public"], "using": "true"}"#;
    let twice = text.replace(r#""policies": []"#, &format!(r#""policies": [{policy}, {policy}]"#));
    let error = Facts::from_json(&twice).unwrap_err();
    assert_eq!(error.to_string(), "public.t: the policy p is there twice");
    let many = text.replace(r#""name": "text"}"#, r#""name": "text", "dimensions": 4294967295}"#);
    assert!(Facts::from_json(&many).unwrap_err().to_string().contains("dimensions"));
    let nowhere = text.replacen(r#""public""#, r#""app""#, 1);
    assert!(Facts::from_json(&nowhere).unwrap_err().to_string().contains("not part of the snapshot"));
}

#[test]
fn every_marker_of_a_merge_conflict_is_recognised_and_no_content_is_one() {
    let text = facts_of(&["<<<<<<< HEAD", ">>>>>>> b", "======="]).to_json();
    assert!(Facts::from_json(&text).is_ok());
    for marker in ["<<<<<<< HEAD", "||||||| base", ">>>>>>> branch"] {
        let (line, marked) = (5, text.replacen("\n  \"tables\"", &format!("\n{marker}\n  \"tables\""), 1));
        match Facts::from_json(&marked).unwrap_err() {
            LoadError::MergeConflict { location } => assert_eq!(location.line, line + 1, "{marked}"),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn a_newer_format_is_refused_whatever_it_holds() {
    let error = Facts::from_json(r#"{"format": 7, "tables": {"a": 1}}"#).unwrap_err();
    assert!(matches!(&error, LoadError::NewerFormat { found, .. } if found == "7"), "{error}");
    let error = Facts::from_json(r#"{"format": 99999999999999999999999}"#).unwrap_err();
    assert!(matches!(error, LoadError::NewerFormat { .. }), "{error}");
}

proptest! {
    #[test]
    fn any_names_survive_saving_and_loading(
        names in proptest::collection::btree_set("[\\PC\n\t\"\\\\]{1,20}", 0..6),
        comment in proptest::option::of(".*"),
    ) {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut facts = facts_of(&names);
        facts.tables[0].comment = comment;
        let text = facts.to_json();
        let loaded = Facts::from_json(&text).unwrap();
        prop_assert_eq!(&loaded, &facts);
        prop_assert_eq!(loaded.to_json(), text);
    }

    #[test]
    fn no_text_panics(text in ".*") {
        let _ = Facts::from_json(&text);
    }

    #[test]
    fn no_damage_panics(at in 0_usize..400, with in "[\\PC\n]{0,3}") {
        let mut text = facts_of(&["a", "b"]).to_json();
        let at = crate::diagnostic::char_floor(&text, at);
        text.replace_range(at..(at + 1).min(text.len()), &with);
        let _ = Facts::from_json(&text);
    }
}
