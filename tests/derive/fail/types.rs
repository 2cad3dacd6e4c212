//! Types that cannot hold their column: the error is at the type, once.

use std::collections::HashMap;

use oosync_runtime::Syncable;
use oosync_runtime::types::{Date, Json, Numeric, Timestamptz, Uuid};

#[derive(Clone)]
struct NoteId(Uuid);

struct Line {
    _street: String,
}

#[derive(Syncable)]
#[syncable(table = "notes")]
struct Note {
    id: NoteId,
    user_id: String,
    title: Option<String>,
    body: String,
    stars: i16,
    due_on: Option<Timestamptz>,
    created_at: std::time::SystemTime,
    tags: Vec<i32>,
    options: Option<HashMap<String, String>>,
    mood: u8,
}

#[derive(Syncable)]
#[syncable(table = "shapes")]
struct Shape {
    id: &'static str,
    a_boolean: i32,
    a_bigint: i32,
    an_oid: i32,
    a_real: Numeric,
    a_double: f32,
    a_numeric: f64,
    a_money: Numeric,
    a_char: char,
    a_bytea: Json,
    a_timestamp: Timestamptz,
    a_date: String,
    a_time: Date,
    a_timetz: String,
    an_interval: i64,
    an_address: Line,
    a_percent: u8,
    an_inet: std::net::IpAddr,
    a_range: std::ops::Range<i32>,
    moods: Vec<u8>,
}

/// Null until the server has filled it.
#[derive(Syncable)]
#[syncable(table = "invoices")]
struct Invoice {
    id: Uuid,
    number: i64,
    gross: Numeric,
}

/// Without the whole key, it can only be read.
#[derive(Syncable)]
#[syncable(table = "stock")]
struct Amount {
    amount: Option<i64>,
}

fn main() {}
