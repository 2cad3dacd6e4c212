//! What `#[derive(Syncable)]` costs: `cargo run --release -p oosync-benches --bin derive-cost`, and the same without
//! `--release` for what a person waits for where the build's own code is not optimized.

#![allow(clippy::expect_used, reason = "a benchmark that cannot go on stops, and says where")]

use std::time::Instant;

use oosync_build::derive::syncable;
use proc_macro2::TokenStream;

/// A struct with every column of `todos`, which has 13 of nine types.
fn row(number: usize) -> TokenStream {
    let text = format!(
        "#[syncable(table = \"todos\", insert)]
        struct Todo{number} {{
            id: Uuid, list_id: Uuid, assignee_id: Option<Uuid>, title: String, done: bool, priority: String,
            budget: Option<Numeric>, tags: Vec<String>, details: Option<Json>, due_on: Option<Date>,
            created_at: Timestamptz, updated_at: Timestamptz, deleted_at: Option<Timestamptz>,
        }}"
    );
    text.parse().expect("it is Rust")
}

/// In one process, as rustc expands the derives of a crate; tokens are those of `proc_macro2` outside of a compiler.
fn main() {
    const STRUCTS: u32 = 1_000;
    let inputs: Vec<TokenStream> = (0..STRUCTS as usize).map(row).collect();
    let mut inputs = inputs.into_iter();
    let begin = Instant::now();
    let expanded = syncable(inputs.next().expect("there are a thousand")).to_string();
    let first = begin.elapsed();
    assert!(expanded.contains("Syncable for Todo0") && !expanded.contains("compile_error"), "{expanded}");

    let begin = Instant::now();
    for input in inputs {
        assert!(!syncable(input).is_empty());
    }
    let each = begin.elapsed() / (STRUCTS - 1);
    println!("the first, which reads and plans: {first:?}; each further one: {each:?} (goal 1 ms)");
}
