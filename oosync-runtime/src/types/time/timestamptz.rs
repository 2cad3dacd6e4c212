//! `timestamp with time zone`.

use std::fmt;
use std::time::SystemTime;

use super::Timestamp;
use super::ascii::Ascii;
use super::calendar::UNIX_TO_PG_DAYS;
use super::column::{pg_bytes, text_form};
use super::moment::{self, MICROSECONDS_PER_DAY, moment_type};
use super::scanner::Fault;
use crate::ValueError;

/// Microseconds from 1970-01-01 to 2000-01-01.
const UNIX_TO_PG: i64 = UNIX_TO_PG_DAYS as i64 * MICROSECONDS_PER_DAY;

/// A Postgres `timestamp with time zone`: an instant, to the microsecond. Like Postgres it holds no zone.
///
/// From 4714-11-24 BC to the year 294276, and both infinities.
///
/// ```
/// use oosync_runtime::types::Timestamptz;
///
/// let noon = Timestamptz::from_ymd_hms(2024, 1, 1, 12, 0, 0).unwrap();
/// assert_eq!(noon.to_string(), "2024-01-01 12:00:00.000000+00:00");
/// assert_eq!("2024-01-01 17:30:00+05:30".parse(), Ok(noon));
/// assert_eq!("2024-01-01T12:00:00Z".parse(), Ok(noon));
/// assert!(noon < Timestamptz::INFINITY);
/// ```
///
/// A text that has no offset from UTC is refused: it names no instant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamptz(i64);

moment_type!(Timestamptz, "+00:00", true, "timestamp with time zone");

impl Timestamptz {
    /// Now, by this machine's clock, without what is shorter than a microsecond. A clock beyond Postgres's range
    /// gives [`MIN`](Self::MIN) or [`MAX`](Self::MAX).
    pub fn now() -> Self {
        Self::clamped(floor_microseconds(unix_nanoseconds_of(SystemTime::now())))
    }

    /// The last microsecond that is not after this time, or none where Postgres has no such time.
    ///
    /// `TryFrom<SystemTime>` refuses times between two microseconds, which most clocks and file systems give.
    pub fn floor(time: SystemTime) -> Option<Self> {
        let floor = floor_microseconds(unix_nanoseconds_of(time));
        let clamped = Self::clamped(floor);
        (i128::from(clamped.0) == floor).then_some(clamped)
    }

    /// From the date and time in UTC; the year 0 is 1 BC, -1 is 2 BC. None where there is no such day or time.
    /// `Timestamp::new(date, time)?.as_utc()` takes microseconds too.
    pub const fn from_ymd_hms(
        year: i32,
        month: u8,
        day: u8,
        hour: u8,
        minute: u8,
        second: u8,
    ) -> Option<Self> {
        match Timestamp::from_ymd_hms(year, month, day, hour, minute, second) {
            Some(timestamp) => Some(timestamp.as_utc()),
            None => None,
        }
    }

    /// From microseconds since 1970-01-01 00:00 UTC; none before [`MIN`](Self::MIN).
    pub const fn from_unix_microseconds(microseconds: i64) -> Option<Self> {
        match microseconds.checked_sub(UNIX_TO_PG) {
            // The one that would be -infinity is an instant before MIN.
            Some(microseconds) if moment::is_finite(microseconds) => Self::from_pg_microseconds(microseconds),
            _ => None,
        }
    }

    /// Microseconds since 1970-01-01 00:00 UTC. None where this is infinite, and after 294247-01-10 04:00:54.775807,
    /// the last instant that an `i64` reaches.
    pub const fn unix_microseconds(self) -> Option<i64> {
        if self.is_finite() { self.0.checked_add(UNIX_TO_PG) } else { None }
    }

    /// What calendars and clocks in UTC show at this instant.
    pub const fn utc(self) -> Timestamp {
        Timestamp::of_moment(self.0)
    }

    /// From nanoseconds since 1970-01-01 00:00 UTC; none between two microseconds, and out of range.
    pub(super) fn from_unix_nanoseconds(nanoseconds: i128) -> Option<Self> {
        if nanoseconds.rem_euclid(1_000) != 0 {
            return None;
        }
        let floor = floor_microseconds(nanoseconds);
        let clamped = Self::clamped(floor);
        (i128::from(clamped.0) == floor).then_some(clamped)
    }

    /// Nanoseconds since 1970-01-01 00:00 UTC, or none where this is infinite.
    pub(super) fn unix_nanoseconds(self) -> Option<i128> {
        self.is_finite().then(|| (i128::from(self.0) + i128::from(UNIX_TO_PG)) * 1_000)
    }

    /// Microseconds that are known to be in range.
    pub(super) const fn of_moment(microseconds: i64) -> Self {
        Self(microseconds)
    }

    /// Postgres's count, at most as far as its finite range goes.
    fn clamped(pg_microseconds: i128) -> Self {
        let clamped = pg_microseconds.clamp(moment::MIN.into(), moment::MAX.into());
        Self(clamped as i64)
    }
}

/// Microseconds since 2000-01-01.
fn floor_microseconds(unix_nanoseconds: i128) -> i128 {
    unix_nanoseconds.div_euclid(1_000) - i128::from(UNIX_TO_PG)
}

