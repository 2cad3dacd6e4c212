//! The proleptic Gregorian calendar, counted in days from 2000-01-01, which is Postgres's day 0.
//!
//! Years are astronomical: 0 is 1 BC, -1 is 2 BC. The algorithms are `days_from_civil` and `civil_from_days` of Howard
//! Hinnant, <https://howardhinnant.github.io/date_algorithms.html>, with another epoch.

/// Days from 1970-01-01 to 2000-01-01.
pub(super) const UNIX_TO_PG_DAYS: i32 = 10_957;

/// Days from 0000-03-01, where Hinnant's eras begin, to 2000-01-01.
const ERA_TO_PG_DAYS: i32 = 719_468 + UNIX_TO_PG_DAYS;

/// Days of 400 years.
const ERA_DAYS: i32 = 146_097;

/// A day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Civil {
    pub(super) year: i32,
    pub(super) month: u8,
    pub(super) day: u8,
}

impl Civil {
    /// The days from 2000-01-01 to this day, or none where the calendar has no such day.
    pub(super) const fn days(self) -> Option<i64> {
        let Self { year, month, day } = self;
        if month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) {
            return None;
        }
        let year = year as i64 - (month <= 2) as i64;
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400) as u32);
        let months_from_march = (month as u32 + 9) % 12;
        let day_of_year = (153 * months_from_march + 2) / 5 + day as u32 - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Some(era * ERA_DAYS as i64 + day_of_era as i64 - ERA_TO_PG_DAYS as i64)
    }

    /// The day that is so many days from 2000-01-01; the days must be those of a finite Postgres date.
    pub(super) const fn from_days(days: i32) -> Self {
        let days = days + ERA_TO_PG_DAYS;
        let (era, day_of_era) = (days.div_euclid(ERA_DAYS), days.rem_euclid(ERA_DAYS) as u32);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let months_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * months_from_march + 2) / 5 + 1;
        let month = if months_from_march < 10 { months_from_march + 3 } else { months_from_march - 9 };
        let year = year_of_era as i32 + era * 400 + (month <= 2) as i32;
        Self { year, month: month as u8, day: day as u8 }
    }
}

const fn days_in_month(year: i32, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use proptest::prelude::*;

    use super::*;
    use crate::types::Date;

    fn next(day: Civil) -> Civil {
        let Civil { year, month, day } = day;
        if day < days_in_month(year, month) {
            Civil { year, month, day: day + 1 }
        } else if month < 12 {
            Civil { year, month: month + 1, day: 1 }
        } else {
            Civil { year: year + 1, month: 1, day: 1 }
        }
    }

    #[test]
    fn days_follow_each_other_for_two_thousand_years() {
        let mut day = Civil { year: -500, month: 1, day: 1 };
        let first = i32::try_from(day.days().unwrap()).unwrap();
        for days in first..first + 800_000 {
            assert_eq!(Civil::from_days(days), day);
            assert_eq!(day.days(), Some(days.into()));
            day = next(day);
        }
    }

    #[test]
    fn the_day_is_null_where_postgres_begins_to_count() {
        assert_eq!(Civil { year: 2000, month: 1, day: 1 }.days(), Some(0));
        assert_eq!(Civil { year: 1970, month: 1, day: 1 }.days(), Some((-UNIX_TO_PG_DAYS).into()));
    }

    proptest! {
        #[test]
        fn every_day_of_postgres_is_found_again(
            days in Date::MIN.pg_days()..=Date::MAX.pg_days()
        ) {
            let day = Civil::from_days(days);
            prop_assert_eq!(day.days(), Some(days.into()));
            if days < Date::MAX.pg_days() {
                prop_assert_eq!(Civil::from_days(days + 1), next(day));
            }
        }

        #[test]
        fn no_year_overflows(year: i32, month: u8, day: u8) {
            let valid = (1..=12).contains(&month) && day >= 1 && day <= days_in_month(year, month);
            prop_assert_eq!(Civil { year, month, day }.days().is_some(), valid);
        }
    }
}
