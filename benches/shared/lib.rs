//! What the benchmarks have in common: `server` is what they run on, `figures` are medians, and how they are printed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark that cannot go on stops, and says where"
)]

pub mod figures;
pub mod server;

/// A number from the environment, or what it usually is.
pub fn setting(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(usual)
}
