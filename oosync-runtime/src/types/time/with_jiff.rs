//! Conversions from and to the types of `jiff`, which can be fields too, except `Span`.
//!
//! jiff has years from -9999 to 9999, and nanoseconds.

use ::jiff::{SignedDuration, Span, civil};

use super::column::field_by_conversion;
use super::{Date, Interval, Time, Timestamp, Timestamptz};
use crate::ValueError;

/// Refuses what is not whole microseconds.
impl TryFrom<::jiff::Timestamp> for Timestamptz {
    type Error = ValueError;

    fn try_from(instant: ::jiff::Timestamp) -> Result<Self, ValueError> {
        Self::from_unix_nanoseconds(instant.as_nanosecond())
            .ok_or_else(|| ValueError::out_of_range(instant, Self::EXPECTED))
    }
}

/// Refuses infinity, and years that jiff does not have.
impl TryFrom<Timestamptz> for ::jiff::Timestamp {
    type Error = ValueError;

    fn try_from(instant: Timestamptz) -> Result<Self, ValueError> {
        instant
            .unix_microseconds()
            .and_then(|microseconds| Self::from_microsecond(microseconds).ok())
            .ok_or_else(|| ValueError::out_of_range(instant, "jiff::Timestamp"))
    }
}

/// Refuses what is not whole microseconds.
impl TryFrom<civil::DateTime> for Timestamp {
    type Error = ValueError;

    fn try_from(timestamp: civil::DateTime) -> Result<Self, ValueError> {
        match (Date::try_from(timestamp.date()), Time::try_from(timestamp.time())) {
            (Ok(date), Ok(time)) => Self::new(date, time),
            _ => None,
        }
        .ok_or_else(|| ValueError::out_of_range(timestamp, Self::EXPECTED))
    }
}

/// Refuses infinity, and years that jiff does not have.
impl TryFrom<Timestamp> for civil::DateTime {
    type Error = ValueError;

    fn try_from(timestamp: Timestamp) -> Result<Self, ValueError> {
        let date = civil::Date::try_from(timestamp.date());
        match (date, timestamp.time().map(civil::Time::try_from)) {
            (Ok(date), Some(Ok(time))) => Ok(Self::from_parts(date, time)),
            _ => Err(ValueError::out_of_range(timestamp, "jiff::civil::DateTime")),
        }
    }
}

/// Refuses days before 4714-11-24 BC.
impl TryFrom<civil::Date> for Date {
    type Error = ValueError;

    fn try_from(date: civil::Date) -> Result<Self, ValueError> {
        Self::from_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
            .ok_or_else(|| ValueError::out_of_range(date, Self::EXPECTED))
    }
}

/// Refuses infinity, and years that jiff does not have.
impl TryFrom<Date> for civil::Date {
    type Error = ValueError;

    fn try_from(date: Date) -> Result<Self, ValueError> {
        date.ymd()
            .and_then(|(year, month, day)| {
                Self::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok()
            })
            .ok_or_else(|| ValueError::out_of_range(date, "jiff::civil::Date"))
    }
}

/// Refuses what is not whole microseconds.
impl TryFrom<civil::Time> for Time {
    type Error = ValueError;

    fn try_from(time: civil::Time) -> Result<Self, ValueError> {
        let nanosecond = time.subsec_nanosecond().unsigned_abs();
        if !nanosecond.is_multiple_of(1_000) {
            return Err(ValueError::out_of_range(time, Self::EXPECTED));
        }
        let [hour, minute, second] = [time.hour(), time.minute(), time.second()].map(i8::unsigned_abs);
        Self::from_hms_micro(hour, minute, second, nanosecond / 1_000)
            .ok_or_else(|| ValueError::out_of_range(time, Self::EXPECTED))
    }
}

/// Refuses 24:00.
impl TryFrom<Time> for civil::Time {
    type Error = ValueError;

    fn try_from(time: Time) -> Result<Self, ValueError> {
        let (hour, minute, second, microsecond) = time.hms_micro();
        // All are less than 100, and less than 10^9: as in jiff they are signed, and never negative.
        Self::new(hour as i8, minute as i8, second as i8, microsecond as i32 * 1_000)
            .map_err(|_| ValueError::out_of_range(time, "jiff::civil::Time"))
    }
}

