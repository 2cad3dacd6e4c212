//! Conversions from and to the types of `time`, which can be fields too.
//!
//! `time` has years from -9999 to 9999, more with its feature `large-dates`, and nanoseconds.

use ::time::{Duration, OffsetDateTime, PrimitiveDateTime};

use super::column::field_by_conversion;
use super::moment::FIRST_DAY;
use super::{Date, Interval, Time, Timestamp, Timestamptz};
use crate::ValueError;

/// Refuses what is not whole microseconds. The offset is not kept: the instant is, in UTC, and the two are equal.
impl TryFrom<OffsetDateTime> for Timestamptz {
    type Error = ValueError;

    fn try_from(instant: OffsetDateTime) -> Result<Self, ValueError> {
        Self::from_unix_nanoseconds(instant.unix_timestamp_nanos())
            .ok_or_else(|| ValueError::out_of_range(instant, Self::EXPECTED))
    }
}

/// Refuses infinity, and years that `time` does not have. The offset is UTC.
impl TryFrom<Timestamptz> for OffsetDateTime {
    type Error = ValueError;

    fn try_from(instant: Timestamptz) -> Result<Self, ValueError> {
        instant
            .unix_nanoseconds()
            .and_then(|nanoseconds| Self::from_unix_timestamp_nanos(nanoseconds).ok())
            .ok_or_else(|| ValueError::out_of_range(instant, "time::OffsetDateTime"))
    }
}

/// Refuses what is not whole microseconds.
impl TryFrom<PrimitiveDateTime> for Timestamp {
    type Error = ValueError;

    fn try_from(timestamp: PrimitiveDateTime) -> Result<Self, ValueError> {
        Timestamptz::from_unix_nanoseconds(timestamp.assume_utc().unix_timestamp_nanos())
            .map(Timestamptz::utc)
            .ok_or_else(|| ValueError::out_of_range(timestamp, Self::EXPECTED))
    }
}

/// Refuses infinity, and years that `time` does not have.
impl TryFrom<Timestamp> for PrimitiveDateTime {
    type Error = ValueError;

    fn try_from(timestamp: Timestamp) -> Result<Self, ValueError> {
        match OffsetDateTime::try_from(timestamp.as_utc()) {
            Ok(instant) => Ok(Self::new(instant.date(), instant.time())),
            Err(_) => Err(ValueError::out_of_range(timestamp, "time::PrimitiveDateTime")),
        }
    }
}

/// Refuses days before 4714-11-24 BC.
impl TryFrom<::time::Date> for Date {
    type Error = ValueError;

    fn try_from(date: ::time::Date) -> Result<Self, ValueError> {
        // Both count from the same day, which is Postgres's first.
        Self::from_pg_days(date.to_julian_day() + FIRST_DAY)
            .ok_or_else(|| ValueError::out_of_range(date, Self::EXPECTED))
    }
}

/// Refuses infinity, and years that `time` does not have.
impl TryFrom<Date> for ::time::Date {
    type Error = ValueError;

    fn try_from(date: Date) -> Result<Self, ValueError> {
        date.pg_days()
            .checked_sub(FIRST_DAY)
            .and_then(|days| Self::from_julian_day(days).ok())
            .ok_or_else(|| ValueError::out_of_range(date, "time::Date"))
    }
}

/// Refuses what is not whole microseconds.
impl TryFrom<::time::Time> for Time {
    type Error = ValueError;

    fn try_from(time: ::time::Time) -> Result<Self, ValueError> {
        let (hour, minute, second, nanosecond) = time.as_hms_nano();
        if !nanosecond.is_multiple_of(1_000) {
            return Err(ValueError::out_of_range(time, Self::EXPECTED));
        }
        Self::from_hms_micro(hour, minute, second, nanosecond / 1_000)
            .ok_or_else(|| ValueError::out_of_range(time, Self::EXPECTED))
    }
}

/// Refuses 24:00.
impl TryFrom<Time> for ::time::Time {
    type Error = ValueError;

    fn try_from(time: Time) -> Result<Self, ValueError> {
        let (hour, minute, second, microsecond) = time.hms_micro();
        Self::from_hms_micro(hour, minute, second, microsecond)
            .map_err(|_| ValueError::out_of_range(time, "time::Time"))
    }
}

/// Refuses what is not whole microseconds, and more than 292271 years.
impl TryFrom<Duration> for Interval {
    type Error = ValueError;

    fn try_from(duration: Duration) -> Result<Self, ValueError> {
        Self::from_nanoseconds(duration.whole_nanoseconds())
            .ok_or_else(|| ValueError::out_of_range(duration, Self::EXPECTED))
    }
}

