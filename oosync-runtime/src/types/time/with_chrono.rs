//! Conversions from and to the types of `chrono`, which can be fields too.
//!
//! chrono has years from -262143 to 262142, nanoseconds, and leap seconds.

use ::chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike as _, Utc};

use super::column::field_by_conversion;
use super::moment::MICROSECONDS_PER_SECOND;
use super::{Date, Interval, Time, Timestamp, Timestamptz};
use crate::ValueError;

const NANOSECONDS_PER_SECOND: i128 = 1_000_000_000;

/// Days from the day before 0001-01-01, which chrono counts from, to 2000-01-01.
const CE_TO_PG_DAYS: i32 = 730_120;

/// Refuses leap seconds and what is not whole microseconds.
impl TryFrom<DateTime<Utc>> for Timestamptz {
    type Error = ValueError;

    fn try_from(instant: DateTime<Utc>) -> Result<Self, ValueError> {
        from_chrono(instant).ok_or_else(|| ValueError::out_of_range(instant, Self::EXPECTED))
    }
}

/// Refuses infinity, and years that chrono does not have.
impl TryFrom<Timestamptz> for DateTime<Utc> {
    type Error = ValueError;

    fn try_from(instant: Timestamptz) -> Result<Self, ValueError> {
        to_chrono(instant).ok_or_else(|| ValueError::out_of_range(instant, "chrono::DateTime<Utc>"))
    }
}

/// Refuses leap seconds and what is not whole microseconds.
impl TryFrom<NaiveDateTime> for Timestamp {
    type Error = ValueError;

    fn try_from(timestamp: NaiveDateTime) -> Result<Self, ValueError> {
        from_chrono(timestamp.and_utc())
            .map(Timestamptz::utc)
            .ok_or_else(|| ValueError::out_of_range(timestamp, Self::EXPECTED))
    }
}

/// Refuses infinity, and years that chrono does not have.
impl TryFrom<Timestamp> for NaiveDateTime {
    type Error = ValueError;

    fn try_from(timestamp: Timestamp) -> Result<Self, ValueError> {
        to_chrono(timestamp.as_utc())
            .map(|instant| instant.naive_utc())
            .ok_or_else(|| ValueError::out_of_range(timestamp, "chrono::NaiveDateTime"))
    }
}

/// Refuses days before 4714-11-24 BC.
impl TryFrom<NaiveDate> for Date {
    type Error = ValueError;

    fn try_from(date: NaiveDate) -> Result<Self, ValueError> {
        use ::chrono::Datelike as _;
        Self::from_pg_days(date.num_days_from_ce() - CE_TO_PG_DAYS)
            .ok_or_else(|| ValueError::out_of_range(date, Self::EXPECTED))
    }
}

/// Refuses infinity, and years that chrono does not have.
impl TryFrom<Date> for NaiveDate {
    type Error = ValueError;

    fn try_from(date: Date) -> Result<Self, ValueError> {
        date.pg_days()
            .checked_add(CE_TO_PG_DAYS)
            .and_then(Self::from_num_days_from_ce_opt)
            .ok_or_else(|| ValueError::out_of_range(date, "chrono::NaiveDate"))
    }
}

/// Refuses leap seconds and what is not whole microseconds.
impl TryFrom<NaiveTime> for Time {
    type Error = ValueError;

    fn try_from(time: NaiveTime) -> Result<Self, ValueError> {
        let (seconds, nanoseconds) = (time.num_seconds_from_midnight(), time.nanosecond());
        if i128::from(nanoseconds) >= NANOSECONDS_PER_SECOND || !nanoseconds.is_multiple_of(1_000) {
            return Err(ValueError::out_of_range(time, Self::EXPECTED));
        }
        Self::from_microseconds(i64::from(seconds) * MICROSECONDS_PER_SECOND + i64::from(nanoseconds / 1_000))
            .ok_or_else(|| ValueError::out_of_range(time, Self::EXPECTED))
    }
}

/// Refuses 24:00.
impl TryFrom<Time> for NaiveTime {
    type Error = ValueError;

    fn try_from(time: Time) -> Result<Self, ValueError> {
        let (hour, minute, second, microsecond) = time.hms_micro();
        Self::from_hms_micro_opt(hour.into(), minute.into(), second.into(), microsecond)
            .ok_or_else(|| ValueError::out_of_range(time, "chrono::NaiveTime"))
    }
}

/// Refuses what is not whole microseconds, and more than 292271 years.
impl TryFrom<TimeDelta> for Interval {
    type Error = ValueError;

    fn try_from(delta: TimeDelta) -> Result<Self, ValueError> {
        let nanoseconds =
            i128::from(delta.num_seconds()) * NANOSECONDS_PER_SECOND + i128::from(delta.subsec_nanos());
        Self::from_nanoseconds(nanoseconds).ok_or_else(|| ValueError::out_of_range(delta, Self::EXPECTED))
    }
}

/// Refuses months and days, whose length depends on the calendar.
impl TryFrom<Interval> for TimeDelta {
    type Error = ValueError;

    fn try_from(interval: Interval) -> Result<Self, ValueError> {
        interval
            .only_microseconds()
            .map(Self::microseconds)
            .ok_or_else(|| ValueError::out_of_range(interval, "chrono::TimeDelta"))
    }
}

