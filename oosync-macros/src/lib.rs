//! The home of `#[derive(Syncable)]`: a thin shim over the schema compiler in `oosync-build`.
//!
//! This version exports no macro. The facts that a derive is checked against come first; see `oosync-build`.
