//! The messages of the protocol as JSON schemas. A test sends and receives each of them, and compares.

use serde_json::{Map, Value, json};

use super::of;
use crate::protocol::{
    ErrorCode, Kept, Limits, MAX_DIGEST_BITS, Op, PageLimit, ReasonCode, SnapshotReason, Status,
};

fn text(what: &str) -> Value {
    json!({"type": "string", "description": what})
}

fn uuid(what: &str) -> Value {
    json!({"type": "string", "format": "uuid", "description": what})
}

fn count(what: &str) -> Value {
    json!({"type": "integer", "minimum": 0, "description": what})
}

fn seconds(what: &str) -> Value {
    json!({"type": "number", "minimum": 0, "description": format!("{what}; in seconds")})
}

fn list(items: Value) -> Value {
    json!({"type": "array", "items": items})
}

/// A word that newer servers may have others for.
fn word<'w>(what: &str, known: impl IntoIterator<Item = &'w str>) -> Value {
    let known: Vec<&str> = known.into_iter().collect();
    json!({"type": "string", "description": format!("{what}; there may be others later"), "examples": known})
}

/// What the server reads: no other fields.
fn request(required: &[&str], properties: Value) -> Value {
    json!({"type": "object", "required": required, "additionalProperties": false, "properties": properties})
}

/// What the server writes: there may be other fields later.
fn reply(required: &[&str], properties: Value) -> Value {
    json!({"type": "object", "required": required, "properties": properties})
}