field_by_conversion! {
    DateTime<Utc> => Timestamptz,
    NaiveDateTime => Timestamp,
    NaiveDate => Date,
    NaiveTime => Time,
    TimeDelta => Interval,
}

fn from_chrono(instant: DateTime<Utc>) -> Option<Timestamptz> {
    let nanoseconds = i128::from(instant.timestamp_subsec_nanos());
    if nanoseconds >= NANOSECONDS_PER_SECOND {
        return None;
    }
    Timestamptz::from_unix_nanoseconds(i128::from(instant.timestamp()) * NANOSECONDS_PER_SECOND + nanoseconds)
}

fn to_chrono(instant: Timestamptz) -> Option<DateTime<Utc>> {
    let nanoseconds = instant.unix_nanoseconds()?;
    let seconds = i64::try_from(nanoseconds.div_euclid(NANOSECONDS_PER_SECOND)).ok()?;
    let nanoseconds = u32::try_from(nanoseconds.rem_euclid(NANOSECONDS_PER_SECOND)).ok()?;
    DateTime::from_timestamp(seconds, nanoseconds)
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
        let text = "2024-02-29 23:59:59.123456";
        let timestamp: NaiveDateTime = text.parse::<Timestamp>().unwrap().try_into().unwrap();
        assert_eq!(timestamp.to_string(), text);
        let date: NaiveDate = "0044-03-15 BC".parse::<Date>().unwrap().try_into().unwrap();
        assert_eq!(date, NaiveDate::from_ymd_opt(-43, 3, 15).unwrap());
        let instant: DateTime<Utc> =
            "2024-02-29 12:00:00+05:30".parse::<Timestamptz>().unwrap().try_into().unwrap();
        assert_eq!(instant.naive_utc().to_string(), "2024-02-29 06:30:00");
        let delta: TimeDelta = "PT-1.5S".parse::<Interval>().unwrap().try_into().unwrap();
        assert_eq!(delta, TimeDelta::milliseconds(-1_500));
    }

    #[test]
    fn what_chrono_has_no_place_for_is_refused() {
        for text in ["infinity", "-infinity", "294276-01-01 00:00:00"] {
            let timestamp = text.parse::<Timestamp>().unwrap();
            is_out_of_range(NaiveDateTime::try_from(timestamp));
            is_out_of_range(DateTime::<Utc>::try_from(timestamp.as_utc()));
            is_out_of_range(NaiveDate::try_from(timestamp.date()));
        }
        is_out_of_range(NaiveDate::try_from(Date::MAX));
        is_out_of_range(NaiveTime::try_from(Time::MAX));
        for text in ["P1M", "P1D", "infinity", "-infinity"] {
            is_out_of_range(TimeDelta::try_from(text.parse::<Interval>().unwrap()));
        }
    }

    #[test]
    fn what_postgres_has_no_place_for_is_refused() {
        let leap = NaiveTime::from_hms_nano_opt(23, 59, 59, 1_000_000_000).unwrap();
        let finer = NaiveTime::from_hms_nano_opt(23, 59, 59, 1).unwrap();
        for time in [leap, finer] {
            is_out_of_range(Time::try_from(time));
            let timestamp = NaiveDate::from_ymd_opt(2016, 12, 31).unwrap().and_time(time);
            is_out_of_range(Timestamp::try_from(timestamp));
            is_out_of_range(Timestamptz::try_from(timestamp.and_utc()));
        }
        is_out_of_range(Date::try_from(NaiveDate::MIN));
        is_out_of_range(Timestamp::try_from(NaiveDateTime::MIN));
        is_out_of_range(Interval::try_from(TimeDelta::nanoseconds(1)));
        is_out_of_range(Interval::try_from(TimeDelta::nanoseconds(-1)));
        is_out_of_range(Interval::try_from(TimeDelta::MAX));
    }

    proptest! {
        #[test]
        fn what_fits_comes_back(
            timestamp in generators::timestamp(),
            time in generators::time(),
            interval in generators::interval(),
        ) {
            if let Ok(instant) = DateTime::<Utc>::try_from(timestamp.as_utc()) {
                prop_assert_eq!(instant.try_into(), Ok(timestamp.as_utc()));
                comes_back::<Timestamptz, sql::Timestamptz, _>(instant);
            }
            if let Ok(naive) = NaiveDateTime::try_from(timestamp) {
                prop_assert_eq!(naive.try_into(), Ok(timestamp));
                comes_back::<Timestamp, sql::Timestamp, _>(naive);
                prop_assert_eq!(NaiveDate::try_from(timestamp.date()), Ok(naive.date()));
                prop_assert_eq!(NaiveTime::try_from(timestamp.time().unwrap()), Ok(naive.time()));
            }
            if let Ok(naive) = NaiveDate::try_from(timestamp.date()) {
                comes_back::<Date, sql::Date, _>(naive);
            }
            if let Ok(naive) = NaiveTime::try_from(time) {
                prop_assert_eq!(naive.try_into(), Ok(time));
                comes_back::<Time, sql::Time, _>(naive);
            }
            if let Ok(delta) = TimeDelta::try_from(interval) {
                prop_assert_eq!(delta.try_into(), Ok(interval));
                comes_back::<Interval, sql::Interval, _>(delta);
            }
        }
    }
}
