//! `interval`.

use std::cmp::Ordering;
use std::fmt;

use super::ascii::{Ascii, six_digits};
use super::column::{pg_bytes, text_form};
use super::moment::{MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND};
use super::scanner::{Fault, Scanner};
use crate::ValueError;

const MICROSECONDS_PER_MINUTE: i64 = 60 * MICROSECONDS_PER_SECOND;
const MICROSECONDS_PER_HOUR: i64 = 60 * MICROSECONDS_PER_MINUTE;

/// A Postgres `interval`: months, days and microseconds, which are not converted into each other, as a month has
/// not always 30 days, nor a day 24 hours. Each has a sign of its own.
///
/// ```
/// use oosync_runtime::types::Interval;
///
/// let interval = Interval { months: 14, days: -3, microseconds: 6_700_000 };
/// assert_eq!(interval.to_string(), "P1Y2M-3DT6.7S");
/// assert_eq!("P1Y2M-3DT6.7S".parse(), Ok(interval));
/// ```
///
/// Two are equal where all three parts are. Postgres's `=` is wider: it takes a month for 30 days and a day for 24
/// hours, so that `'1 month' = '30 days'`. The order is Postgres's, with months, days and then microseconds deciding
/// where Postgres says that two are equal.
///
/// Postgres 17 and newer have [`INFINITY`](Self::INFINITY) and [`NEG_INFINITY`](Self::NEG_INFINITY), and no other meaning
/// for their three numbers. Older servers have the numbers and refuse the word: they are sent as [`Self::pg_text`] has
/// them. Postgres 14 and older neither print nor read hours above 2147483647.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Interval {
    /// Years and months: 12 a year.
    pub months: i32,
    /// Days: calendar days, of whatever length.
    pub days: i32,
    /// Hours, minutes, seconds and their fraction.
    pub microseconds: i64,
}

text_form!(Interval, "interval");

impl Interval {
    /// Before all others.
    pub const NEG_INFINITY: Self = Self { months: i32::MIN, days: i32::MIN, microseconds: i64::MIN };
    /// No time at all.
    pub const ZERO: Self = Self::from_microseconds(0);
    /// After all others.
    pub const INFINITY: Self = Self { months: i32::MAX, days: i32::MAX, microseconds: i64::MAX };

    /// Without months and days.
    pub const fn from_microseconds(microseconds: i64) -> Self {
        Self { months: 0, days: 0, microseconds }
    }

