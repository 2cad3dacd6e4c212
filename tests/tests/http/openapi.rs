//! The document that describes the protocol, beside what is really sent.

use oosync_runtime::protocol::MEDIA_TYPE;
use serde_json::{Value, json};

use super::client::Answer;
use super::support::user;
use super::web::Web;

/// What of a value a schema does not allow, by a reading of it that is enough for this document.
fn check(document: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = document.pointer(reference.strip_prefix('#').unwrap()).unwrap();
        return check(document, schema, value, at, found);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fits = |choice: &&Value| {
            let mut found = Vec::new();
            check(document, choice, value, at, &mut found);
            found.is_empty()
        };
        let fitting = choices.iter().filter(fits).count();
        if fitting != 1 {
            found.push(format!("{at}: {fitting} choices fit"));
        }
        return;
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let named = |ty: &Value| ty == kind || (ty == "number" && kind == "integer");
    let fits = match &schema["type"] {
        Value::Null => true,
        Value::Array(types) => types.iter().any(named),
        ty => named(ty),
    };
    if !fits {
        found.push(format!("{at}: {kind} is not {}", schema["type"]));
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        if value.get(name.as_str().unwrap()).is_none() {
            found.push(format!("{at}: {name} is missing"));
        }
    }
    for (name, part) in value.as_object().into_iter().flatten() {
        let at = format!("{at}.{name}");
        match (schema["properties"].get(name), schema.get("additionalProperties")) {
            (Some(schema), _) => check(document, schema, part, &at, found),
            (None, Some(Value::Bool(false))) => found.push(format!("{at} is not in the document")),
            (None, Some(schema)) => check(document, schema, part, &at, found),
            // The document names what this version sends.
            (None, None) if schema.get("properties").is_some() => {
                found.push(format!("{at} is not in the document"));
            }
            (None, None) => {}
        }
    }
    for (place, part) in value.as_array().into_iter().flatten().enumerate() {
        check(document, &schema["items"], part, &format!("{at}[{place}]"), found);
    }
}

#[track_caller]
fn fits(document: &Value, name: &str, value: &Value) {
    let mut found = Vec::new();
    check(document, &json!({"$ref": format!("#/components/schemas/{name}")}), value, name, &mut found);
    assert!(found.is_empty(), "{found:?} in {value}");
}

#[test]
fn what_is_sent_is_what_the_document_says() {
    let web = Web::todo();
    web.execute(&format!(
        "insert into lists (id, owner_id, title) values ('20000000-0000-4000-8000-000000000001', '{}', 'list');
         insert into todos (list_id, title, budget, tags, details, due_on)
           select id, 'todo', 1.50, array['a', null], '{{\"a\": 1}}', '2024-02-29' from lists;
         insert into labels (name) values ('red')",
        user(0)
    ));
    let document = web.get("/openapi.json").json();
    assert_eq!(document["openapi"], "3.1.0");
    let exchange = |path: &str, request: &Value| -> Answer {
        let operation = &document["paths"][path]["post"];
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let name = schema["$ref"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        fits(&document, &name, request);
        let answer = web.post(0, path, request);
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.contains_key(&answer.status.to_string()), "{}", answer.status);
        let reply = if answer.status == 200 {
            let schema = &responses["200"]["content"]["application/json"]["schema"]["$ref"];
            schema.as_str().unwrap().rsplit('/').next().unwrap().to_owned()
        } else {
            "ErrorBody".to_owned()
        };
        fits(&document, &reply, &answer.json());
        answer
    };
    let lease = json!([{"table": "comments", "column": "id", "count": 5}]);
    let register =
        json!({"schema_hash": web.hash(), "app_version": "1.0", "device": "phone", "lease": lease});
    let registered = exchange("/register", &register).json();
    assert_eq!(registered["lease"][0]["table"], "comments");
    let base = json!({"client": registered["client"], "schema_hash": web.hash()});
    let with = |name: &str, value: Value| {
        let mut request = base.clone();
        request[name] = value;
        request
    };
    exchange("/pull", &base);
    exchange("/pull", &with("cursor", json!("no cursor")));
    exchange("/register", &json!({"schema_hash": "another"}));
    let page = exchange("/snapshot", &with("limit", json!(2))).json();
    let page = exchange("/snapshot", &with("resume", page["resume"].clone())).json();
    web.execute("delete from labels; update todos set title = 'other', done = true");
    exchange("/pull", &with("cursor", page["cursor"].clone()));
    let mut digest = with("cursor", page["cursor"].clone());
    digest["tables"] = json!({"lists": 2, "todos": 0});
    let digests = exchange("/digest", &digest).json();
    assert_eq!(digests["tables"]["lists"]["ranges"].as_array().unwrap().len(), 4);
    assert_eq!(digests["tables"]["todos"]["changed"].as_array().unwrap().len(), 1);
    digest["tables"] = json!({"lists": 15});
    assert_eq!(web.post(0, "/digest", &digest).status, 400);
    let mut ranges = with("cursor", page["cursor"].clone());
    (ranges["table"], ranges["bits"], ranges["ranges"]) = (json!("lists"), json!(1), json!([0, 1]));
    assert_eq!(exchange("/ranges", &ranges).json()["records"].as_array().unwrap().len(), 1);
    ranges["ranges"] = json!([2]);
    assert_eq!(exchange("/ranges", &ranges).status, 400);
    let todo = web.server.database.client().query_one("select id::text from todos", &[]).unwrap();
    let key = json!({"id": todo.get::<_, String>(0)});
    let mutations = json!([
        {"id": 1, "table": "todos", "op": "update", "key": key, "values": {"title": "mine"}, "base": {"title": "todo"},
         "edited_at": "2020-01-01 00:00:00+00"},
        {"id": 2, "table": "todos", "op": "update", "key": key, "values": {"budget": "-1"}, "base": {"budget": "1.50"}},
        {"id": 3, "table": "todos", "op": "delete", "key": key, "base": {"title": "todo"}},
    ]);
    let pushed = exchange("/push", &with("mutations", mutations)).json();
    assert_eq!(pushed["results"][0]["status"], "conflict", "{pushed}");
    assert_eq!(pushed["results"][1]["status"], "rejected_terminal", "{pushed}");
    assert!(document["paths"]["/pull"]["post"]["responses"]["200"]["content"][MEDIA_TYPE].is_object());
}

#[test]
fn every_table_says_who_reads_and_writes_it() {
    let web = Web::todo();
    let document = web.get("/openapi.json").json();
    let todos = &document["components"]["schemas"]["row.todos"];
    assert_eq!(todos["x-primary-key"], json!(["id"]));
    assert_eq!(todos["x-sync"]["conflict"], "lww");
    assert_eq!(todos["x-rbac"]["push"], "members");
    assert_eq!(todos["properties"]["budget"], json!({"type": ["string", "null"], "x-postgres": "numeric"}));
    let lists = &document["components"]["schemas"]["row.lists"];
    assert_eq!(lists["x-rbac"]["bucket"], json!({"name": "team", "columns": ["team_id"]}));
    for table in web.engine.schema().tables {
        assert!(document["components"]["schemas"][format!("row.{}", table.name)].is_object());
    }
    // Every reference leads somewhere.
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let path = reference.split('"').next().unwrap();
        assert!(document.pointer(path).is_some(), "{path}");
    }
}