/// Refuses months and days, whose length depends on the calendar.
impl TryFrom<Interval> for Duration {
    type Error = ValueError;

    fn try_from(interval: Interval) -> Result<Self, ValueError> {
        interval
            .only_microseconds()
            .map(Self::microseconds)
            .ok_or_else(|| ValueError::out_of_range(interval, "time::Duration"))
    }
}

field_by_conversion! {
    OffsetDateTime => Timestamptz,
    PrimitiveDateTime => Timestamp,
    ::time::Date => Date,
    ::time::Time => Time,
    Duration => Interval,
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
        let timestamp: PrimitiveDateTime =
            "2024-02-29 23:59:59.123456".parse::<Timestamp>().unwrap().try_into().unwrap();
        assert_eq!(timestamp.to_string(), "2024-02-29 23:59:59.123456");
        let date: ::time::Date = "0044-03-15 BC".parse::<Date>().unwrap().try_into().unwrap();
        assert_eq!(date.to_calendar_date(), (-43, ::time::Month::March, 15));
        let duration: Duration = "PT-1.5S".parse::<Interval>().unwrap().try_into().unwrap();
        assert_eq!(duration, Duration::milliseconds(-1_500));
    }

    #[test]
    fn an_offset_is_another_way_to_say_the_same() {
        let instant = OffsetDateTime::UNIX_EPOCH.to_offset(::time::UtcOffset::from_hms(5, 30, 0).unwrap());
        assert_eq!(Timestamptz::try_from(instant), Ok(Timestamptz::from_unix_microseconds(0).unwrap()));
        comes_back::<Timestamptz, sql::Timestamptz, _>(instant);
    }

    #[test]
    fn what_time_has_no_place_for_is_refused() {
        for text in ["infinity", "-infinity"] {
            let timestamp = text.parse::<Timestamp>().unwrap();
            is_out_of_range(PrimitiveDateTime::try_from(timestamp));
            is_out_of_range(OffsetDateTime::try_from(timestamp.as_utc()));
            is_out_of_range(::time::Date::try_from(timestamp.date()));
        }
        is_out_of_range(::time::Date::try_from(Date::MAX));
        is_out_of_range(::time::Time::try_from(Time::MAX));
        for text in ["P1M", "P1D", "infinity", "-infinity"] {
            is_out_of_range(Duration::try_from(text.parse::<Interval>().unwrap()));
        }
    }

    #[test]
    fn what_postgres_has_no_place_for_is_refused() {
        let time = ::time::Time::from_hms_nano(12, 0, 0, 1).unwrap();
        is_out_of_range(Time::try_from(time));
        let timestamp = PrimitiveDateTime::new(::time::Date::from_julian_day(2_451_545).unwrap(), time);
        is_out_of_range(Timestamp::try_from(timestamp));
        is_out_of_range(Timestamptz::try_from(timestamp.assume_utc()));
        is_out_of_range(Date::try_from(::time::Date::MIN));
        is_out_of_range(Timestamp::try_from(PrimitiveDateTime::MIN));
        is_out_of_range(Interval::try_from(Duration::nanoseconds(-1)));
        is_out_of_range(Interval::try_from(Duration::MAX));
    }

    proptest! {
        #[test]
        fn what_fits_comes_back(
            timestamp in generators::timestamp(),
            time in generators::time(),
            interval in generators::interval(),
        ) {
            if let Ok(instant) = OffsetDateTime::try_from(timestamp.as_utc()) {
                prop_assert_eq!(instant.try_into(), Ok(timestamp.as_utc()));
                comes_back::<Timestamptz, sql::Timestamptz, _>(instant);
            }
            if let Ok(primitive) = PrimitiveDateTime::try_from(timestamp) {
                prop_assert_eq!(primitive.try_into(), Ok(timestamp));
                comes_back::<Timestamp, sql::Timestamp, _>(primitive);
                prop_assert_eq!(::time::Date::try_from(timestamp.date()), Ok(primitive.date()));
                prop_assert_eq!(::time::Time::try_from(timestamp.time().unwrap()), Ok(primitive.time()));
            }
            if let Ok(date) = ::time::Date::try_from(timestamp.date()) {
                comes_back::<Date, sql::Date, _>(date);
            }
            if let Ok(other) = ::time::Time::try_from(time) {
                prop_assert_eq!(other.try_into(), Ok(time));
                comes_back::<Time, sql::Time, _>(other);
            }
            if let Ok(duration) = Duration::try_from(interval) {
                prop_assert_eq!(duration.try_into(), Ok(interval));
                comes_back::<Interval, sql::Interval, _>(duration);
            }
        }
    }
}
