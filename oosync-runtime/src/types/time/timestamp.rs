//! `timestamp without time zone`.

use std::fmt;

use super::ascii::Ascii;
use super::column::{pg_bytes, text_form};
use super::moment::{self, moment_type};
use super::scanner::Fault;
use super::{Date, Time, Timestamptz};
use crate::ValueError;

/// A Postgres `timestamp without time zone`: what a calendar and a clock on the wall show, to the microsecond.
///
/// From 4714-11-24 BC to the year 294276, and both infinities.
///
/// ```
/// use oosync_runtime::types::Timestamp;
///
/// let noon = Timestamp::from_ymd_hms(2024, 1, 1, 12, 0, 0).unwrap();
/// assert_eq!(noon.to_string(), "2024-01-01 12:00:00.000000");
/// assert_eq!("2024-01-01T12:00:00".parse(), Ok(noon));
/// assert!(noon < Timestamp::INFINITY);
/// ```
///
/// A text that has an offset from UTC is refused: Postgres would ignore the offset.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

moment_type!(Timestamp, "", false, "timestamp without time zone");

impl Timestamp {
    /// A time of a day; [`Time::MAX`], 24:00, is the next day's midnight. As in Postgres, an infinite day gives an
    /// infinite timestamp. None where the day is out of range.
    pub const fn new(date: Date, time: Time) -> Option<Self> {
        match date {
            Date::INFINITY => Some(Self::INFINITY),
            Date::NEG_INFINITY => Some(Self::NEG_INFINITY),
            _ => {
                let days = date.pg_days();
                if days < moment::FIRST_DAY || days > moment::LAST_DAY {
                    return None;
                }
                Self::from_pg_microseconds(days as i64 * moment::MICROSECONDS_PER_DAY + time.microseconds())
            }
        }
    }

    /// Of year, month, day, hour, minute and second; the year 0 is 1 BC, -1 is 2 BC. None where there is no such day
    /// or time. [`Timestamp::new`] takes microseconds too.
    pub const fn from_ymd_hms(
        year: i32,
        month: u8,
        day: u8,
        hour: u8,
        minute: u8,
        second: u8,
    ) -> Option<Self> {
        match (Date::from_ymd(year, month, day), Time::from_hms(hour, minute, second)) {
            (Some(date), Some(time)) => Self::new(date, time),
            _ => None,
        }
    }

    /// The day; infinite where this is.
    pub const fn date(self) -> Date {
        match self {
            Self::INFINITY => Date::INFINITY,
            Self::NEG_INFINITY => Date::NEG_INFINITY,
            _ => Date::of_moment(self.0),
        }
    }

    /// The time of the day, or none where this is infinite.
    pub const fn time(self) -> Option<Time> {
        if self.is_finite() { Time::from_microseconds(moment::split(self.0).1) } else { None }
    }

    /// The instant at which calendars and clocks in UTC show this.
    pub const fn as_utc(self) -> Timestamptz {
        Timestamptz::of_moment(self.0)
    }

    /// Microseconds that are known to be in range.
    pub(super) const fn of_moment(microseconds: i64) -> Self {
        Self(microseconds)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::types::time::column::tests::{reads_as_itself, refuses};

    #[test]
    fn all_forms_that_postgres_prints_are_read() {
        let value = Timestamp::new(
            Date::from_ymd(2024, 2, 29).unwrap(),
            Time::from_hms_micro(23, 59, 59, 120_000).unwrap(),
        );
        for text in ["2024-02-29 23:59:59.12", "2024-02-29T23:59:59.120000", "2024-02-29 23:59:59.1200"] {
            assert_eq!(text.parse().ok(), value, "{text}");
        }
        assert_eq!(value.unwrap().to_string(), "2024-02-29 23:59:59.120000");
    }

    #[test]
    fn its_ends_are_those_of_postgres() {
        for (value, text) in [
            (Timestamp::NEG_INFINITY, "-infinity"),
            (Timestamp::MIN, "4714-11-24 00:00:00.000000 BC"),
            (Timestamp::MAX, "294276-12-31 23:59:59.999999"),
            (Timestamp::INFINITY, "infinity"),
        ] {
            reads_as_itself(value, text);
        }
        for text in [
            "4714-11-23 23:59:59.999999 BC",
            "294277-01-01 00:00:00",
            "9999999-01-01 00:00:00",
            "99999999999-01-01 00:00:00",
        ] {
            let error = text.parse::<Timestamp>().unwrap_err();
            assert!(matches!(error, ValueError::OutOfRange { .. }), "{error}");
        }
    }

    #[test]
    fn what_is_no_timestamp_is_refused() {
        refuses::<Timestamp>(&[
            "",
            "2024-01-01",
            "2024-01-01 00:00",
            "2024-01-01 00:00:00+00",
            "2024-01-01 00:00:00Z",
            "2024-01-01 24:00:00",
            "2024-01-01 00:00:60",
            "2024-01-01 00:60:00",
            "2024-01-01 00:00:00.",
            "2024-01-01 00:00:00.1234567",
            "2024-01-01 00:00:00 ",
            " 2024-01-01 00:00:00",
            "2024-01-01 00:00:00 AD",
            "2024-02-30 00:00:00",
            "2023-02-29 00:00:00",
            "2024-13-01 00:00:00",
            "2024-00-01 00:00:00",
            "2024-01-00 00:00:00",
            "0000-01-01 00:00:00",
            "0000-01-01 00:00:00 BC",
            "02024-01-01 00:00:00",
            "-2024-01-01 00:00:00",
            "Infinity",
            "+infinity",
            "２024-01-01 00:00:00",
        ]);
    }

    #[test]
    fn midnight_at_the_end_of_a_day_is_the_next_day() {
        let date = Date::from_ymd(2024, 12, 31).unwrap();
        assert_eq!(Timestamp::new(date, Time::MAX), Timestamp::from_ymd_hms(2025, 1, 1, 0, 0, 0));
        assert_eq!(Timestamp::new(Timestamp::MAX.date(), Time::MAX), None);
    }

    #[test]
    fn the_year_before_the_first_is_one_bc() {
        let value = Timestamp::from_ymd_hms(0, 2, 29, 1, 2, 3).unwrap();
        reads_as_itself(value, "0001-02-29 01:02:03.000000 BC");
    }
}
