//! Values for property tests: all of a type's range, and more often what people write and what lies at an edge.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;

use super::calendar::UNIX_TO_PG_DAYS;
use super::{Date, Interval, Time, TimeTz, Timestamp, Timestamptz, moment};

pub(super) fn timestamp() -> impl Strategy<Value = Timestamp> {
    let ours = -100 * 366 * moment::MICROSECONDS_PER_DAY..100 * 366 * moment::MICROSECONDS_PER_DAY;
    let finite = prop_oneof![
        4 => moment::MIN..=moment::MAX,
        4 => ours,
        2 => (moment::FIRST_DAY..=moment::LAST_DAY).prop_map(|days| i64::from(days) * moment::MICROSECONDS_PER_DAY),
        1 => moment::MIN..moment::MIN + 10,
        1 => moment::MAX - 10..=moment::MAX,
        1 => Just(moment::INFINITY),
        1 => Just(moment::NEG_INFINITY),
    ];
    finite.prop_map(|microseconds| Timestamp::from_pg_microseconds(microseconds).unwrap())
}

pub(super) fn timestamptz() -> impl Strategy<Value = Timestamptz> {
    timestamp().prop_map(Timestamp::as_utc)
}

pub(super) fn date() -> impl Strategy<Value = Date> {
    let days = prop_oneof![
        4 => Date::MIN.pg_days()..=Date::MAX.pg_days(),
        4 => -20 * UNIX_TO_PG_DAYS..2 * UNIX_TO_PG_DAYS,
        1 => Just(i32::MAX),
        1 => Just(i32::MIN),
    ];
    days.prop_map(|days| Date::from_pg_days(days).unwrap())
}

pub(super) fn time() -> impl Strategy<Value = Time> {
    let microseconds = prop_oneof![
        4 => 0..=moment::MICROSECONDS_PER_DAY,
        2 => (0..86_400_i64).prop_map(|second| second * moment::MICROSECONDS_PER_SECOND),
        1 => Just(moment::MICROSECONDS_PER_DAY),
    ];
    microseconds.prop_map(|microseconds| Time::from_microseconds(microseconds).unwrap())
}

pub(super) fn timetz() -> impl Strategy<Value = TimeTz> {
    let offset = prop_oneof![-57_599..=57_599, (-15..=15).prop_map(|hour| hour * 3_600)];
    (time(), offset).prop_map(|(time, offset)| TimeTz::new(time, offset).unwrap())
}

pub(super) fn interval() -> impl Strategy<Value = Interval> {
    let part = || prop_oneof![2 => any::<i32>(), 2 => -40..40, 2 => Just(0), 1 => Just(i32::MAX), 1 => Just(i32::MIN)];
    let microseconds = prop_oneof![
        4 => any::<i64>(),
        2 => -100_000_000_000..100_000_000_000_i64,
        1 => Just(0),
        1 => Just(i64::MAX),
        1 => Just(i64::MIN),
    ];
    (part(), part(), microseconds).prop_map(|(months, days, microseconds)| Interval {
        months,
        days,
        microseconds,
    })
}

mod tests {
    use std::fmt::{Debug, Display};
    use std::str::FromStr;

    use super::*;
    use crate::types::time::column::tests::comes_back;
    use crate::{ValueError, sql};

    fn every_form<T, S>(value: T)
    where
        T: Copy
            + Debug
            + Display
            + PartialEq
            + FromStr<Err = ValueError>
            + crate::Field<S>
            + crate::Element<S>,
        T: serde::Serialize + serde::de::DeserializeOwned,
    {
        let text = value.to_string();
        assert_eq!(text.parse(), Ok(value), "{text}");
        let json = serde_json::to_string(&value).unwrap();
        assert_eq!(json, format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<T>(&json).unwrap(), value);
        comes_back::<T, S, T>(value);
    }

    proptest! {
        #[test]
        fn timestamptz_comes_back_from_every_form(value in timestamptz()) {
            every_form::<_, sql::Timestamptz>(value);
            prop_assert_eq!(Timestamptz::from_pg_binary(&value.to_pg_binary()), Ok(value));
            prop_assert_eq!(Timestamptz::from_pg_microseconds(value.pg_microseconds()), Some(value));
            if let Some(microseconds) = value.unix_microseconds() {
                prop_assert_eq!(Timestamptz::from_unix_microseconds(microseconds), Some(value));
            }
        }

        #[test]
        fn timestamp_comes_back_from_every_form(value in timestamp()) {
            every_form::<_, sql::Timestamp>(value);
            prop_assert_eq!(Timestamp::from_pg_binary(&value.to_pg_binary()), Ok(value));
            if let Some(time) = value.time() {
                prop_assert_eq!(Timestamp::new(value.date(), time), Some(value));
            }
        }

        #[test]
        fn date_comes_back_from_every_form(value in date()) {
            every_form::<_, sql::Date>(value);
            prop_assert_eq!(Date::from_pg_binary(&value.to_pg_binary()), Ok(value));
            if let Some((year, month, day)) = value.ymd() {
                prop_assert_eq!(Date::from_ymd(year, month, day), Some(value));
                prop_assert_eq!(value.unix_days().and_then(Date::from_unix_days), Some(value));
            }
        }

        #[test]
        fn time_comes_back_from_every_form(value in time()) {
            every_form::<_, sql::Time>(value);
            prop_assert_eq!(Time::from_pg_binary(&value.to_pg_binary()), Ok(value));
            let (hour, minute, second, microsecond) = value.hms_micro();
            prop_assert_eq!(Time::from_hms_micro(hour, minute, second, microsecond), Some(value));
        }

        #[test]
        fn timetz_comes_back_from_every_form(value in timetz()) {
            every_form::<_, sql::TimeTz>(value);
            prop_assert_eq!(TimeTz::from_pg_binary(&value.to_pg_binary()), Ok(value));
        }

        #[test]
        fn interval_comes_back_from_every_form(value in interval()) {
            every_form::<_, sql::Interval>(value);
            prop_assert_eq!(Interval::from_pg_binary(&value.to_pg_binary()), Ok(value));
        }

        #[test]
        fn order_and_equality_agree(a in interval(), b in interval(), c in timetz(), d in timetz()) {
            prop_assert_eq!(a.cmp(&b).is_eq(), a == b);
            prop_assert_eq!(c.cmp(&d).is_eq(), c == d);
        }

        #[test]
        fn no_text_and_no_bytes_panic(
            text in prop_oneof![
                "\\PC*",
                "[-0-9:. TZPYMDHSBC+]{0,40}",
                "[0-9]{1,12}-[0-9]{2}-[0-9]{2}( |T)[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{0,7})?([-+][0-9]{2})?( BC)?",
                "P(-?[0-9]{1,20}[YMWD]){0,4}(T(-?[0-9]{1,20}[HMS]){0,3})?",
            ],
            bytes in prop::collection::vec(any::<u8>(), 0..20),
        ) {
            let _ = (text.parse::<Timestamptz>(), Timestamptz::from_pg_binary(&bytes));
            let _ = (text.parse::<Timestamp>(), Timestamp::from_pg_binary(&bytes));
            let _ = (text.parse::<Date>(), Date::from_pg_binary(&bytes));
            let _ = (text.parse::<Time>(), Time::from_pg_binary(&bytes));
            let _ = (text.parse::<TimeTz>(), TimeTz::from_pg_binary(&bytes));
            let _ = (text.parse::<Interval>(), Interval::from_pg_binary(&bytes));
        }
    }
}