    /// The text that every server reads as these three numbers: also newer ones take those of an infinity for one.
    pub fn pg_text(self) -> std::borrow::Cow<'static, str> {
        match self {
            Self::INFINITY => "P178956970Y7M2147483647DT2562047788H54.775807S".into(),
            Self::NEG_INFINITY => "P-178956970Y-8M-2147483648DT-2562047788H-54.775808S".into(),
            finite => finite.to_string().into(),
        }
    }

    /// Whether this is neither infinity nor -infinity.
    pub const fn is_finite(self) -> bool {
        !matches!(self, Self::INFINITY | Self::NEG_INFINITY)
    }

    /// From Postgres's binary form.
    ///
    /// # Errors
    ///
    /// Where these are not sixteen bytes.
    pub fn from_pg_binary(bytes: &[u8]) -> Result<Self, ValueError> {
        let all = u128::from_be_bytes(pg_bytes(bytes, Self::EXPECTED)?);
        Ok(Self { microseconds: (all >> 64) as i64, days: (all >> 32) as i32, months: all as i32 })
    }

    /// Postgres's binary form.
    pub const fn to_pg_binary(&self) -> [u8; 16] {
        let Self { months, days, microseconds } = *self;
        let all = (microseconds as u64 as u128) << 64 | (days as u32 as u128) << 32 | months as u32 as u128;
        all.to_be_bytes()
    }

    /// The only part, where there are neither months nor days.
    pub(super) fn only_microseconds(self) -> Option<i64> {
        (self.months == 0 && self.days == 0).then_some(self.microseconds)
    }

    /// Without months and days; none between two microseconds, and out of range.
    pub(super) fn from_nanoseconds(nanoseconds: i128) -> Option<Self> {
        if nanoseconds % 1_000 != 0 {
            return None;
        }
        i64::try_from(nanoseconds / 1_000).ok().map(Self::from_microseconds)
    }

    /// What Postgres compares: `interval_cmp_value` of `src/backend/utils/adt/timestamp.c`.
    fn comparable(self) -> i128 {
        let days = i128::from(self.months) * 30 + i128::from(self.days);
        days * i128::from(MICROSECONDS_PER_DAY) + i128::from(self.microseconds)
    }

    /// As `EncodeInterval` of `src/backend/utils/adt/datetime.c` prints it with `IntervalStyle = iso_8601`.
    pub(super) fn text(self) -> Ascii {
        let mut text = Ascii::new();
        match self {
            Self::INFINITY => text.push_str("infinity"),
            Self::NEG_INFINITY => text.push_str("-infinity"),
            Self::ZERO => text.push_str("PT0S"),
            Self { months, days, microseconds } => {
                text.push(b'P');
                push_part(&mut text, months / 12, b'Y');
                push_part(&mut text, months % 12, b'M');
                push_part(&mut text, days, b'D');
                if microseconds != 0 {
                    text.push(b'T');
                    push_time(&mut text, microseconds);
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
        let mut sum = Sum::default();
        let mut scanner = Scanner::new(text);
        if !scanner.take(b'P') {
            return Err(Fault::Invalid);
        }
        let (mut in_time, mut last) = (scanner.take(b'T'), None);
        loop {
            let sign = if scanner.take(b'-') { -1 } else { 1 };
            let (whole, fraction) = (scanner.number()?, scanner.fraction()?);
            let unit = Unit::read(scanner.byte()?, in_time)?;
            if last >= Some(unit) || (fraction != 0 && unit != Unit::Second) {
                return Err(Fault::Invalid);
            }
            last = Some(unit);
            sum.add(unit, sign * i128::from(whole), sign * i128::from(fraction));
            if scanner.end().is_ok() {
                return sum.interval();
            }
            in_time = in_time || scanner.take(b'T');
        }
    }
}

impl Ord for Interval {
    fn cmp(&self, other: &Self) -> Ordering {
        let parts = |interval: &Self| (interval.months, interval.days, interval.microseconds);
        self.comparable().cmp(&other.comparable()).then_with(|| parts(self).cmp(&parts(other)))
    }
}

impl PartialOrd for Interval {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// A part of the text, in the order in which they are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Unit {
    Year,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
}

impl Unit {
    fn read(letter: u8, in_time: bool) -> Result<Self, Fault> {
        match (letter, in_time) {
            (b'Y', false) => Ok(Self::Year),
            (b'M', false) => Ok(Self::Month),
            (b'W', false) => Ok(Self::Week),
            (b'D', false) => Ok(Self::Day),
            (b'H', true) => Ok(Self::Hour),
            (b'M', true) => Ok(Self::Minute),
            (b'S', true) => Ok(Self::Second),
            _ => Err(Fault::Invalid),
        }
    }
}

/// What has been read so far. No text leads out of these: each unit is added once, and is an `i64` at most.
#[derive(Debug, Default)]
struct Sum {
    months: i128,
    days: i128,
    microseconds: i128,
}

impl Sum {
    fn add(&mut self, unit: Unit, whole: i128, microseconds: i128) {
        match unit {
            Unit::Year => self.months += whole * 12,
            Unit::Month => self.months += whole,
            Unit::Week => self.days += whole * 7,
            Unit::Day => self.days += whole,
            Unit::Hour => self.microseconds += whole * i128::from(MICROSECONDS_PER_HOUR),
            Unit::Minute => self.microseconds += whole * i128::from(MICROSECONDS_PER_MINUTE),
            Unit::Second => self.microseconds += whole * i128::from(MICROSECONDS_PER_SECOND) + microseconds,
        }
    }

    fn interval(self) -> Result<Interval, Fault> {
        // Those of an infinity are printed as numbers by Postgres 16 and older, and read as an infinity by newer ones.
        Ok(Interval {
            months: self.months.try_into().map_err(|_| Fault::OutOfRange)?,
            days: self.days.try_into().map_err(|_| Fault::OutOfRange)?,
            microseconds: self.microseconds.try_into().map_err(|_| Fault::OutOfRange)?,
        })
    }
}

/// Appends a part that is not zero.
fn push_part(text: &mut Ascii, number: i32, unit: u8) {
    if number != 0 {
        push_signed(text, number.into());
        text.push(unit);
    }
}

fn push_time(text: &mut Ascii, microseconds: i64) {
    for (per_unit, in_next, unit) in
        [(MICROSECONDS_PER_HOUR, i64::MAX, b'H'), (MICROSECONDS_PER_MINUTE, 60, b'M')]
    {
        let number = microseconds / per_unit % in_next;
        if number != 0 {
            push_signed(text, number);
            text.push(unit);
        }
    }
    let microseconds = microseconds % MICROSECONDS_PER_MINUTE;
    if microseconds == 0 {
        return;
    }
    if microseconds < 0 {
        text.push(b'-');
    }
    let second = MICROSECONDS_PER_SECOND as u64;
    text.push_number(microseconds.unsigned_abs() / second);
    let fraction = microseconds.unsigned_abs() % second;
    if fraction != 0 {
        text.push(b'.');
        text.push_bytes(six_digits(fraction as u32));
        text.trim_end(b'0');
    }
    text.push(b'S');
}

fn push_signed(text: &mut Ascii, number: i64) {
    if number < 0 {
        text.push(b'-');
    }
    text.push_number(number.unsigned_abs());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::types::time::column::tests::{reads_as_itself, refuses};

    const fn interval(months: i32, days: i32, microseconds: i64) -> Interval {
        Interval { months, days, microseconds }
    }

    #[test]
    fn the_text_is_the_one_of_postgres() {
        for (value, text) in [
            (Interval::ZERO, "PT0S"),
            (interval(14, 3, 14_706_700_000), "P1Y2M3DT4H5M6.7S"),
            (interval(-14, 3, -14_706_700_000), "P-1Y-2M3DT-4H-5M-6.7S"),
            (interval(0, 0, -1), "PT-0.000001S"),
            (interval(0, 0, 3_600_000_000), "PT1H"),
            (interval(0, 0, -60_500_000), "PT-1M-0.5S"),
            (interval(12, 0, 0), "P1Y"),
            (interval(i32::MIN, i32::MIN, i64::MAX), "P-178956970Y-8M-2147483648DT2562047788H54.775807S"),
            (interval(i32::MAX, i32::MAX, i64::MIN), "P178956970Y7M2147483647DT-2562047788H-54.775808S"),
            (
                interval(
                    -178_956_969 * 12 - 11,
                    i32::MIN,
                    -2_562_047_787 * MICROSECONDS_PER_HOUR - 3_599_999_999,
                ),
                "P-178956969Y-11M-2147483648DT-2562047787H-59M-59.999999S",
            ),
            (Interval::INFINITY, "infinity"),
            (Interval::NEG_INFINITY, "-infinity"),
        ] {
            reads_as_itself(value, text);
        }
    }

    #[test]
    fn other_ways_to_write_the_same_are_read() {
        for (text, value) in [
            ("P0Y", Interval::ZERO),
            ("P2W", interval(0, 14, 0)),
            ("P1Y-2M", interval(10, 0, 0)),
            ("PT90M", Interval::from_microseconds(90 * MICROSECONDS_PER_MINUTE)),
            ("PT1H-30M", Interval::from_microseconds(30 * MICROSECONDS_PER_MINUTE)),
            ("PT-0S", Interval::ZERO),
            ("PT1.50S", Interval::from_microseconds(1_500_000)),
        ] {
            assert_eq!(text.parse(), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_interval_is_refused() {
        refuses::<Interval>(&[
            "",
            "P",
            "PT",
            "P1",
            "P1D ",
            "1D",
            "P1DT",
            "P1H",
            "PT1D",
            "P1M1Y",
            "P1D1D",
            "PT1S1M",
            "P1.5Y",
            "PT1.5H",
            "PTT1S",
            "PT1ST1S",
            "PT.5S",
            "PT1.S",
            "PT1.1234567S",
            "P--1D",
            "P+1D",
            "-P1D",
            "1 day",
            "P1Y2M3D4H",
        ]);
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        for text in [
            "P178956970Y8M",
            "P-178956970Y-9M",
            "P2147483648D",
            "PT2562047788H54.775808S",
            "PT-2562047788H-54.775809S",
            "P99999999999999999999Y",
            "PT9223372036854775807H9223372036854775807M9223372036854775807S",
        ] {
            let error = text.parse::<Interval>().unwrap_err();
            assert!(matches!(error, ValueError::OutOfRange { .. }), "{text}: {error}");
        }
    }

    #[test]
    fn an_infinity_is_sent_as_the_numbers_that_every_server_reads() {
        for infinity in [Interval::INFINITY, Interval::NEG_INFINITY] {
            assert_ne!(infinity.pg_text(), infinity.to_string());
            assert_eq!(infinity.pg_text().parse(), Ok(infinity));
        }
        assert_eq!(interval(0, 1, 0).pg_text(), "P1D");
    }

    #[test]
    fn the_order_is_the_one_of_postgres() {
        let sorted = [
            Interval::NEG_INFINITY,
            interval(-1, 0, 0),
            interval(0, 0, -1),
            Interval::ZERO,
            interval(0, 29, 0),
            interval(0, 30, 0),
            interval(1, 0, 0),
            interval(0, 30, 1),
            interval(i32::MAX, i32::MAX, i64::MAX - 1),
            Interval::INFINITY,
        ];
        assert!(sorted.is_sorted_by(|a, b| a < b));
        assert_ne!(interval(1, 0, 0), interval(0, 30, 0));
    }

    #[test]
    fn the_binary_form_has_the_time_first() {
        let bytes = interval(1, 2, 3).to_pg_binary();
        assert_eq!(bytes, [0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 1]);
        assert!(Interval::from_pg_binary(&bytes[1..]).is_err());
    }
}