/// Nanoseconds since 1970-01-01.
pub(super) fn unix_nanoseconds_of(time: SystemTime) -> i128 {
    // A Duration has less than 2^64 seconds, and so less than 2^94 nanoseconds.
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => after.as_nanos() as i128,
        Err(before) => -(before.duration().as_nanos() as i128),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::types::time::column::tests::{reads_as_itself, refuses};

    #[test]
    fn offsets_lead_to_the_same_instant() {
        let value = Timestamptz::from_ymd_hms(2024, 2, 29, 12, 0, 0).unwrap();
        for text in [
            "2024-02-29 12:00:00+00",
            "2024-02-29T12:00:00Z",
            "2024-02-29 17:30:00.0+05:30",
            "2024-02-29 03:59:45-08:00:15",
            "2024-03-01 03:59:59.000+15:59:59",
            "2024-02-28 20:00:01-15:59:59",
        ] {
            assert_eq!(text.parse(), Ok(value), "{text}");
        }
        reads_as_itself(value, "2024-02-29 12:00:00.000000+00:00");
    }

    #[test]
    fn an_offset_may_lead_back_into_the_range() {
        assert_eq!("294277-01-01 00:59:59.999999+01".parse(), Ok(Timestamptz::MAX));
        assert_eq!("4714-11-23 23:00:00-01 BC".parse(), Ok(Timestamptz::MIN));
        for text in ["294276-12-31 23:59:59.999999-01", "4714-11-24 00:00:00+00:00:01 BC"] {
            let error = text.parse::<Timestamptz>().unwrap_err();
            assert!(matches!(error, ValueError::OutOfRange { .. }), "{error}");
        }
    }

    #[test]
    fn its_ends_are_those_of_postgres() {
        for (value, text) in [
            (Timestamptz::NEG_INFINITY, "-infinity"),
            (Timestamptz::MIN, "4714-11-24 00:00:00.000000+00:00 BC"),
            (Timestamptz::MAX, "294276-12-31 23:59:59.999999+00:00"),
            (Timestamptz::INFINITY, "infinity"),
        ] {
            reads_as_itself(value, text);
        }
        for count in [i64::MIN + 1, moment::MIN - 1, moment::MAX + 1, i64::MAX - 1] {
            assert_eq!(Timestamptz::from_pg_microseconds(count), None);
            let error = Timestamptz::from_pg_binary(&count.to_be_bytes()).unwrap_err();
            assert!(matches!(error, ValueError::OutOfRange { .. }), "{error}");
        }
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        refuses::<Timestamptz>(&[
            "2024-01-01 00:00:00",
            "2024-01-01 00:00:00 +00",
            "2024-01-01 00:00:00z",
            "2024-01-01 00:00:00+0",
            "2024-01-01 00:00:00+0530",
            "2024-01-01 00:00:00+05:3",
            "2024-01-01 00:00:00+16",
            "2024-01-01 00:00:00+05:60",
            "2024-01-01 00:00:00+05:30:60",
            "2024-01-01 00:00:00+05:30:15:00",
            "2024-01-01 00:00:00 BC+00",
            "2024-01-01 00:00:00 UTC",
            "2024-01-01t00:00:00Z",
        ]);
    }

    #[test]
    fn unix_time_ends_where_its_counter_does() {
        assert_eq!(Timestamptz::from_unix_microseconds(0), Timestamptz::from_ymd_hms(1970, 1, 1, 0, 0, 0));
        let last = Timestamptz::from_unix_microseconds(i64::MAX).unwrap();
        assert_eq!(last.to_string(), "294247-01-10 04:00:54.775807+00:00");
        assert_eq!(last.unix_microseconds(), Some(i64::MAX));
        for value in [Timestamptz::MAX, Timestamptz::INFINITY, Timestamptz::NEG_INFINITY] {
            assert_eq!(value.unix_microseconds(), None);
        }
        for count in [i64::MIN, i64::MIN + UNIX_TO_PG, i64::MIN + UNIX_TO_PG + 1] {
            assert_eq!(Timestamptz::from_unix_microseconds(count), None);
        }
        let first = Timestamptz::MIN.unix_microseconds().unwrap();
        assert_eq!(Timestamptz::from_unix_microseconds(first), Some(Timestamptz::MIN));
        assert_eq!(Timestamptz::from_unix_microseconds(first - 1), None);
    }

    #[test]
    fn the_text_sorts_as_the_values_do_from_the_year_1_to_9999() {
        let values = [
            Timestamptz::NEG_INFINITY,
            Timestamptz::from_ymd_hms(1, 1, 1, 0, 0, 0).unwrap(),
            Timestamptz::from_ymd_hms(999, 12, 31, 23, 59, 59).unwrap(),
            Timestamptz::from_unix_microseconds(-1).unwrap(),
            Timestamptz::from_unix_microseconds(0).unwrap(),
            Timestamptz::from_ymd_hms(9999, 12, 31, 23, 59, 59).unwrap(),
            Timestamptz::INFINITY,
        ];
        assert!(values.is_sorted());
        assert!(values.map(|value| value.to_string()).is_sorted());
    }

    #[test]
    fn now_is_between_two_looks_at_the_clock() {
        let before = Timestamptz::floor(SystemTime::now()).unwrap();
        let now = Timestamptz::now();
        assert!(before <= now && now <= Timestamptz::floor(SystemTime::now()).unwrap());
    }
}