/// Refuses what is not whole microseconds, and more than 292271 years.
impl TryFrom<SignedDuration> for Interval {
    type Error = ValueError;

    fn try_from(duration: SignedDuration) -> Result<Self, ValueError> {
        Self::from_nanoseconds(duration.as_nanos())
            .ok_or_else(|| ValueError::out_of_range(duration, Self::EXPECTED))
    }
}

/// Refuses months and days, whose length depends on the calendar.
impl TryFrom<Interval> for SignedDuration {
    type Error = ValueError;

    fn try_from(interval: Interval) -> Result<Self, ValueError> {
        interval
            .only_microseconds()
            .map(Self::from_micros)
            .ok_or_else(|| ValueError::out_of_range(interval, "jiff::SignedDuration"))
    }
}

/// Adds up years and months, weeks and days, and the rest; refuses what is not whole microseconds.
///
/// A span knows 60 minutes from an hour, and an interval does not: it comes back as another span of the same length,
/// which is why a span is no field.
impl TryFrom<Span> for Interval {
    type Error = ValueError;

    fn try_from(span: Span) -> Result<Self, ValueError> {
        interval_of(span).ok_or_else(|| ValueError::out_of_range(span, Self::EXPECTED))
    }
}

/// Refuses infinity, parts of different signs, and more than jiff has of a unit (19998 years, 7304484 days or
/// 175307616 hours).
impl TryFrom<Interval> for Span {
    type Error = ValueError;

    fn try_from(interval: Interval) -> Result<Self, ValueError> {
        span_of(interval).ok_or_else(|| ValueError::out_of_range(interval, "jiff::Span"))
    }
}

field_by_conversion! {
    ::jiff::Timestamp => Timestamptz,
    civil::DateTime => Timestamp,
    civil::Date => Date,
    civil::Time => Time,
    SignedDuration => Interval,
}

fn interval_of(span: Span) -> Option<Interval> {
    let seconds = (i128::from(span.get_hours()) * 60 + i128::from(span.get_minutes())) * 60
        + i128::from(span.get_seconds());
    let milliseconds = seconds * 1_000 + i128::from(span.get_milliseconds());
    let microseconds = milliseconds * 1_000 + i128::from(span.get_microseconds());
    let time = Interval::from_nanoseconds(microseconds * 1_000 + i128::from(span.get_nanoseconds()))?;
    Some(Interval {
        months: i32::from(span.get_years()) * 12 + span.get_months(),
        days: span.get_weeks().checked_mul(7)?.checked_add(span.get_days())?,
        ..time
    })
}

