use std::cmp::Ordering;
use std::collections::HashSet;

use bigdecimal::BigDecimal;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn numeric(text: &str) -> Numeric {
    text.parse().unwrap()
}

/// Numbers of all sizes, with zeros where they matter.
fn finite() -> impl Strategy<Value = Numeric> {
    let digits = "(0{0,9}[0-9]{1,40}0{0,9}|[0-9]{1,4})";
    let fraction = "(\\.0{0,9}[0-9]{1,40}0{0,9}|\\.[0-9]{1,3})?";
    (any::<bool>(), digits, fraction).prop_map(|(negative, whole, fraction)| {
        numeric(&format!("{}{whole}{fraction}", if negative { "-" } else { "" }))
    })
}

fn any_numeric() -> impl Strategy<Value = Numeric> {
    prop_oneof![
        20 => finite(),
        1 => Just(Numeric::nan()),
        1 => Just(Numeric::infinity()),
        1 => Just(Numeric::neg_infinity()),
    ]
}

fn big(value: &Numeric) -> BigDecimal {
    value.as_str().parse().unwrap()
}

#[test]
fn what_postgres_reads_is_read_and_shown_as_postgres_shows_it() {
    for (text, shown) in [
        ("0", "0"),
        ("-0", "0"),
        ("-0.00", "0.00"),
        ("007", "7"),
        ("+1.10", "1.10"),
        (".5", "0.5"),
        ("5.", "5"),
        ("1.5e2", "150"),
        ("1.50E1", "15.0"),
        ("1e-3", "0.001"),
        ("12345e-7", "0.0012345"),
        ("0e5", "0"),
        ("0e-5", "0.00000"),
        ("00.10", "0.10"),
        ("nan", "NaN"),
        ("INF", "Infinity"),
        ("+inf", "Infinity"),
        ("-infinity", "-Infinity"),
    ] {
        assert_eq!(numeric(text).as_str(), shown);
    }
}

#[test]
fn what_is_no_number_is_refused() {
    for text in
        ["", "-", ".", "e5", "1e", "1e+", "1 ", " 1", "--1", "1.2.3", "1_0", "0x1", "+nan", "1e5e5", "١"]
    {
        assert!(matches!(text.parse::<Numeric>(), Err(ValueError::Invalid { .. })), "{text}");
    }
}

#[test]
fn the_largest_and_the_longest_numbers_of_postgres_are_held_and_no_larger_ones() {
    let largest = "9".repeat(MAX_WHOLE_DIGITS);
    let longest = format!("{largest}.{}", "9".repeat(MAX_SCALE));
    for text in [&largest, &longest, "1e131071", "1e-16383"] {
        let value = numeric(text);
        assert_eq!(Numeric::from_pg_binary(&value.to_pg_binary()), Ok(value));
    }
    for text in [format!("{largest}0"), format!("0.{}", "0".repeat(MAX_SCALE + 1))] {
        assert!(matches!(text.parse::<Numeric>(), Err(ValueError::OutOfRange { .. })));
    }
    for text in ["1e131072", "1e-16384", "1e99999999999999999999", "1e-99999999999999999999"] {
        assert!(matches!(text.parse::<Numeric>(), Err(ValueError::OutOfRange { .. })), "{text}");
    }
}

#[test]
fn equality_is_of_digits_and_order_first_of_value() {
    assert_ne!(numeric("1.10"), numeric("1.1"));
    assert_eq!(numeric("1.10").cmp_value(&numeric("1.1")), Ordering::Equal);
    let mut values =
        ["NaN", "2", "-Infinity", "1.10", "Infinity", "-3", "1.1", "0.0", "0", "-10"].map(numeric);
    values.sort();
    let sorted = ["-Infinity", "-10", "-3", "0", "0.0", "1.1", "1.10", "2", "Infinity", "NaN"];
    assert_eq!(values.each_ref().map(Numeric::as_str), sorted);
    assert_eq!(HashSet::from(values).len(), 10);
}

