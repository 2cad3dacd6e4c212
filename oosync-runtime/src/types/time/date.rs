//! `date`.

use std::fmt;

use super::Timestamp;
use super::ascii::{Ascii, two_digits};
use super::calendar::{Civil, UNIX_TO_PG_DAYS};
use super::column::{pg_bytes, text_form};
use super::moment;
use super::scanner::{Fault, Scanner};
use crate::ValueError;

/// A Postgres `date`: a day of the proleptic Gregorian calendar.
///
/// From 4714-11-24 BC to the year 5874897, and both infinities.
///
/// ```
/// use oosync_runtime::types::Date;
///
/// let day = Date::from_ymd(2024, 2, 29).unwrap();
/// assert_eq!(day.to_string(), "2024-02-29");
/// assert_eq!("0044-03-15 BC".parse(), Ok(Date::from_ymd(-43, 3, 15).unwrap()));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i32);

text_form!(Date, "date");

impl Date {
    /// Before all others.
    pub const NEG_INFINITY: Self = Self(i32::MIN);
    /// The first finite day: 4714-11-24 BC.
    pub const MIN: Self = Self(moment::FIRST_DAY);
    /// The last finite day: 5874897-12-31. The bound is `DATE_END_JULIAN` of `src/include/datatype/timestamp.h` in
    /// Postgres's source.
    pub const MAX: Self = Self(2_147_483_494 - 2_451_545 - 1);
    /// After all others.
    pub const INFINITY: Self = Self(i32::MAX);

    /// From year, month (1 to 12) and day (1 to 31); the year 0 is 1 BC, -1 is 2 BC. None where Postgres has no such
    /// day.
    pub const fn from_ymd(year: i32, month: u8, day: u8) -> Option<Self> {
        match (Civil { year, month, day }).days() {
            Some(days) if Self::MIN.0 as i64 <= days && days <= Self::MAX.0 as i64 => Some(Self(days as i32)),
            _ => None,
        }
    }

    /// Year, month and day, as in [`Date::from_ymd`]; none where this is infinite.
    pub const fn ymd(self) -> Option<(i32, u8, u8)> {
        if !self.is_finite() {
            return None;
        }
        let Civil { year, month, day } = Civil::from_days(self.0);
        Some((year, month, day))
    }

    /// From Postgres's own count: days since 2000-01-01, where `i32::MAX` is infinity and `i32::MIN` is -infinity.
    /// None outside of [`MIN`](Self::MIN) and [`MAX`](Self::MAX).
    pub const fn from_pg_days(days: i32) -> Option<Self> {
        let date = Self(days);
        if (Self::MIN.0 <= days && days <= Self::MAX.0) || !date.is_finite() { Some(date) } else { None }
    }

    /// Postgres's own count: days since 2000-01-01, where `i32::MAX` is infinity and `i32::MIN` is -infinity.
    pub const fn pg_days(self) -> i32 {
        self.0
    }

    /// From days since 1970-01-01; none outside of [`MIN`](Self::MIN) and [`MAX`](Self::MAX).
    pub const fn from_unix_days(days: i32) -> Option<Self> {
        match days.checked_sub(UNIX_TO_PG_DAYS) {
            Some(days) if Self(days).is_finite() => Self::from_pg_days(days),
            _ => None,
        }
    }

    /// Days since 1970-01-01; none where this is infinite.
    pub const fn unix_days(self) -> Option<i32> {
        if self.is_finite() { Some(self.0 + UNIX_TO_PG_DAYS) } else { None }
    }

    /// Whether this is neither infinity nor -infinity.
    pub const fn is_finite(self) -> bool {
        self.0 != i32::MAX && self.0 != i32::MIN
    }

    /// This day at 00:00; infinite where this is. None after the last day of [`Timestamp`].
    pub const fn midnight(self) -> Option<Timestamp> {
        Timestamp::new(self, super::Time::MIN)
    }

    /// From Postgres's binary form.
    ///
    /// # Errors
    ///
    /// Where these are not four bytes, or out of range.
    pub fn from_pg_binary(bytes: &[u8]) -> Result<Self, ValueError> {
        let days = i32::from_be_bytes(pg_bytes(bytes, Self::EXPECTED)?);
        Self::from_pg_days(days).ok_or_else(|| {
            ValueError::out_of_range(format_args!("{days} days from 2000-01-01"), Self::EXPECTED)
        })
    }