pub(super) fn schemas() -> Map<String, Value> {
    let mut schemas = Map::new();
    let mut add = |name: &str, schema: Value| drop(schemas.insert(name.to_owned(), schema));
    let client = || uuid("The device, as `register` named it");
    let hash = || text("The hash of the schema that the device was built with");
    let limit = || {
        let most = PageLimit::MAX.get();
        let usual = PageLimit::default().get();
        json!({"type": "integer", "minimum": 1, "maximum": most, "default": usual, "description": "Rows in a page"})
    };
    let tables = || text("A table, by its name on the device");
    add(
        "Register",
        request(
            &["schema_hash"],
            json!({
                "client": uuid("The id that it was given before"),
                "schema_hash": hash(),
                "app_version": text("The version of the app"),
                "device": text("What its user calls it"),
                "lease": list(of("LeaseRequest")),
            }),
        ),
    );
    add(
        "Registered",
        reply(
            &["client", "user", "schema_hash", "server_time", "limits"],
            json!({
                "client": client(),
                "user": text("The user"),
                "schema_hash": text("The hash of the schema that is served"),
                "server_time": text("The server's clock"),
                "limits": of("Limits"),
                "lease": list(of("Lease")),
            }),
        ),
    );
    let limits = Limits::default();
    add(
        "Limits",
        reply(
            &[],
            json!({
                "max_body": {"type": "integer", "default": limits.max_body, "description": "Bytes of a body"},
                "max_mutations": {"type": "integer", "default": limits.max_mutations},
                "max_wait": {"type": "number", "default": limits.max_wait.as_secs()},
                "max_lease": {"type": "integer", "default": limits.max_lease},
            }),
        ),
    );
    add(
        "LeaseRequest",
        request(
            &["table", "column", "count"],
            json!({"table": tables(), "column": text("The column"), "count": {"type": "integer", "minimum": 1}}),
        ),
    );
    let range = reply(&["first", "last"], json!({"first": {"type": "integer"}, "last": {"type": "integer"}}));
    add(
        "Lease",
        reply(
            &["table", "column", "ranges"],
            json!({"table": tables(), "column": text("The column"), "ranges": list(range)}),
        ),
    );
    add(
        "Pull",
        request(
            &["client", "schema_hash"],
            json!({
                "client": client(),
                "schema_hash": hash(),
                "cursor": text("Where the device stands"),
                "resume": text("Goes on after a page"),
                "limit": limit(),
                "wait": seconds("How long to wait for a change where there is none"),
                "acknowledged": count("The answers to mutations up to this id are stored"),
            }),
        ),
    );
    add("PullReply", json!({"oneOf": [of("Changes"), of("SnapshotRequired")]}));
    let next = json!({
        "has_more": {"type": "boolean"},
        "resume": text("With `has_more`: goes on"),
        "cursor": text("Without `has_more`: the next pull begins here"),
    });
    let with_next = |mut properties: Value| {
        for (name, schema) in next.as_object().into_iter().flatten() {
            properties[name] = schema.clone();
        }
        properties
    };
    add(
        "Changes",
        reply(
            &["has_more", "included"],
            with_next(json!({
                "records": of("Records"),
                "deletes": {"type": "object", "additionalProperties": list(json!({"type": "object"}))},
                "buckets": of("Buckets"),
                "schema": of("SchemaVersion"),
                "included": of("Included"),
            })),
        ),
    );
    add(
        "SnapshotRequired",
        reply(
            &["snapshot_required"],
            json!({"snapshot_required": reply(
                &["reason"],
                json!({
                    "reason": word("Why", SnapshotReason::KNOWN.iter().map(SnapshotReason::as_str)),
                    "message": text("For people"),
                }),
            )}),
        ),
    );
    add(
        "Snapshot",
        request(
            &["client", "schema_hash"],
            json!({
                "client": client(),
                "schema_hash": hash(),
                "resume": text("Goes on after a page"),
                "tables": list(tables()),
                "cursor": text("Of a device that has other tables already"),
                "limit": limit(),
                "order": {"description": "Of rows in frames", "enum": ["key", "any"], "default": "key"},
            }),
        ),
    );
    add("SnapshotReply", json!({"oneOf": [of("SnapshotPage"), of("SnapshotRequired")]}));
    add(
        "SnapshotPage",
        reply(
            &["has_more", "rows"],
            with_next(json!({
                "records": of("Records"),
                "buckets": of("Buckets"),
                "schema": of("SchemaVersion"),
                "rows": count("Rows so far"),
                "estimated": count("About how many there are"),
            })),
        ),
    );
    add(
        "Push",
        request(
            &["client", "schema_hash", "mutations"],
            json!({
                "client": client(),
                "schema_hash": hash(),
                "mutations": list(of("Mutation")),
                "acknowledged": count("The answers to mutations up to this id are stored"),
                "lease": list(of("LeaseRequest")),
            }),
        ),
    );
    let columns = |what: &str| json!({"type": "object", "description": format!("Values by column: {what}")});
    add(
        "Mutation",
        request(
            &["id", "table", "op", "key"],
            json!({
                "id": {"type": "integer", "minimum": 1, "description": "Larger than all before it, never used twice"},
                "table": tables(),
                "op": {"enum": [Op::Insert, Op::Update, Op::Delete]},
                "key": columns("the primary key, whole"),
                "values": columns("what is set or changed"),
                "base": columns("what the server had when the edit began; of an update, for each in `values`"),
                "edited_at": text("When it was written, by the device's clock"),
                "group": count("All of a group are applied, or none: the id of its first"),
            }),
        ),
    );
    add(
        "PushReply",
        reply(&["results"], json!({"results": list(of("MutationResult")), "lease": list(of("Lease"))})),
    );
    add(
        "MutationResult",
        reply(
            &["id", "status"],
            json!({
                "id": count("The mutation"),
                "status": word("Whether it counts", Status::KNOWN.iter().map(Status::as_str)),
                "reason": word("Why", ReasonCode::KNOWN.iter().map(ReasonCode::as_str)),
                "message": text("For people"),
                "columns": list(text("A column that the reason is about")),
                "row": {"type": "object", "description": "The row as it is on the server, where it is not what was sent"},
                "conflicts": list(of("ColumnConflict")),
                "failed_for": count("Of a group: the mutation that it failed for"),
                "retry_after": seconds("When to try again"),
            }),
        ),
    );
    add(
        "ColumnConflict",
        reply(
            &["column", "kept"],
            json!({
                "column": text("The column"),
                "base": {"description": "What it was when the edit began"},
                "mine": {"description": "What the device sent"},
                "theirs": {"description": "What the server had"},
                "kept": word("Which of them counts", Kept::KNOWN.iter().map(Kept::as_str)),
            }),
        ),
    );
    let bits = json!({
        "type": "integer", "minimum": 0, "maximum": MAX_DIGEST_BITS,
        "description": "How many first bits of a key's digest name its range",
    });
    let digests = |what: &str| json!({"type": "array", "items": {"type": "string"}, "description": what});
    add(
        "Digest",
        request(
            &["client", "schema_hash", "cursor", "tables"],
            json!({
                "client": client(),
                "schema_hash": hash(),
                "cursor": text("Where the device is"),
                "tables": {"type": "object", "additionalProperties": bits.clone()},
            }),
        ),
    );
    add("DigestReply", json!({"oneOf": [of("Digests"), of("SnapshotRequired")]}));
    add(
        "Digests",
        reply(&["tables"], json!({"tables": {"type": "object", "additionalProperties": of("TableDigest")}})),
    );
    add(
        "TableDigest",
        reply(
            &["rows", "ranges"],
            json!({
                "rows": count("Rows that are compared"),
                "ranges": digests("The sum of each range, 32 hexadecimal digits"),
                "changed": digests("Digests of the keys that changed since the cursor and are left out"),
            }),
        ),
    );
    add(
        "Ranges",
        request(
            &["client", "schema_hash", "cursor", "table", "bits", "ranges"],
            json!({
                "client": client(),
                "schema_hash": hash(),
                "cursor": text("Where the device is"),
                "table": tables(),
                "bits": bits,
                "ranges": list(count("A range, from 0")),
            }),
        ),
    );
    add("RangesReply", json!({"oneOf": [of("RangeRows"), of("SnapshotRequired")]}));
    add(
        "RangeRows",
        reply(
            &["ranges"],
            json!({
                "ranges": list(count("A range that is answered; the others are to be asked for again")),
                "records": list(json!({"type": "object", "description": "A row of the table"})),
                "changed": digests("Digests of the keys that changed since the cursor and are left out"),
            }),
        ),
    );
    add("Buckets", reply(&[], json!({"added": list(text("A bucket")), "removed": list(text("A bucket"))})));
    add(
        "SchemaVersion",
        reply(&["version", "hash"], json!({"version": count("Counts schemas"), "hash": text("The hash")})),
    );
    add(
        "Included",
        reply(
            &["through"],
            json!({"through": count("All mutations up to this"), "except": list(count("But not this"))}),
        ),
    );
    add(
        "ErrorBody",
        reply(
            &["code", "message"],
            json!({
                "code": word("Why", ErrorCode::KNOWN.iter().map(ErrorCode::as_str)),
                "message": text("For people"),
                "retry_after": seconds("When to try again"),
                "details": {"description": "More, by code"},
            }),
        ),
    );
    schemas
}
