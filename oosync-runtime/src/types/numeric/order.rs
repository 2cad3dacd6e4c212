//! Postgres's order of `numeric` (`cmp_numerics` in its `numeric.c`), on canonical text.

use std::cmp::Ordering;

use super::text::{self, Parts};

/// Compares two canonical texts by value: -Infinity, numbers, Infinity, NaN.
pub(crate) fn compare(left: &str, right: &str) -> Ordering {
    let ranks = rank(left).cmp(&rank(right));
    if ranks.is_ne() || !text::is_finite(left) {
        return ranks;
    }
    let (left, right) = (text::parts(left), text::parts(right));
    match (left.negative, right.negative) {
        (false, false) => compare_magnitudes(&left, &right),
        (true, true) => compare_magnitudes(&right, &left),
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
    }
}

fn rank(text: &str) -> u8 {
    match text {
        text::NEG_INFINITY => 0,
        text::INFINITY => 2,
        text::NAN => 3,
        _ => 1,
    }
}

fn compare_magnitudes(left: &Parts<'_>, right: &Parts<'_>) -> Ordering {
    let whole = left.whole.len().cmp(&right.whole.len()).then_with(|| left.whole.cmp(right.whole));
    whole.then_with(|| without_zeros(left.fraction).cmp(without_zeros(right.fraction)))
}

/// Zeros at the end mean nothing.
fn without_zeros(fraction: &[u8]) -> &[u8] {
    let end = fraction.iter().rposition(|&digit| digit != b'0').map_or(0, |last| last + 1);
    &fraction[..end]
}