fn span_of(interval: Interval) -> Option<Span> {
    let Interval { months, days, microseconds } = interval;
    let signs = [months.signum().into(), days.signum().into(), microseconds.signum()];
    let negative = signs.contains(&-1);
    if negative && signs.contains(&1) {
        return None;
    }
    let [months, days] = [months, days].map(|part| i64::from(part.unsigned_abs()));
    let microseconds = i64::try_from(microseconds.unsigned_abs()).ok()?;
    let (seconds, fraction) = (microseconds / 1_000_000, microseconds % 1_000_000);
    let span = Span::new()
        .try_years(months / 12)
        .and_then(|span| span.try_months(months % 12))
        .and_then(|span| span.try_days(days))
        .and_then(|span| span.try_hours(seconds / 3_600))
        .and_then(|span| span.try_minutes(seconds / 60 % 60))
        .and_then(|span| span.try_seconds(seconds % 60))
        .and_then(|span| span.try_milliseconds(fraction / 1_000))
        .and_then(|span| span.try_microseconds(fraction % 1_000))
        .ok()?;
    Some(if negative { span.negate() } else { span })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::super::generators;
    use super::*;
    use crate::sql;
    use crate::types::time::column::tests::{comes_back, is_out_of_range};

    #[test]
    fn the_same_moment_is_shown_the_same() {
        let timestamp: civil::DateTime =
            "2024-02-29 23:59:59.123456".parse::<Timestamp>().unwrap().try_into().unwrap();
        assert_eq!(timestamp.to_string(), "2024-02-29T23:59:59.123456");
        let instant: ::jiff::Timestamp =
            "2024-02-29 12:00:00+05:30".parse::<Timestamptz>().unwrap().try_into().unwrap();
        assert_eq!(instant.to_string(), "2024-02-29T06:30:00Z");
        let date: civil::Date = "0044-03-15 BC".parse::<Date>().unwrap().try_into().unwrap();
        assert_eq!(date, civil::date(-43, 3, 15));
        let duration: SignedDuration = "PT-1.5S".parse::<Interval>().unwrap().try_into().unwrap();
        assert_eq!(duration, SignedDuration::from_millis(-1_500));
    }

    #[test]
    fn a_span_is_the_interval_of_the_same_length() {
        let span = Span::new().years(1).weeks(2).days(3).minutes(90).milliseconds(1_500);
        let interval = Interval::try_from(span).unwrap();
        assert_eq!(interval.to_string(), "P1Y17DT1H30M1.5S");
        let back = Span::try_from(interval).unwrap();
        assert_eq!(back.to_string(), "P1Y17DT1H30M1.5S");
        assert_eq!(Interval::try_from(back.negate()).unwrap().to_string(), "P-1Y-17DT-1H-30M-1.5S");
    }

    #[test]
    fn what_jiff_has_no_place_for_is_refused() {
        for text in ["infinity", "-infinity", "10000-01-01 00:00:00"] {
            let timestamp = text.parse::<Timestamp>().unwrap();
            is_out_of_range(civil::DateTime::try_from(timestamp));
            is_out_of_range(::jiff::Timestamp::try_from(timestamp.as_utc()));
            is_out_of_range(civil::Date::try_from(timestamp.date()));
        }
        is_out_of_range(civil::Date::try_from(Date::MAX));
        is_out_of_range(civil::Time::try_from(Time::MAX));
        for text in ["P1M", "P1D", "infinity", "-infinity"] {
            is_out_of_range(SignedDuration::try_from(text.parse::<Interval>().unwrap()));
        }
        for text in ["P1M-1D", "P-1DT1S", "PT175307617H", "P19999Y", "infinity", "-infinity"] {
            is_out_of_range(Span::try_from(text.parse::<Interval>().unwrap()));
        }
    }

    #[test]
    fn what_postgres_has_no_place_for_is_refused() {
        let time = civil::time(12, 0, 0, 1);
        is_out_of_range(Time::try_from(time));
        is_out_of_range(Timestamp::try_from(civil::date(2024, 1, 1).to_datetime(time)));
        is_out_of_range(Timestamptz::try_from(::jiff::Timestamp::from_nanosecond(-1).unwrap()));
        is_out_of_range(Timestamptz::try_from(::jiff::Timestamp::MIN));
        is_out_of_range(Date::try_from(civil::Date::MIN));
        is_out_of_range(Interval::try_from(SignedDuration::from_nanos(-1)));
        is_out_of_range(Interval::try_from(SignedDuration::MAX));
        is_out_of_range(Interval::try_from(Span::new().nanoseconds(1)));
    }

    proptest! {
        #[test]
        fn what_fits_comes_back(
            timestamp in generators::timestamp(),
            time in generators::time(),
            interval in generators::interval(),
        ) {
            if let Ok(instant) = ::jiff::Timestamp::try_from(timestamp.as_utc()) {
                prop_assert_eq!(instant.try_into(), Ok(timestamp.as_utc()));
                comes_back::<Timestamptz, sql::Timestamptz, _>(instant);
            }
            if let Ok(other) = civil::DateTime::try_from(timestamp) {
                prop_assert_eq!(other.try_into(), Ok(timestamp));
                comes_back::<Timestamp, sql::Timestamp, _>(other);
            }
            if let Ok(date) = civil::Date::try_from(timestamp.date()) {
                comes_back::<Date, sql::Date, _>(date);
            }
            if let Ok(other) = civil::Time::try_from(time) {
                prop_assert_eq!(other.try_into(), Ok(time));
                comes_back::<Time, sql::Time, _>(other);
            }
            if let Ok(duration) = SignedDuration::try_from(interval) {
                prop_assert_eq!(duration.try_into(), Ok(interval));
                comes_back::<Interval, sql::Interval, _>(duration);
            }
            if let Ok(span) = Span::try_from(interval) {
                prop_assert_eq!(Interval::try_from(span), Ok(interval));
            }
        }
    }
}
