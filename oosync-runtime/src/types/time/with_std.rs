//! Conversions from and to the types of the standard library.

use std::time::{Duration, SystemTime};

use super::timestamptz::unix_nanoseconds_of;
use super::{Interval, Timestamptz};
use crate::ValueError;

/// Refuses a time between two microseconds; [`Timestamptz::floor`] rounds it.
impl TryFrom<SystemTime> for Timestamptz {
    type Error = ValueError;

    fn try_from(time: SystemTime) -> Result<Self, ValueError> {
        let nanoseconds = unix_nanoseconds_of(time);
        Self::from_unix_nanoseconds(nanoseconds).ok_or_else(|| {
            ValueError::out_of_range(format_args!("{nanoseconds} ns from 1970-01-01"), Self::EXPECTED)
        })
    }
}

/// Refuses infinity, and what the system's clock cannot count.
impl TryFrom<Timestamptz> for SystemTime {
    type Error = ValueError;

    fn try_from(instant: Timestamptz) -> Result<Self, ValueError> {
        let counted = instant.unix_nanoseconds().and_then(|nanoseconds| {
            let microseconds = nanoseconds / 1_000;
            let distance = Duration::from_micros(u64::try_from(microseconds.unsigned_abs()).ok()?);
            if microseconds < 0 {
                Self::UNIX_EPOCH.checked_sub(distance)
            } else {
                Self::UNIX_EPOCH.checked_add(distance)
            }
        });
        counted.ok_or_else(|| ValueError::out_of_range(instant, "std::time::SystemTime"))
    }
}

/// Refuses what is not whole microseconds, and more than 292271 years.
impl TryFrom<Duration> for Interval {
    type Error = ValueError;

    fn try_from(duration: Duration) -> Result<Self, ValueError> {
        // Less than 2^94.
        Self::from_nanoseconds(duration.as_nanos() as i128)
            .ok_or_else(|| ValueError::out_of_range(format_args!("{duration:?}"), Self::EXPECTED))
    }
}

/// Refuses months and days, whose length depends on the calendar, and what is negative.
impl TryFrom<Interval> for Duration {
    type Error = ValueError;

    fn try_from(interval: Interval) -> Result<Self, ValueError> {
        interval
            .only_microseconds()
            .and_then(|microseconds| u64::try_from(microseconds).ok())
            .map(Self::from_micros)
            .ok_or_else(|| ValueError::out_of_range(interval, "std::time::Duration"))
    }
}

super::column::field_by_conversion! {
    Duration => Interval,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::super::generators::{interval, timestamptz};
    use super::*;
    use crate::types::time::column::tests::{comes_back, is_out_of_range};

    #[test]
    fn nothing_is_rounded() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_nanos(1_001);
        is_out_of_range(Timestamptz::try_from(time));
        assert_eq!(Timestamptz::floor(time), Timestamptz::from_unix_microseconds(1));
        let before = SystemTime::UNIX_EPOCH - Duration::from_nanos(1);
        assert_eq!(Timestamptz::floor(before), Timestamptz::from_unix_microseconds(-1));
        is_out_of_range(Interval::try_from(Duration::from_nanos(1)));
    }

    #[test]
    fn what_the_other_type_has_no_place_for_is_refused() {
        for value in [Timestamptz::INFINITY, Timestamptz::NEG_INFINITY] {
            is_out_of_range(SystemTime::try_from(value));
        }
        if let Some(far) = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(1 << 62)) {
            is_out_of_range(Timestamptz::try_from(far));
            assert_eq!(Timestamptz::floor(far), None);
        }
        is_out_of_range(Interval::try_from(Duration::MAX));
        for text in ["P1M", "P1D", "PT-1S", "infinity", "-infinity"] {
            is_out_of_range(Duration::try_from(text.parse::<Interval>().unwrap()));
        }
    }

    proptest! {
        #[test]
        fn what_fits_comes_back(instant in timestamptz(), interval in interval()) {
            if let Ok(time) = SystemTime::try_from(instant) {
                prop_assert_eq!(Timestamptz::try_from(time), Ok(instant));
            }
            if let Ok(duration) = Duration::try_from(interval) {
                prop_assert_eq!(Interval::try_from(duration), Ok(interval));
                comes_back::<Interval, crate::sql::Interval, _>(duration);
            }
        }
    }
}