    /// Postgres's binary form.
    pub const fn to_pg_binary(&self) -> [u8; 4] {
        self.0.to_be_bytes()
    }

    /// The day of a finite timestamp.
    pub(super) const fn of_moment(microseconds: i64) -> Self {
        Self(moment::split(microseconds).0)
    }

    pub(super) fn text(self) -> Ascii {
        let mut text = Ascii::new();
        match self {
            Self::INFINITY => text.push_str("infinity"),
            Self::NEG_INFINITY => text.push_str("-infinity"),
            Self(days) => {
                let day = Civil::from_days(days);
                push_day(&mut text, day);
                if day.year <= 0 {
                    text.push_str(" BC");
                }
            }
        }
        text
    }

    fn read(text: &[u8]) -> Result<Self, Fault> {
        match text {
            b"infinity" => return Ok(Self::INFINITY),
            b"-infinity" => return Ok(Self::NEG_INFINITY),
            _ => {}
        }
        let mut scanner = Scanner::new(text);
        let day = scanner.day()?;
        let before_christ = scanner.before_christ();
        scanner.end()?;
        match i32::try_from(day.days(before_christ)?) {
            Ok(days) if (Self::MIN.0..=Self::MAX.0).contains(&days) => Ok(Self(days)),
            _ => Err(Fault::OutOfRange),
        }
    }
}

/// Appends `2024-01-31`, without the era.
pub(super) fn push_day(text: &mut Ascii, day: Civil) {
    let year = if day.year <= 0 { 1 - day.year } else { day.year }.unsigned_abs();
    let ([e, f], [g, h]) = (two_digits(day.month.into()), two_digits(day.day.into()));
    if year < 10_000 {
        let ([a, b], [c, d]) = (two_digits(year / 100), two_digits(year % 100));
        text.push_bytes([a, b, c, d, b'-', e, f, b'-', g, h]);
    } else {
        text.push_number(year.into());
        text.push_bytes([b'-', e, f, b'-', g, h]);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::types::time::column::tests::{reads_as_itself, refuses};

    #[test]
    fn its_ends_are_those_of_postgres() {
        for (value, text) in [
            (Date::NEG_INFINITY, "-infinity"),
            (Date::MIN, "4714-11-24 BC"),
            (Date::from_ymd(0, 12, 31).unwrap(), "0001-12-31 BC"),
            (Date::from_ymd(1, 1, 1).unwrap(), "0001-01-01"),
            (Date::from_ymd(12_024, 1, 1).unwrap(), "12024-01-01"),
            (Date::MAX, "5874897-12-31"),
            (Date::INFINITY, "infinity"),
        ] {
            reads_as_itself(value, text);
        }
        for text in
            ["4714-11-23 BC", "5874898-01-01", "9999999-01-01", "9999999-01-01 BC", "123456789012-01-01"]
        {
            let error = text.parse::<Date>().unwrap_err();
            assert!(matches!(error, ValueError::OutOfRange { .. }), "{error}");
        }
        assert_eq!(Date::from_ymd(5_874_898, 1, 1), None);
        assert_eq!(Date::from_ymd(i32::MAX, 12, 31), None);
        assert_eq!(Date::from_ymd(i32::MIN, 1, 1), None);
        for days in [i32::MIN + 1, Date::MIN.0 - 1, Date::MAX.0 + 1, i32::MAX - 1] {
            assert_eq!(Date::from_pg_days(days), None);
            assert!(Date::from_pg_binary(&days.to_be_bytes()).is_err());
        }
        for days in [i32::MIN, i32::MIN + UNIX_TO_PG_DAYS, i32::MAX] {
            assert_eq!(Date::from_unix_days(days), None);
        }
    }

    #[test]
    fn what_is_no_day_is_refused() {
        refuses::<Date>(&[
            "",
            "2024",
            "2024-1-1",
            "2024-01-01 ",
            "2024-01-01BC",
            "2024-01-01 bc",
            "2024-02-30",
            "0000-01-01",
            "024-01-01",
            "2024-01-01 00:00:00",
            "1234567890123",
            "1234567890-1-1",
        ]);
    }

    #[test]
    fn infinities_have_no_calendar() {
        assert_eq!(Date::INFINITY.ymd(), None);
        assert_eq!(Date::INFINITY.unix_days(), None);
        assert_eq!(Date::INFINITY.midnight(), Some(Timestamp::INFINITY));
        assert_eq!(Date::MAX.midnight(), None);
    }
}
