//! `time without time zone`.

use std::fmt;

use super::ascii::{Ascii, six_digits, two_digits};
use super::column::{pg_bytes, text_form};
use super::moment::{MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND};
use super::scanner::{Fault, Scanner};
use crate::ValueError;

/// A Postgres `time without time zone`: a time of the day from 00:00 to 24:00, both included, to the microsecond.
///
/// ```
/// use oosync_runtime::types::Time;
///
/// let time = Time::from_hms_micro(23, 59, 59, 120_000).unwrap();
/// assert_eq!(time.to_string(), "23:59:59.120000");
/// assert_eq!("24:00:00".parse(), Ok(Time::MAX));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

text_form!(Time, "time without time zone");

impl Time {
    /// Midnight at the beginning of the day: 00:00.
    pub const MIN: Self = Self(0);
    /// Midnight at the end of the day: 24:00, which is not 00:00.
    pub const MAX: Self = Self(MICROSECONDS_PER_DAY);

    /// Of hour, minute and second; none where there is no such time. Only 24:00:00 has the hour 24.
    pub const fn from_hms(hour: u8, minute: u8, second: u8) -> Option<Self> {
        Self::from_hms_micro(hour, minute, second, 0)
    }

    /// Of hour, minute, second and microsecond (0 to 999999); none where there is no such time.
    pub const fn from_hms_micro(hour: u8, minute: u8, second: u8, microsecond: u32) -> Option<Self> {
        if minute > 59 || second > 59 || microsecond > 999_999 {
            return None;
        }
        let seconds = (hour as i64 * 60 + minute as i64) * 60 + second as i64;
        Self::from_microseconds(seconds * MICROSECONDS_PER_SECOND + microsecond as i64)
    }

    /// Hour, minute, second and microsecond.
    pub const fn hms_micro(self) -> (u8, u8, u8, u32) {
        let (seconds, microsecond) = (self.0 / MICROSECONDS_PER_SECOND, self.0 % MICROSECONDS_PER_SECOND);
        ((seconds / 3_600) as u8, (seconds / 60 % 60) as u8, (seconds % 60) as u8, microsecond as u32)
    }

    /// From microseconds since midnight, 0 to 86400000000, which is Postgres's own count.
    pub const fn from_microseconds(microseconds: i64) -> Option<Self> {
        if 0 <= microseconds && microseconds <= MICROSECONDS_PER_DAY {
            Some(Self(microseconds))
        } else {
            None
        }
    }

    /// Microseconds since midnight, 0 to 86400000000.
    pub const fn microseconds(self) -> i64 {
        self.0
    }

    /// From Postgres's binary form.
    ///
    /// # Errors
    ///
    /// Where these are not eight bytes, or out of range.
    pub fn from_pg_binary(bytes: &[u8]) -> Result<Self, ValueError> {
        let microseconds = i64::from_be_bytes(pg_bytes(bytes, Self::EXPECTED)?);
        Self::from_microseconds(microseconds).ok_or_else(|| {
            ValueError::out_of_range(format_args!("{microseconds} µs from midnight"), Self::EXPECTED)
        })
    }

    /// Postgres's binary form.
    pub const fn to_pg_binary(&self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    pub(super) fn text(self) -> Ascii {
        let mut text = Ascii::new();
        push_clock(&mut text, self.0);
        text
    }

    fn read(text: &[u8]) -> Result<Self, Fault> {
        let mut scanner = Scanner::new(text);
        let time = scanner.clock()?;
        scanner.end()?;
        Ok(Self(time))
    }

    /// Microseconds that were read by [`Scanner::clock`].
    pub(super) const fn of_clock(microseconds: i64) -> Self {
        Self(microseconds)
    }
}

/// Appends `23:59:59.123456`.
pub(super) fn push_clock(text: &mut Ascii, microseconds: i64) {
    let (hour, minute, second, microsecond) = Time(microseconds).hms_micro();
    let [[a, b], [c, d], [e, f]] = [hour, minute, second].map(|part| two_digits(part.into()));
    let [g, h, i, j, k, l] = six_digits(microsecond);
    text.push_bytes([a, b, b':', c, d, b':', e, f, b'.', g, h, i, j, k, l]);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::types::time::column::tests::{reads_as_itself, refuses};

    #[test]
    fn the_day_ends_at_24_00() {
        reads_as_itself(Time::MIN, "00:00:00.000000");
        reads_as_itself(Time::MAX, "24:00:00.000000");
        assert_eq!(Time::MAX.hms_micro(), (24, 0, 0, 0));
        assert_eq!(Time::from_hms_micro(24, 0, 0, 1), None);
        assert_eq!(Time::from_hms(23, 59, 60), None);
        for microseconds in [-1, MICROSECONDS_PER_DAY + 1, i64::MIN, i64::MAX] {
            assert_eq!(Time::from_microseconds(microseconds), None);
            assert!(Time::from_pg_binary(&microseconds.to_be_bytes()).is_err());
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        refuses::<Time>(&[
            "",
            "12:00",
            "1:00:00",
            "24:00:00.000001",
            "24:00:01",
            "25:00:00",
            "12:60:00",
            "12:00:60",
            "12:00:00+00",
            "12:00:00.x",
            "-1:00:00",
            "infinity",
            "12:00:00 ",
        ]);
    }
}
