//! What `#[derive(Syncable)]` costs: run with `cargo test -p oosync-build --release --test derive_cost -- --ignored --nocapture`.

#![cfg(feature = "derive")]
#![allow(clippy::unwrap_used, reason = "tests")]

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
    text.parse().unwrap()
}

/// In one process, as rustc expands the derives of a crate; tokens are those of `proc_macro2` outside of a compiler.
#[test]
#[ignore = "a measurement"]
fn a_derive_takes_less_than_a_millisecond() {
    const STRUCTS: u32 = 1_000;
    let inputs: Vec<TokenStream> = (0..STRUCTS as usize).map(row).collect();
    let mut inputs = inputs.into_iter();
    let begin = Instant::now();
    let expanded = syncable(inputs.next().unwrap()).to_string();
    let first = begin.elapsed();
    assert!(expanded.contains("Syncable for Todo0") && !expanded.contains("compile_error"), "{expanded}");

    let begin = Instant::now();
    for input in inputs {
        assert!(!syncable(input).is_empty());
    }
    let each = begin.elapsed() / (STRUCTS - 1);
    println!("the first, which reads and plans: {first:?}; each further one: {each:?}");
    // A build of the compiler itself without optimisation is slower, and still not what a person waits for.
    let bound = if cfg!(debug_assertions) { 5_000 } else { 1_000 };
    assert!(each.as_micros() < bound, "{each:?}");
}
