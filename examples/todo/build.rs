//! Checks the facts, the config and the comment tags before anything is compiled.

fn main() {
    oosync_build::compile();
}