#[test]
fn integers_and_floats_convert_exactly_or_not_at_all() {
    assert_eq!(i32::try_from(&numeric("-7.00")), Ok(-7));
    assert!(i32::try_from(&numeric("7.5")).is_err());
    assert!(u8::try_from(&numeric("256")).is_err());
    assert!(i64::try_from(&Numeric::nan()).is_err());
    assert_eq!(Numeric::from(i64::MIN).as_str(), "-9223372036854775808");
    assert_eq!(Numeric::try_from(0.1).unwrap().as_str(), "0.1");
    assert_eq!(Numeric::try_from(1e300).unwrap().to_f64_lossy(), 1e300);
    assert_eq!(Numeric::try_from(f64::NEG_INFINITY), Ok(Numeric::neg_infinity()));
    assert!(Numeric::try_from(f64::NAN).unwrap().is_nan());
    assert!(Numeric::try_from(-0.0).is_err());
}

#[test]
fn a_sum_has_postgress_rules_for_what_is_no_number() {
    let sum = |values: &[&str]| {
        let mut sum = NumericSum::default();
        values.iter().for_each(|text| sum.add(&numeric(text)));
        sum.total().map(|total| total.map(Numeric::into_string))
    };
    assert_eq!(sum(&[]), Ok(None));
    assert_eq!(sum(&["1.00", "-1"]), Ok(Some("0.00".to_owned())));
    assert_eq!(sum(&["Infinity", "1"]), Ok(Some("Infinity".to_owned())));
    assert_eq!(sum(&["Infinity", "-Infinity"]), Ok(Some("NaN".to_owned())));
    assert_eq!(sum(&["NaN", "-Infinity"]), Ok(Some("NaN".to_owned())));
    assert_eq!(sum(&["999999999", "1"]), Ok(Some("1000000000".to_owned())));
    assert_eq!(sum(&["-0.999999999", "-0.0000000010"]), Ok(Some("-1.0000000000".to_owned())));
    let largest = "9".repeat(MAX_WHOLE_DIGITS);
    assert!(sum(&[&largest, "1"]).is_err());
}

#[test]
fn bytes_that_postgres_does_not_send_are_refused() {
    for bytes in [
        &[][..],
        &[0; 7],
        &[0, 1, 0, 0, 0, 0, 0, 0],
        // A digit of 10000.
        &[0, 1, 0, 0, 0, 0, 0, 0, 0x27, 0x10],
        // An unknown sign.
        &[0, 0, 0, 0, 0x80, 0, 0, 0],
        // Digits below the scale.
        &[0, 1, 0xFF, 0xFF, 0, 0, 0, 1, 0, 1],
        // A scale beyond the limit.
        &[0, 0, 0, 0, 0, 0, 0x40, 0],
        // A byte too many.
        &[0, 0, 0, 0, 0, 0, 0, 0, 0],
    ] {
        assert!(Numeric::from_pg_binary(bytes).is_err(), "{bytes:?}");
    }
}

