#![allow(clippy::unwrap_used)]

use super::table::{Held, TABLE};
use super::*;
use crate::config::UuidForm;
use crate::facts::{Facts, TypeRef};

fn facts(types: &str) -> Facts {
    Facts::from_json(&format!(
        r#"{{"format": 1, "schemas": ["public"], "tables": [{{"schema": "public", "name": "pairs", "kind": "table", "comment": null,
            "columns": [{{"name": "a", "type": {{"schema": "pg_catalog", "name": "int4"}}}}, {{"name": "b", "type": {{"schema": "public", "name": "mood"}}}}],
            "primary_key": null, "unique": [], "foreign_keys": [], "checks": [], "indexes": [], "policies": []}}], {types}}}"#
    ))
    .unwrap()
}

fn usual() -> Facts {
    facts(
        r#""enums": [{"schema": "public", "name": "mood", "comment": null, "labels": ["sad", "happy"]}],
        "domains": [
            {"schema": "public", "name": "tags", "comment": null, "base": {"schema": "pg_catalog", "name": "text", "dimensions": 1}, "checks": []},
            {"schema": "public", "name": "amount", "comment": null, "base": {"schema": "pg_catalog", "name": "numeric", "precision": 8, "scale": 2}, "checks": []},
            {"schema": "public", "name": "price", "comment": null, "base": {"schema": "public", "name": "amount"}, "not_null": true, "checks": []}],
        "composites": [
            {"schema": "public", "name": "inner", "comment": null, "attributes": [{"name": "id", "type": {"schema": "pg_catalog", "name": "uuid"}}]},
            {"schema": "public", "name": "outer", "comment": null, "attributes": [{"name": "list", "type": {"schema": "public", "name": "inner", "dimensions": 1}}]},
            {"schema": "public", "name": "odd", "comment": null, "attributes": [{"name": "who", "type": {"schema": "pg_catalog", "name": "regrole"}}]}],
        "ranges": [{"schema": "public", "name": "floatrange", "comment": null, "subtype": {"schema": "pg_catalog", "name": "float8"}}]"#,
    )
}

fn array(ty: TypeRef) -> TypeRef {
    TypeRef { dimensions: 1, ..ty }
}

fn of(name: &str) -> Result<ColumnType, Unmapped> {
    let (schema, name) = name.split_once('.').unwrap_or(("pg_catalog", name));
    resolve(&TypeRef::new(schema, name), &usual(), UuidForm::Blob)
}

/// The rows of the table in the module's documentation: names and SQLite type.
fn documented() -> Vec<(Vec<String>, String)> {
    let rows = include_str!("mod.rs").lines().filter_map(|line| line.strip_prefix("//! | "));
    rows.skip(2)
        .map(|row| {
            let cells: Vec<_> = row.split(" | ").collect();
            let names = cells[0].split(", ").map(|name| name.trim_matches('`').to_owned()).collect();
            let sqlite = cells[1].split('`').nth(1).unwrap_or_default().to_owned();
            (names, sqlite)
        })
        .collect()
}

#[test]
fn the_documented_table_is_the_one_in_use() {
    let sql_name = |name: &str| TypeRef::new("pg_catalog", name).to_string();
    let mut missing: Vec<_> = TABLE.iter().collect();
    for (names, sqlite) in documented() {
        for name in names {
            let is = |row: &&table::Mapping| {
                row.name == name
                    || sql_name(row.name) == name
                    || (row.name == "char" && name == "\"char\"")
                    || (row.name == "timestamptz" && name == "timestamp with time zone")
                    || (row.name == "timestamp" && name == "timestamp without time zone")
                    || (row.name == "time" && name == "time without time zone")
                    || (row.name == "timetz" && name == "time with time zone")
                    || (row.name.ends_with("range")
                        && row.extension.is_none()
                        && name == if row.name.contains("multi") { "multiranges" } else { "ranges" })
            };
            for row in TABLE.iter().filter(is) {
                let ty = match row.held {
                    Held::Scalar(scalar) => ColumnType::Scalar(scalar),
                    Held::Text => ColumnType::Text(QualifiedName::new("pg_catalog", row.name)),
                };
                assert_eq!((row.name, ty.sqlite_type()), (row.name, sqlite.as_str()));
                missing.retain(|other| *other != row);
            }
        }
    }
    assert!(missing.is_empty(), "not documented: {missing:?}");
}

#[test]
fn every_row_of_the_table_resolves_to_what_it_says() {
    for row in TABLE {
        let ty = match row.extension {
            None => TypeRef::new("pg_catalog", row.name),
            // Extensions live in a schema of anybody's choice.
            Some(extension) => {
                TypeRef { extension: Some(extension.to_owned()), ..TypeRef::new("ext", row.name) }
            }
        };
        let expected = match row.held {
            Held::Scalar(scalar) => ColumnType::Scalar(scalar),
            Held::Text => ColumnType::Text(QualifiedName::new(&ty.schema, row.name)),
        };
        assert_eq!(resolve(&ty, &usual(), UuidForm::Blob), Ok(expected.clone()), "{}", row.name);
        let elements = ColumnType::Array(Box::new(expected));
        assert_eq!(resolve(&array(ty), &usual(), UuidForm::Blob), Ok(elements));
    }
}

