//! A build script as a user writes it, built with these tests.

fn main() {
    oosync_build::compile();
}
