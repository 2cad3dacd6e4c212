//! Exact sums, as Postgres's `sum(numeric)`.

use std::cmp::Ordering;

use super::text::{self, Parts};
use super::{MAX_WHOLE_DIGITS, NAME, Numeric};
use crate::ValueError;

/// Decimal digits in one limb.
const LIMB: usize = 9;

/// One more than the greatest limb.
const BASE: u32 = 1_000_000_000;

/// A sum that is exact whatever is added: digits are neither rounded nor lost.
///
/// The scale is the largest of what was added. NaN stays NaN; infinities of both signs are NaN.
///
/// ```
/// use oosync_runtime::types::{Numeric, NumericSum};
///
/// let mut sum = NumericSum::default();
/// for value in ["0.1", "0.20", "-5"] {
///     sum.add(&value.parse::<Numeric>()?);
/// }
/// assert_eq!(sum.total()?.map(Numeric::into_string).as_deref(), Some("-4.70"));
/// # Ok::<(), oosync_runtime::ValueError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct NumericSum {
    positive: Magnitude,
    negative: Magnitude,
    nan: bool,
    infinity: bool,
    neg_infinity: bool,
    any: bool,
    scale: usize,
}

impl NumericSum {
    /// Adds a value.
    pub fn add(&mut self, value: &Numeric) {
        self.any = true;
        match value.as_str() {
            text::NAN => self.nan = true,
            text::INFINITY => self.infinity = true,
            text::NEG_INFINITY => self.neg_infinity = true,
            finite => {
                let parts = text::parts(finite);
                self.scale = self.scale.max(parts.fraction.len());
                if parts.negative { &mut self.negative } else { &mut self.positive }.add(&parts);
            }
        }
    }

    /// What was added up; `None` where nothing was.
    ///
    /// # Errors
    ///
    /// Where the sum has more digits than Postgres holds.
    pub fn total(&self) -> Result<Option<Numeric>, ValueError> {
        if !self.any {
            return Ok(None);
        }
        if self.nan || (self.infinity && self.neg_infinity) {
            return Ok(Some(Numeric::nan()));
        }
        if self.infinity {
            return Ok(Some(Numeric::infinity()));
        }
        if self.neg_infinity {
            return Ok(Some(Numeric::neg_infinity()));
        }
        let whole = self.positive.whole.len().max(self.negative.whole.len());
        let fraction = self.positive.fraction.len().max(self.negative.fraction.len());
        let positive = self.positive.limbs(whole, fraction);
        let negative = self.negative.limbs(whole, fraction);
        let (sign, limbs) = match positive.cmp(&negative) {
            Ordering::Less => ("-", subtract(negative, &positive)),
            Ordering::Equal | Ordering::Greater => ("", subtract(positive, &negative)),
        };
        let digits: String = limbs.iter().map(|limb| format!("{limb:0LIMB$}")).collect();
        let (whole, fraction) = digits.split_at(whole * LIMB);
        let whole = whole.trim_start_matches('0');
        if whole.len() > MAX_WHOLE_DIGITS {
            return Err(ValueError::out_of_range(format_args!("a sum of {} digits", whole.len()), NAME));
        }
        let mut text = format!("{sign}{}", if whole.is_empty() { "0" } else { whole });
        if self.scale > 0 {
            text.push('.');
            // The limbs hold at least as many digits as the largest scale; those beyond it are zero.
            text.push_str(&fraction[..self.scale]);
        }
        Ok(Some(Numeric::from_canonical(text)))
    }
}

/// A sum of numbers of one sign.
#[derive(Debug, Clone, Default)]
struct Magnitude {
    /// Least significant limb first.
    whole: Vec<u32>,
    /// Most significant limb first.
    fraction: Vec<u32>,
}

impl Magnitude {
    fn add(&mut self, value: &Parts<'_>) {
        let fraction_limbs = value.fraction.len().div_ceil(LIMB);
        if self.fraction.len() < fraction_limbs {
            self.fraction.resize(fraction_limbs, 0);
        }
        let mut carry = 0;
        for (limb, digits) in self.fraction.iter_mut().zip(value.fraction.chunks(LIMB)).rev() {
            let missing = (LIMB - digits.len()) as u32;
            carry = add_limb(limb, number(digits) * 10_u32.pow(missing), carry);
        }
        let whole_limbs = value.whole.len().div_ceil(LIMB);
        if self.whole.len() < whole_limbs {
            self.whole.resize(whole_limbs, 0);
        }
        let mut limbs = self.whole.iter_mut();
        for digits in value.whole.rchunks(LIMB) {
            let Some(limb) = limbs.next() else { break };
            carry = add_limb(limb, number(digits), carry);
        }
        for limb in limbs {
            if carry == 0 {
                break;
            }
            carry = add_limb(limb, 0, carry);
        }
        if carry > 0 {
            self.whole.push(carry);
        }
    }

    /// All limbs, most significant first, with zeros up to these lengths.
    fn limbs(&self, whole: usize, fraction: usize) -> Vec<u32> {
        let mut limbs = vec![0; whole - self.whole.len()];
        limbs.extend(self.whole.iter().rev());
        limbs.extend(&self.fraction);
        limbs.resize(whole + fraction, 0);
        limbs
    }
}

/// Adds to a limb; returns the carry. Both summands are below [`BASE`], so that the sum is below 2^31.
fn add_limb(limb: &mut u32, summand: u32, carry: u32) -> u32 {
    let sum = *limb + summand + carry;
    *limb = sum % BASE;
    sum / BASE
}

/// Up to nine digits as a number.
fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'))
}

/// Of two numbers of equal length, the larger minus the smaller.
fn subtract(mut larger: Vec<u32>, smaller: &[u32]) -> Vec<u32> {
    let mut borrow = 0;
    for (limb, subtrahend) in larger.iter_mut().zip(smaller).rev() {
        let take = subtrahend + borrow;
        borrow = u32::from(*limb < take);
        *limb = *limb + borrow * BASE - take;
    }
    larger
}