#[test]
fn domains_are_looked_through() {
    assert_eq!(of("public.price"), Ok(ColumnType::Scalar(Scalar::Numeric)));
    let text = ColumnType::Scalar(Scalar::Text);
    assert_eq!(of("public.tags"), Ok(ColumnType::Array(Box::new(text.clone()))));
    let tags = resolve(&array(TypeRef::new("public", "tags")), &usual(), UuidForm::Blob);
    assert_eq!(
        tags,
        Ok(ColumnType::Array(Box::new(ColumnType::Array(Box::new(text))))),
        "an array of arrays"
    );
}

#[test]
fn composites_and_row_types_hold_their_parts() {
    let uuid = |form| {
        let inner = vec![Attribute { name: "id".to_owned(), ty: ColumnType::Scalar(form) }];
        let inner = ColumnType::Composite(QualifiedName::new("public", "inner"), inner);
        let outer = vec![Attribute { name: "list".to_owned(), ty: ColumnType::Array(Box::new(inner)) }];
        ColumnType::Composite(QualifiedName::new("public", "outer"), outer)
    };
    assert_eq!(of("public.outer"), Ok(uuid(Scalar::Uuid)));
    let outer = TypeRef::new("public", "outer");
    assert_eq!(resolve(&outer, &usual(), UuidForm::Text), Ok(uuid(Scalar::UuidText)));
    let ColumnType::Composite(_, columns) = of("public.pairs").unwrap() else { panic!("a row type") };
    assert_eq!(columns[1].ty, ColumnType::Enum(QualifiedName::new("public", "mood")));
}

#[test]
fn ranges_of_users_are_text_and_so_are_their_multiranges() {
    for name in ["floatrange", "floatmultirange"] {
        let expected = ColumnType::Text(QualifiedName::new("public", name));
        assert_eq!(resolve(&TypeRef::new("public", name), &usual(), UuidForm::Blob), Ok(expected));
    }
}

#[test]
fn what_means_something_on_one_server_only_is_refused() {
    for name in ["regclass", "regrole", "aclitem", "xid", "cid", "tid", "pg_node_tree", "refcursor"] {
        assert_eq!(of(name).unwrap_err().to_string(), format!("the type {name} has no form on the device"));
    }
    assert_eq!(of("public.int4").unwrap_err().to_string(), "the type public.int4 has no form on the device");
    assert_eq!(
        of("public.odd").unwrap_err().to_string(),
        "the type regrole has no form on the device (attribute `who`)"
    );
}

#[test]
fn a_person_can_have_any_type_as_text() {
    let text = |ty| resolve_as_text(&ty, &usual()).unwrap();
    let named = |schema, name| ColumnType::Text(QualifiedName::new(schema, name));
    assert_eq!(text(TypeRef::new("pg_catalog", "regclass")), named("pg_catalog", "regclass"));
    assert_eq!(text(array(TypeRef::new("pg_catalog", "int4"))), named("pg_catalog", "_int4"));
    assert_eq!(text(TypeRef::new("public", "tags")), named("pg_catalog", "_text"));
    assert_eq!(text(TypeRef::new("pg_catalog", "uuid")), ColumnType::Scalar(Scalar::UuidText));
}

#[test]
fn a_key_is_stable_where_equal_values_have_one_text() {
    let why = |ty: &TypeRef| unstable_key(ty, &usual());
    let named = |name: &str| TypeRef::new("pg_catalog", name);
    for name in ["int8", "uuid", "text", "timestamptz", "int4range", "inet"] {
        assert_eq!(why(&named(name)), None, "{name}");
    }
    for name in ["numeric", "float8", "interval", "jsonb", "numrange", "regclass"] {
        assert!(why(&named(name)).is_some(), "{name}");
    }
    assert_eq!(why(&TypeRef::new("public", "price")), None, "two digits always");
    assert_eq!(
        why(&TypeRef::new("public", "floatmultirange")).unwrap(),
        "equal values of double precision can be written in different ways"
    );
    assert_eq!(why(&TypeRef::new("public", "inner")), None);
}

#[test]
fn types_in_a_circle_are_refused() {
    let mut facts = usual();
    let own = TypeRef::new("public", "amount");
    facts.domains.iter_mut().find(|domain| domain.name == "amount").unwrap().base = own.clone();
    assert!(resolve(&own, &facts, UuidForm::Blob).is_err());
    assert!(unstable_key(&own, &facts).is_some());
}
