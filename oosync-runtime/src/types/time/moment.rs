//! Microseconds since 2000-01-01 00:00, as `timestamp` and `timestamptz` count them.
//!
//! The bounds are those of `src/include/datatype/timestamp.h` in Postgres's source.

use super::ascii::Ascii;
use super::calendar::Civil;
use super::date::push_day;
use super::scanner::{Fault, Scanner};
use super::time_of_day::push_clock;

pub(super) const MICROSECONDS_PER_SECOND: i64 = 1_000_000;
pub(super) const MICROSECONDS_PER_DAY: i64 = 86_400 * MICROSECONDS_PER_SECOND;

/// `DT_NOEND`.
pub(super) const INFINITY: i64 = i64::MAX;
/// `DT_NOBEGIN`.
pub(super) const NEG_INFINITY: i64 = i64::MIN;

/// 4714-11-24 BC, the first day of the Julian day count.
pub(super) const FIRST_DAY: i32 = -2_451_545;
/// 294276-12-31.
pub(super) const LAST_DAY: i32 = 106_751_982;

/// `MIN_TIMESTAMP`.
pub(super) const MIN: i64 = FIRST_DAY as i64 * MICROSECONDS_PER_DAY;
/// Just before `END_TIMESTAMP`.
pub(super) const MAX: i64 = (LAST_DAY as i64 + 1) * MICROSECONDS_PER_DAY - 1;

/// Whether Postgres has this value: in its range, or infinite.
pub(super) const fn exists(microseconds: i64) -> bool {
    (MIN <= microseconds && microseconds <= MAX) || !is_finite(microseconds)
}

pub(super) const fn is_finite(microseconds: i64) -> bool {
    microseconds != INFINITY && microseconds != NEG_INFINITY
}

/// The day, from 2000-01-01, and the microsecond of the day; of a finite value.
pub(super) const fn split(microseconds: i64) -> (i32, i64) {
    (microseconds.div_euclid(MICROSECONDS_PER_DAY) as i32, microseconds.rem_euclid(MICROSECONDS_PER_DAY))
}

/// The text, with what stands for the zone.
pub(super) fn text(microseconds: i64, zone: &str) -> Ascii {
    let mut text = Ascii::new();
    match microseconds {
        INFINITY => text.push_str("infinity"),
        NEG_INFINITY => text.push_str("-infinity"),
        _ => {
            let (days, time) = split(microseconds);
            let day = Civil::from_days(days);
            push_day(&mut text, day);
            text.push(b' ');
            push_clock(&mut text, time);
            text.push_str(zone);
            if day.year <= 0 {
                text.push_str(" BC");
            }
        }
    }
    text
}

/// Reads the text; an offset from UTC follows the time if `zoned`, and nothing does otherwise.
pub(super) fn read(text: &[u8], zoned: bool) -> Result<i64, Fault> {
    match text {
        b"infinity" => return Ok(INFINITY),
        b"-infinity" => return Ok(NEG_INFINITY),
        _ => {}
    }
    let mut scanner = Scanner::new(text);
    let day = scanner.day()?;
    if !scanner.take(b' ') && !scanner.take(b'T') {
        return Err(Fault::Invalid);
    }
    let time = scanner.clock()?;
    let offset = if zoned { scanner.offset()? } else { 0 };
    let before_christ = scanner.before_christ();
    scanner.end()?;
    if time == MICROSECONDS_PER_DAY {
        return Err(Fault::Invalid);
    }
    let days = day.days(before_christ)?;
    // A day more at each end: the offset may lead back into the range.
    if !(i64::from(FIRST_DAY) - 1..=i64::from(LAST_DAY) + 1).contains(&days) {
        return Err(Fault::OutOfRange);
    }
    let microseconds = days * MICROSECONDS_PER_DAY + time - i64::from(offset) * MICROSECONDS_PER_SECOND;
    if (MIN..=MAX).contains(&microseconds) { Ok(microseconds) } else { Err(Fault::OutOfRange) }
}

/// What [`Timestamp`](super::Timestamp) and [`Timestamptz`](super::Timestamptz) share: they differ in what a day and a
/// time mean, not in how microseconds are counted.
macro_rules! moment_type {
    ($type:ident, $zone:literal, $zoned:literal, $expected:literal) => {
        impl $type {
            /// Before all others.
            pub const NEG_INFINITY: Self = Self(moment::NEG_INFINITY);
            /// The first finite value: midnight of 4714-11-24 BC.
            pub const MIN: Self = Self(moment::MIN);
            /// The last finite value: a microsecond before the year 294277.
            pub const MAX: Self = Self(moment::MAX);
            /// After all others.
            pub const INFINITY: Self = Self(moment::INFINITY);

            /// From Postgres's own count: microseconds since 2000-01-01 00:00, where `i64::MAX` is infinity and
            /// `i64::MIN` is -infinity. None outside of [`MIN`](Self::MIN) and [`MAX`](Self::MAX).
            pub const fn from_pg_microseconds(microseconds: i64) -> Option<Self> {
                if moment::exists(microseconds) { Some(Self(microseconds)) } else { None }
            }

            /// Postgres's own count: microseconds since 2000-01-01 00:00, where `i64::MAX` is infinity and `i64::MIN`
            /// is -infinity.
            pub const fn pg_microseconds(self) -> i64 {
                self.0
            }

            /// Whether this is neither infinity nor -infinity.
            pub const fn is_finite(self) -> bool {
                moment::is_finite(self.0)
            }

            /// From Postgres's binary form.
            ///
            /// # Errors
            ///
            /// Where these are not eight bytes, or out of range.
            pub fn from_pg_binary(bytes: &[u8]) -> Result<Self, ValueError> {
                let microseconds = i64::from_be_bytes(pg_bytes(bytes, Self::EXPECTED)?);
                Self::from_pg_microseconds(microseconds).ok_or_else(|| {
                    ValueError::out_of_range(
                        format_args!("{microseconds} µs from 2000-01-01"),
                        Self::EXPECTED,
                    )
                })
            }

            /// Postgres's binary form.
            pub const fn to_pg_binary(&self) -> [u8; 8] {
                self.0.to_be_bytes()
            }

            pub(super) fn text(self) -> Ascii {
                moment::text(self.0, $zone)
            }

            fn read(text: &[u8]) -> Result<Self, Fault> {
                moment::read(text, $zoned).map(Self)
            }
        }

        text_form!($type, $expected);
    };
}

pub(super) use moment_type;
