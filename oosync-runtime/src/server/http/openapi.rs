//! OpenAPI 3.1.

use serde_json::{Value, json};

use crate::server::engine::Shared;

/// The document.
pub(super) fn document(_shared: &Shared) -> Value {
    json!({})
}
