//! OpenAPI 3.1: what the server speaks, for programs that make clients and documentation of it.
//!
//! Messages stand in `messages`, tables in `rows`. Every table says in `x-sync` how it takes part in the sync and in
//! `x-rbac` who reads and writes it.

mod messages;
mod rows;

use serde_json::{Map, Value, json};

use crate::protocol::{ErrorCode, MEDIA_TYPE};
use crate::server::engine::Shared;

/// The document.
pub(super) fn document(shared: &Shared) -> Value {
    let mut schemas = messages::schemas();
    for table in &shared.catalog.tables {
        schemas.insert(rows::name(table.table), rows::schema(table));
    }
    schemas.insert("Records".to_owned(), rows::by_table(shared));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "oosync",
            "version": format!("{}", shared.version().version),
            "description": "The sync protocol over the tables of one database. Errors are an `ErrorBody` with their \
                            status; bodies may be compressed by gzip or zstd in both directions.",
            "x-schema-hash": shared.schema.hash,
        },
        "security": [{"token": []}],
        "paths": paths(),
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas,
            "responses": {"Error": {
                "description": "Why the request was not answered",
                "headers": {
                    "Retry-After": {"schema": {"type": "integer"}, "description": "Of 429 and 503: seconds"},
                    "WWW-Authenticate": {"schema": {"type": "string"}, "description": "Of 401 and 403"},
                },
                "content": {"application/json": {"schema": of("ErrorBody")}},
            }},
        },
    })
}

/// A reference to a schema of the document.
fn of(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn paths() -> Value {
    let json = |name: &str| json!({"application/json": {"schema": of(name)}});
    let with_frames = |name: &str| {
        let mut content = json(name);
        content[MEDIA_TYPE] = json!({"schema": {"type": "string", "format": "binary"}});
        content
    };
    let anything = json!({"application/json": {"schema": {"type": "object"}}});
    json!({
        "/register": post("A device makes itself known", "Register", json("Registered")),
        "/pull": post("What changed since a cursor", "Pull", with_frames("PullReply")),
        "/push": post("What was written on a device", "Push", json("PushReply")),
        "/snapshot": post("Everything that the user may see", "Snapshot", with_frames("SnapshotReply")),
        "/digest": post("Whether a device has what the server has", "Digest", json("DigestReply")),
        "/ranges": post("The rows of ranges that differ", "Ranges", json("RangesReply")),
        "/schema": get("The schema that is served, and limits", anything.clone()),
        "/tables": get("The tables, with who reads and writes them", anything.clone()),
        "/openapi.json": get("This document", anything.clone()),
        "/health": get("Whether the server and its database are well", anything.clone()),
        "/health/ready": get("The same", anything.clone()),
        "/health/live": get("Whether the server runs", anything),
        "/metrics": get("What was counted, for Prometheus", json!({"text/plain": {"schema": {"type": "string"}}})),
    })
}

#[expect(clippy::needless_pass_by_value, reason = "it becomes part of the value")]
fn post(summary: &str, request: &str, content: Value) -> Value {
    let mut responses = Map::new();
    responses.insert("200".to_owned(), json!({"description": "Answered", "content": content}));
    // The statuses of all codes, in their order.
    let statuses: std::collections::BTreeSet<u16> =
        ErrorCode::KNOWN.iter().filter_map(ErrorCode::status).collect();
    for status in statuses {
        responses.insert(status.to_string(), json!({"$ref": "#/components/responses/Error"}));
    }
    json!({"post": {
        "summary": summary,
        "operationId": request.to_lowercase(),
        "requestBody": {"required": true, "content": {"application/json": {"schema": of(request)}}},
        "responses": responses,
    }})
}

#[expect(clippy::needless_pass_by_value, reason = "it becomes part of the value")]
fn get(summary: &str, content: Value) -> Value {
    json!({"get": {
        "summary": summary,
        "security": [],
        "responses": {
            "200": {"description": "Answered", "content": content},
            "default": {"$ref": "#/components/responses/Error"},
        },
    }})
}
