//! The claims of a token whose signature is right.
//!
//! They are kept as the text that was signed: a number read as `f64` and written again could be another number, and
//! two tenants one.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::token::json_problem;

/// A JSON object in which every name is there once. Of a name that is there twice each reader would take another.
struct Object<'a>(BTreeMap<Cow<'a, str>, &'a RawValue>);

impl<'de> Deserialize<'de> for Object<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    if members.insert(name, value).is_some() {
                        return Err(A::Error::custom("a name is there twice"));
                    }
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// Borrowed where it has no escapes; `Cow` alone is never borrowed.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// Claims as they were signed.
pub(super) struct Claims<'a> {
    text: &'a str,
    top: Object<'a>,
    map: Map<String, Value>,
}

impl<'a> Claims<'a> {
    /// # Errors
    ///
    /// For what is no object, names that are there twice at any depth, and NULs, which Postgres has no place for.
    pub(super) fn parse(text: &'a str) -> Result<Self, String> {
        // Depth is limited here, to 128.
        let map = serde_json::from_str(text)
            .map_err(|error| format!("the claims are no JSON object: {}", json_problem(&error)))?;
        let top: Object<'_> = serde_json::from_str(text)
            .map_err(|error| format!("the claims name one twice: {}", json_problem(&error)))?;
        top.0.values().try_for_each(|value| canonical(value.get(), &mut String::new()))?;
        if map_has_nul(&map) {
            return Err("the claims have a NUL in a text".to_owned());
        }
        Ok(Self { text, top, map })
    }

    /// All of them, as they were signed.
    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// All of them, for code that reads them.
    pub(super) fn into_map(self) -> Map<String, Value> {
        self.map
    }

    /// A claim at the top.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.map.get(name)
    }

    /// The claim of a path: `tenant`, or `app_metadata.tenant` within an object. A claim whose own name has dots comes
    /// before one within another, the one with the shorter name of those. Null is none.
    pub(super) fn find(&self, path: &str) -> Option<Value> {
        find(&self.map, path).filter(|value| !value.is_null()).cloned()
    }

    /// A claim as a setting: a text is itself, anything else its JSON as it was signed, none is empty.
    pub(super) fn as_setting(&self, path: &str) -> String {
        match self.find(path) {
            None => String::new(),
            Some(Value::String(text)) => text,
            Some(_) => find_raw(self.text, path).unwrap_or_default(),
        }
    }

    /// A claim as what is compared from one request to the next.
    pub(super) fn as_counted(&self, path: &str) -> String {
        let mut counted = String::new();
        match self.find(path).and_then(|_| find_raw(self.text, path)) {
            // Read before, in `parse`.
            Some(raw) if canonical(&raw, &mut counted).is_ok() => counted,
            _ => String::new(),
        }
    }

    /// All claims but those named, in one form whatever order and spaces an issuer writes.
    pub(super) fn counted(&self, but: impl Fn(&str) -> bool) -> String {
        let mut counted = String::new();
        for (name, value) in self.top.0.iter().filter(|(name, _)| !but(name)) {
            string(name, &mut counted);
            counted.push(':');
            // Read before, in `parse`.
            let _ = canonical(value.get(), &mut counted);
            counted.push(',');
        }
        counted
    }
}

fn find<'v>(map: &'v Map<String, Value>, path: &str) -> Option<&'v Value> {
    if let Some(value) = map.get(path) {
        return Some(value);
    }
    path.match_indices('.').find_map(|(dot, _)| find(map.get(&path[..dot])?.as_object()?, &path[dot + 1..]))
}

/// As [`find`], in text.
fn find_raw(text: &str, path: &str) -> Option<String> {
    let object: Object<'_> = serde_json::from_str(text).ok()?;
    if let Some(value) = object.0.get(path) {
        return Some(value.get().to_owned());
    }
    let within = |dot: usize| find_raw(object.0.get(&path[..dot])?.get(), &path[dot + 1..]);
    path.match_indices('.').find_map(|(dot, _)| within(dot))
}

/// Names in order, no spaces, numbers as they were written.
fn canonical(raw: &str, out: &mut String) -> Result<(), String> {
    let problem = |error: serde_json::Error| format!("the claims name one twice: {}", json_problem(&error));
    match raw.trim_ascii_start().as_bytes().first() {
        Some(b'{') => {
            let object: Object<'_> = serde_json::from_str(raw).map_err(problem)?;
            out.push('{');
            for (name, value) in &object.0 {
                string(name, out);
                out.push(':');
                canonical(value.get(), out)?;
                out.push(',');
            }
            out.push('}');
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(raw).map_err(problem)?;
            out.push('[');
            for item in items {
                canonical(item.get(), out)?;
                out.push(',');
            }
            out.push(']');
        }
        Some(b'"') => string(&serde_json::from_str::<Cow<'_, str>>(raw).map_err(problem)?, out),
        _ => out.push_str(raw.trim_ascii()),
    }
    Ok(())
}

fn string(text: &str, out: &mut String) {
    out.push_str(&Value::from(text).to_string());
}

fn map_has_nul(map: &Map<String, Value>) -> bool {
    map.iter().any(|(name, value)| name.contains('\0') || has_nul(value))
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(map) => map_has_nul(map),
        _ => false,
    }
}