proptest! {
    #[test]
    fn every_number_survives_text_json_and_binary(value in any_numeric()) {
        prop_assert!(text::is_canonical(value.as_str()));
        prop_assert_eq!(&numeric(value.as_str()), &value);
        prop_assert_eq!(&Numeric::from_pg_binary(&value.to_pg_binary())?, &value);
        let mut json = String::new();
        value.write_json(&mut json)?;
        prop_assert_eq!(Numeric::read_json(&json)?, value);
    }

    #[test]
    fn exponents_move_the_point(value in finite(), exponent in -60_i32..60) {
        let text = format!("{value}e{exponent}");
        prop_assert_eq!(big(&numeric(&text)), text.parse::<BigDecimal>().unwrap());
    }

    #[test]
    fn the_order_is_that_of_the_numbers(left in finite(), right in finite()) {
        prop_assert_eq!(left.cmp_value(&right), big(&left).cmp(&big(&right)));
        prop_assert_eq!(left.cmp(&right).reverse(), right.cmp(&left));
    }

    #[test]
    fn sums_are_exact(values in vec(finite(), 1..40)) {
        let mut sum = NumericSum::default();
        let mut expected = BigDecimal::from(0);
        for value in &values {
            sum.add(value);
            expected += big(value);
        }
        let total = sum.total()?.unwrap();
        prop_assert_eq!(total.scale(), values.iter().filter_map(Numeric::scale).max());
        prop_assert_eq!(big(&total), expected);
    }

    #[test]
    fn no_bytes_make_reading_panic(
        bytes in vec(any::<u8>(), 0..24),
        digits in vec(0..10_000_u16, 0..6), weight: i16, scale: u16,
    ) {
        let _ = Numeric::from_pg_binary(&bytes);
        let mut bytes = Vec::new();
        for field in [digits.len() as u16, weight.cast_unsigned(), 0, scale].iter().chain(&digits) {
            bytes.extend(field.to_be_bytes());
        }
        if let Ok(value) = Numeric::from_pg_binary(&bytes) {
            prop_assert!(text::is_canonical(value.as_str()));
        }
    }

    #[test]
    fn no_text_makes_reading_panic(text in "[-+.eE0-9aNnif]{0,12}") {
        if let Ok(value) = text.parse::<Numeric>() {
            prop_assert!(text::is_canonical(value.as_str()));
        }
    }
}

#[cfg(feature = "rust_decimal")]
mod with_rust_decimal {
    use rust_decimal::Decimal;

    use super::*;

    #[test]
    fn a_decimal_keeps_its_scale_and_is_never_rounded() {
        let price = Decimal::try_from(&numeric("1.10")).unwrap();
        assert_eq!(price.to_string(), "1.10");
        assert_eq!(Numeric::from(price).as_str(), "1.10");
        assert_eq!(Numeric::from(-Decimal::new(0, 2)).as_str(), "0.00");
        for text in ["NaN", "Infinity", "79228162514264337593543950336", "0.00000000000000000000000000001"] {
            assert!(Decimal::try_from(&numeric(text)).is_err(), "{text}");
        }
        let decoded = <Decimal as Field<sql::Numeric>>::decode(Value::Text("2.50".into())).unwrap();
        assert_eq!(Field::<sql::Numeric>::encode(&decoded), Ok(Value::Text("2.50".into())));
    }

    proptest! {
        #[test]
        fn a_number_fits_exactly_or_not_at_all(value in finite()) {
            if let Ok(decimal) = Decimal::try_from(&value) {
                prop_assert_eq!(Numeric::from(decimal), value);
            } else {
                prop_assert!(value.as_str().len() > 28);
            }
        }

        #[test]
        fn every_decimal_fits(low: u32, mid: u32, high: u32, negative: bool, scale in 0..=28_u32) {
            let decimal = Decimal::from_parts(low, mid, high, negative, scale);
            let value = Numeric::from(decimal);
            let back = Decimal::try_from(&value)?;
            prop_assert_eq!((back, back.scale()), (decimal, scale));
        }
    }
}

#[cfg(feature = "bigdecimal")]
mod with_bigdecimal {
    use super::*;

    #[test]
    fn a_bigdecimal_keeps_its_scale() {
        let price = BigDecimal::try_from(&numeric("1.10")).unwrap();
        assert_eq!(price.as_bigint_and_exponent().1, 2);
        assert_eq!(Numeric::try_from(price).unwrap().as_str(), "1.10");
        assert_eq!(Numeric::try_from(BigDecimal::new(12.into(), -3)).unwrap().as_str(), "12000");
        assert!(Numeric::try_from(BigDecimal::new(1.into(), i64::MIN)).is_err());
        assert!(Numeric::try_from(BigDecimal::new(1.into(), i64::MAX)).is_err());
        assert!(BigDecimal::try_from(&Numeric::nan()).is_err());
    }

    proptest! {
        #[test]
        fn every_number_fits(value in finite()) {
            let decimal = BigDecimal::try_from(&value)?;
            prop_assert_eq!(Numeric::try_from(&decimal)?, value);
        }
    }
}
