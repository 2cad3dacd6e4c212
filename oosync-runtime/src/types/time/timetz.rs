//! `time with time zone`.

use std::cmp::Ordering;
use std::fmt;

use super::Time;
use super::ascii::{Ascii, two_digits};
use super::column::{pg_bytes, text_form};
use super::moment::MICROSECONDS_PER_SECOND;
use super::scanner::{Fault, Scanner};
use super::time_of_day::push_clock;
use crate::ValueError;

/// A Postgres `time with time zone`: a time of the day, and how far clocks that show it are from UTC.
///
/// ```
/// use oosync_runtime::types::{Time, TimeTz};
///
/// let delhi = TimeTz::new(Time::from_hms(17, 30, 0).unwrap(), 5 * 3600 + 30 * 60).unwrap();
/// assert_eq!(delhi.to_string(), "17:30:00.000000+05:30");
/// ```
///
/// Equality and order are Postgres's: two are equal where both time and offset are, and they are ordered by their time
/// in UTC; of the same time in UTC, the one further east comes first.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TimeTz {
    time: Time,
    /// East, in seconds.
    offset: i32,
}

text_form!(TimeTz, "time with time zone");

impl TimeTz {
    /// The first offset that Postgres does not allow, in seconds: `TZDISP_LIMIT` of
    /// `src/include/datatype/timestamp.h` in its source.
    const OFFSET_LIMIT: i32 = 16 * 3_600;

    /// A time and its offset in seconds east of UTC; none where the offset is 16 hours or more, to either side.
    pub const fn new(time: Time, offset_seconds: i32) -> Option<Self> {
        if -Self::OFFSET_LIMIT < offset_seconds && offset_seconds < Self::OFFSET_LIMIT {
            Some(Self { time, offset: offset_seconds })
        } else {
            None
        }
    }

    /// The time of the day.
    pub const fn time(self) -> Time {
        self.time
    }

    /// The offset in seconds east of UTC.
    pub const fn offset_seconds(self) -> i32 {
        self.offset
    }

    /// From Postgres's binary form.
    ///
    /// # Errors
    ///
    /// Where these are not twelve bytes, or out of range.
    pub fn from_pg_binary(bytes: &[u8]) -> Result<Self, ValueError> {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = pg_bytes(bytes, Self::EXPECTED)?;
        let time = Time::from_pg_binary(&[a, b, c, d, e, f, g, h])?;
        // Postgres counts to the west, as POSIX does.
        let west = i32::from_be_bytes([i, j, k, l]);
        west.checked_neg().and_then(|east| Self::new(time, east)).ok_or_else(|| {
            ValueError::out_of_range(format_args!("an offset of {west} s to the west"), Self::EXPECTED)
        })
    }

    /// Postgres's binary form.
    pub const fn to_pg_binary(&self) -> [u8; 12] {
        let [a, b, c, d, e, f, g, h] = self.time.to_pg_binary();
        let [i, j, k, l] = (-self.offset).to_be_bytes();
        [a, b, c, d, e, f, g, h, i, j, k, l]
    }

    /// Microseconds between midnight in UTC and this time; negative where it is the day before there.
    const fn utc_microseconds(self) -> i64 {
        self.time.microseconds() - self.offset as i64 * MICROSECONDS_PER_SECOND
    }

    pub(super) fn text(self) -> Ascii {
        let mut text = Ascii::new();
        push_clock(&mut text, self.time.microseconds());
        let seconds = self.offset.unsigned_abs();
        let ([a, b], [c, d]) = (two_digits(seconds / 3_600), two_digits(seconds / 60 % 60));
        text.push_bytes([if self.offset < 0 { b'-' } else { b'+' }, a, b, b':', c, d]);
        if !seconds.is_multiple_of(60) {
            let [e, f] = two_digits(seconds % 60);
            text.push_bytes([b':', e, f]);
        }
        text
    }

    fn read(text: &[u8]) -> Result<Self, Fault> {
        let mut scanner = Scanner::new(text);
        let time = Time::of_clock(scanner.clock()?);
        let offset = scanner.offset()?;
        scanner.end()?;
        Ok(Self { time, offset })
    }
}

impl Ord for TimeTz {
    fn cmp(&self, other: &Self) -> Ordering {
        self.utc_microseconds().cmp(&other.utc_microseconds()).then(other.offset.cmp(&self.offset))
    }
}

impl PartialOrd for TimeTz {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::types::time::column::tests::{reads_as_itself, refuses};

    #[test]
    fn offsets_are_shown_to_the_east_and_sent_to_the_west() {
        let time = Time::from_hms(12, 0, 0).unwrap();
        for (offset, text) in [
            (0, "12:00:00.000000+00:00"),
            (5 * 3_600 + 30 * 60 + 15, "12:00:00.000000+05:30:15"),
            (-30 * 60, "12:00:00.000000-00:30"),
            (-1, "12:00:00.000000-00:00:01"),
            (57_599, "12:00:00.000000+15:59:59"),
            (-57_599, "12:00:00.000000-15:59:59"),
        ] {
            let value = TimeTz::new(time, offset).unwrap();
            reads_as_itself(value, text);
            assert_eq!(value.to_pg_binary()[8..], (-offset).to_be_bytes());
        }
        assert_eq!("12:00:00+05".parse(), Ok(TimeTz::new(time, 5 * 3_600).unwrap()));
    }

    #[test]
    fn offsets_of_sixteen_hours_are_refused() {
        for offset in [57_600, -57_600, i32::MAX, i32::MIN] {
            assert_eq!(TimeTz::new(Time::MIN, offset), None);
            let bytes = [[0; 4], [0; 4], offset.to_be_bytes()].concat();
            assert!(TimeTz::from_pg_binary(&bytes).is_err());
        }
        refuses::<TimeTz>(&["12:00:00", "12:00:00+16", "12:00:00 +05", "24:00:01+05", "12:00:00+05 BC"]);
    }

    #[test]
    fn of_the_same_time_in_utc_the_eastern_comes_first() {
        let [east, west] = ["13:00:00+01", "11:00:00-01"].map(|text| text.parse::<TimeTz>().unwrap());
        assert!(east < west);
        assert!("00:00:00+00".parse::<TimeTz>().unwrap() < "00:00:00-01".parse().unwrap());
    }
}
