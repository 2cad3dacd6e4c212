//! `Oosync.toml` as a person would get it wrong.

mod against_facts;
mod text;

use crate::facts::Facts;

/// Tables of two schemas, one name in both, a foreign key, a domain, a name that needs quotes, and a table
/// without a primary key (`list_members`).
pub(super) fn facts() -> Facts {
    facts_with(None, None)
}

/// The same, with comments on `public.todos` and `public.todos.title`.
pub(super) fn facts_with(table_comment: Option<&str>, column_comment: Option<&str>) -> Facts {
    let ty = |name: &str| serde_json::json!({"schema": "pg_catalog", "name": name});
    let columns = |columns: &[(&str, &str)]| -> Vec<_> {
        columns.iter().map(|(name, of)| serde_json::json!({"name": name, "type": ty(of)})).collect()
    };
    let table = |schema: &str,
                 name: &str,
                 columns: Vec<serde_json::Value>,
                 foreign_keys: serde_json::Value| {
        let id = columns.iter().any(|column| column["name"] == "id");
        let primary_key = id.then(|| serde_json::json!({"name": format!("{name}_pkey"), "columns": ["id"]}));
        serde_json::json!({
            "schema": schema, "name": name, "kind": "table", "comment": null, "columns": columns,
            "primary_key": primary_key, "unique": [], "foreign_keys": foreign_keys, "checks": [], "indexes": [],
            "policies": [],
        })
    };
    let mut todos = table(
        "public",
        "todos",
        columns(&[
            ("id", "uuid"),
            ("title", "text"),
            ("user_id", "uuid"),
            ("list_id", "uuid"),
            ("practiced", "text"),
            ("status", "text"),
            ("created_at", "timestamptz"),
            ("updated_at", "timestamptz"),
            ("deleted_at", "timestamptz"),
            ("amount", "numeric"),
            ("two words", "text"),
        ]),
        serde_json::json!([{
            "name": "todos_list_id_fkey", "columns": ["list_id"],
            "references": {"schema": "public", "table": "lists", "columns": ["id"]}
        }]),
    );
    if let Some(columns) = todos["columns"].as_array_mut() {
        let stamp = serde_json::json!({"schema": "public", "name": "stamp"});
        columns.push(serde_json::json!({"name": "seen_at", "type": stamp}));
    }
    todos["comment"] = table_comment.into();
    if let Some(comment) = column_comment {
        todos["columns"][1]["comment"] = comment.into();
    }
    let none = serde_json::json!([]);
    let facts = serde_json::json!({
        "format": 1, "schemas": ["My App", "app", "public"],
        "tables": [
            table("My App", "To.Dos", columns(&[("id", "uuid")]), none.clone()),
            table("app", "notes", columns(&[("id", "uuid")]), none.clone()),
            table("public", "employees", columns(&[("id", "uuid"), ("salary", "numeric"), ("bonus", "numeric")]), none.clone()),
            table("public", "list_members", columns(&[("list_id", "uuid"), ("user_id", "uuid")]), none.clone()),
            table("public", "lists", columns(&[("id", "uuid")]), none.clone()),
            table("public", "notes", columns(&[("id", "uuid"), ("owner_id", "uuid")]), none.clone()),
            todos,
        ],
        "enums": [],
        "domains": [{
            "schema": "public", "name": "stamp", "comment": null,
            "base": {"schema": "pg_catalog", "name": "timestamptz"}, "checks": []
        }],
        "composites": [], "ranges": []
    });
    match Facts::from_json(&facts.to_string()) {
        Ok(facts) => facts,
        Err(error) => panic!("the facts of these tests are wrong: {error}"),
    }
}
