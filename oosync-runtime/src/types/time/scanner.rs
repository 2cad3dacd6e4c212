//! Reading the parts that dates and times are written in.

use super::calendar::Civil;
use super::moment::{MICROSECONDS_PER_DAY, MICROSECONDS_PER_SECOND};
use crate::ValueError;

/// Why a text is no value. It is turned into a [`ValueError`] only where the whole text is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// It is not written as the type is, or there is no such day or time.
    Invalid,
    /// The type ends before this value.
    OutOfRange,
}

impl Fault {
    #[cold]
    pub(super) fn explain(self, text: &str, expected: &'static str) -> ValueError {
        match self {
            Self::Invalid => ValueError::invalid(text, expected),
            Self::OutOfRange => ValueError::out_of_range(text, expected),
        }
    }
}

/// A calendar day whose era is not known yet: ` BC` is written after the time.
#[derive(Debug, Clone, Copy)]
pub(super) struct WrittenDay {
    year: i32,
    month: u8,
    day: u8,
}

impl WrittenDay {
    /// The days from 2000-01-01.
    pub(super) fn days(self, before_christ: bool) -> Result<i64, Fault> {
        let Self { year, month, day } = self;
        if year == 0 {
            return Err(Fault::Invalid);
        }
        let year = if before_christ { 1 - year } else { year };
        Civil { year, month, day }.days().ok_or(Fault::Invalid)
    }
}

/// A text that is read from its beginning.
pub(super) struct Scanner<'a> {
    rest: &'a [u8],
}

impl<'a> Scanner<'a> {
    pub(super) const fn new(text: &'a [u8]) -> Self {
        Self { rest: text }
    }

    /// Whether this byte comes next; if so, it is read.
    #[inline]
    pub(super) fn take(&mut self, byte: u8) -> bool {
        match self.rest {
            [first, rest @ ..] if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// The next byte.
    #[inline]
    pub(super) fn byte(&mut self) -> Result<u8, Fault> {
        let (first, rest) = self.rest.split_first().ok_or(Fault::Invalid)?;
        self.rest = rest;
        Ok(*first)
    }

    /// The end of the text.
    #[inline]
    pub(super) fn end(&self) -> Result<(), Fault> {
        if self.rest.is_empty() { Ok(()) } else { Err(Fault::Invalid) }
    }

    /// `2024-01-31`: a year of at least four digits, and of more only where it is above 9999.
    #[inline]
    pub(super) fn day(&mut self) -> Result<WrittenDay, Fault> {
        let [a, b, c, d, rest @ ..] = self.rest else { return Err(Fault::Invalid) };
        let mut year = i32::from(pair(*a, *b)?) * 100 + i32::from(pair(*c, *d)?);
        self.rest = rest;
        if !self.take(b'-') {
            if year < 1_000 {
                return Err(Fault::Invalid);
            }
            // Longer than any year of Postgres, and no more than an i32 can hold.
            let mut digits = 4;
            while !self.take(b'-') {
                year = year * 10 + i32::from(digit(self.byte()?)?);
                digits += 1;
                if digits > 7 {
                    return Err(if self.is_day_of_a_longer_year() {
                        Fault::OutOfRange
                    } else {
                        Fault::Invalid
                    });
                }
            }
        }
        let [a, b, b'-', c, d, rest @ ..] = self.rest else { return Err(Fault::Invalid) };
        self.rest = rest;
        Ok(WrittenDay { year, month: pair(*a, *b)?, day: pair(*c, *d)? })
    }

    /// Whether more digits of a year, and then month and day, come next.
    fn is_day_of_a_longer_year(&self) -> bool {
        let digits = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        matches!(&self.rest[digits..], [b'-', a, b, b'-', c, d, ..] if pair(*a, *b).is_ok() && pair(*c, *d).is_ok())
    }

    /// `23:59:59`, with a fraction of up to six digits, to `24:00:00`: in microseconds since midnight.
    #[inline]
    pub(super) fn clock(&mut self) -> Result<i64, Fault> {
        let [a, b, b':', c, d, b':', e, f, rest @ ..] = self.rest else { return Err(Fault::Invalid) };
        let (hour, minute, second) = (pair(*a, *b)?, pair(*c, *d)?, pair(*e, *f)?);
        self.rest = rest;
        if minute > 59 || second > 59 {
            return Err(Fault::Invalid);
        }
        let seconds = (i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second);
        let microseconds = seconds * MICROSECONDS_PER_SECOND + i64::from(self.fraction()?);
        if microseconds > MICROSECONDS_PER_DAY { Err(Fault::Invalid) } else { Ok(microseconds) }
    }

    /// `.123456`, or fewer digits, or nothing: in microseconds.
    #[inline]
    pub(super) fn fraction(&mut self) -> Result<u32, Fault> {
        if !self.take(b'.') {
            return Ok(0);
        }
        if let [a, b, c, d, e, f, rest @ ..] = self.rest
            && let (Ok(high), Ok(middle), Ok(low)) = (pair(*a, *b), pair(*c, *d), pair(*e, *f))
        {
            self.rest = rest;
            return Ok(u32::from(high) * 10_000 + u32::from(middle) * 100 + u32::from(low));
        }
        let (mut fraction, mut unit) = (0, 100_000);
        while let Some(digit) = self.rest.first().and_then(|byte| digit(*byte).ok()) {
            fraction += u32::from(digit) * unit;
            unit /= 10;
            self.rest = &self.rest[1..];
        }
        if unit == 100_000 { Err(Fault::Invalid) } else { Ok(fraction) }
    }

    /// `Z`, `+05`, `+05:30` or `+05:30:15`: in seconds east of UTC, less than 16 hours, as in Postgres.
    #[inline]
    pub(super) fn offset(&mut self) -> Result<i32, Fault> {
        let sign = match self.byte()? {
            b'Z' => return Ok(0),
            b'+' => 1,
            b'-' => -1,
            _ => return Err(Fault::Invalid),
        };
        let hours = self.two_digits()?;
        let minutes = if self.take(b':') { self.two_digits()? } else { 0 };
        let seconds = if self.rest.first() == Some(&b':') {
            self.rest = &self.rest[1..];
            self.two_digits()?
        } else {
            0
        };
        if hours > 15 || minutes > 59 || seconds > 59 {
            return Err(Fault::Invalid);
        }
        Ok(sign * ((hours * 60 + minutes) * 60 + seconds))
    }

    /// Whether ` BC` comes next; if so, it is read.
    #[inline]
    pub(super) fn before_christ(&mut self) -> bool {
        match self.rest {
            [b' ', b'B', b'C', rest @ ..] => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// A number of at least one digit.
    #[inline]
    pub(super) fn number(&mut self) -> Result<i64, Fault> {
        let (mut number, mut rest) = (i64::from(digit(self.byte()?)?), self.rest);
        while let [first, after @ ..] = rest
            && let Ok(digit) = digit(*first)
        {
            number =
                number.checked_mul(10).and_then(|n| n.checked_add(digit.into())).ok_or(Fault::OutOfRange)?;
            rest = after;
        }
        self.rest = rest;
        Ok(number)
    }

    fn two_digits(&mut self) -> Result<i32, Fault> {
        let [a, b, rest @ ..] = self.rest else { return Err(Fault::Invalid) };
        self.rest = rest;
        pair(*a, *b).map(i32::from)
    }
}

#[inline]
fn digit(byte: u8) -> Result<u8, Fault> {
    let digit = byte.wrapping_sub(b'0');
    if digit > 9 { Err(Fault::Invalid) } else { Ok(digit) }
}

#[inline]
fn pair(tens: u8, units: u8) -> Result<u8, Fault> {
    let (tens, units) = (tens.wrapping_sub(b'0'), units.wrapping_sub(b'0'));
    // One branch for both: this is where the time of reading goes.
    if (tens > 9) | (units > 9) { Err(Fault::Invalid) } else { Ok(tens * 10 + units) }
}
