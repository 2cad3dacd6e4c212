//! Values of Postgres through Diesel: its binary format.

use std::io::Write as _;

use ::diesel::deserialize;
use ::diesel::pg::{Pg, PgValue};
use ::diesel::serialize::{self, IsNull, Output};
use ::diesel::sql_types::Nullable;

use super::exact::StoredAs;
use crate::types::{
    Array, Date, Dimension, Interval, Json, Money, Numeric, Time, TimeTz, Timestamp, Timestamptz, Uuid,
};
use crate::{Element, Field, Value, ValueError, sql};

/// A marker whose type has a binary form that does not depend on the server.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no binary form that could be sent to every Postgres",
    note = "composite types and types held in Postgres's own text form are for SQLite only"
)]
pub trait PgBinary: Sized {
    /// The type of ours that holds every value.
    type Own: Field<Self> + Element<Self>;
    /// `pg_type.oid`; 0 where it differs from server to server, so that the server finds it.
    const OID: u32;
    /// The OID of its array type.
    const ARRAY_OID: u32;

    /// Appends the binary form.
    ///
    /// # Errors
    ///
    /// Where Postgres has no such value.
    fn to_binary(value: &Self::Own, out: &mut Vec<u8>) -> Result<(), ValueError>;

    /// Reads the binary form.
    ///
    /// # Errors
    ///
    /// Where the bytes mean nothing in the type.
    fn from_binary(bytes: &[u8]) -> Result<Self::Own, ValueError>;
}

/// A marker whose arrays have such a form too: they name the type of their elements, which is not known of an enum.
pub trait PgElement: PgBinary {}

/// A type in `table!`, nullable or not, with its binary form.
pub trait PgEncode {
    /// The marker.
    type Binary: PgBinary;
}

impl<ST: StoredAs<Marker: PgBinary>> PgEncode for ST {
    type Binary = ST::Marker;
}

impl<ST: StoredAs<Marker: PgBinary>> PgEncode for Nullable<ST> {
    type Binary = ST::Marker;
}

/// Reads a value through [`Field`].
///
/// # Errors
///
/// Where it does not fit.
pub fn read<S: PgBinary, T: Field<S>>(value: PgValue<'_>) -> deserialize::Result<T> {
    let own = S::from_binary(value.as_bytes())?;
    Ok(T::decode(own.encode()?)?)
}

/// Writes a field.
///
/// # Errors
///
/// Where the column has no such value.
pub fn write<S: PgBinary, T: Field<S>>(field: &T, out: &mut Output<'_, '_, Pg>) -> serialize::Result {
    put::<S>(field.encode()?, out)
}

pub(super) fn put<S: PgBinary>(value: Value<'_>, out: &mut Output<'_, '_, Pg>) -> serialize::Result {
    if value == Value::Null {
        return Ok(IsNull::Yes);
    }
    let mut bytes = Vec::new();
    S::to_binary(&S::Own::decode(value)?, &mut bytes)?;
    out.write_all(&bytes)?;
    Ok(IsNull::No)
}

/// So many bytes.
fn fixed<const N: usize>(bytes: &[u8], expected: &'static str) -> Result<[u8; N], ValueError> {
    bytes.try_into().map_err(|_| ValueError::invalid(format_args!("{} bytes", bytes.len()), expected))
}

fn utf8(bytes: &[u8], expected: &'static str) -> Result<String, ValueError> {
    let text = std::str::from_utf8(bytes);
    text.map(str::to_owned)
        .map_err(|_| ValueError::invalid(format_args!("{} bytes that are no UTF-8", bytes.len()), expected))
}

/// OIDs are those of `pg_type.dat`, which never change.
macro_rules! binary {
    ($($marker:ident $own:ty, $oid:literal $array:literal, $to:expr, $from:expr;)+) => {$(
        impl PgBinary for sql::$marker {
            type Own = $own;
            const OID: u32 = $oid;
            const ARRAY_OID: u32 = $array;

            fn to_binary(value: &$own, out: &mut Vec<u8>) -> Result<(), ValueError> {
                let to: fn(&$own) -> _ = $to;
                out.extend_from_slice(to(value).as_ref());
                Ok(())
            }

            fn from_binary(bytes: &[u8]) -> Result<$own, ValueError> {
                let from: fn(&[u8]) -> Result<$own, ValueError> = $from;
                from(bytes)
            }
        }
    )+};
}

binary! {
    Bool bool, 16 1000, |value| [u8::from(*value)], |bytes| match bytes {
        [0] => Ok(false),
        [1] => Ok(true),
        _ => Err(ValueError::invalid(format_args!("{} bytes", bytes.len()), "boolean")),
    };
    Int2 i16, 21 1005, |value| value.to_be_bytes(), |bytes| fixed(bytes, "smallint").map(i16::from_be_bytes);
    Int4 i32, 23 1007, |value| value.to_be_bytes(), |bytes| fixed(bytes, "integer").map(i32::from_be_bytes);
    Int8 i64, 20 1016, |value| value.to_be_bytes(), |bytes| fixed(bytes, "bigint").map(i64::from_be_bytes);
    Oid u32, 26 1028, |value| value.to_be_bytes(), |bytes| fixed(bytes, "oid").map(u32::from_be_bytes);
    Float4 f32, 700 1021, |value| value.to_be_bytes(), |bytes| fixed(bytes, "real").map(f32::from_be_bytes);
    Float8 f64, 701 1022, |value| value.to_be_bytes(),
        |bytes| fixed(bytes, "double precision").map(f64::from_be_bytes);
    Numeric Numeric, 1700 1231, Numeric::to_pg_binary, Numeric::from_pg_binary;
    Timestamptz Timestamptz, 1184 1185, Timestamptz::to_pg_binary, Timestamptz::from_pg_binary;
    Timestamp Timestamp, 1114 1115, Timestamp::to_pg_binary, Timestamp::from_pg_binary;
    Date Date, 1082 1182, Date::to_pg_binary, Date::from_pg_binary;
    Time Time, 1083 1183, Time::to_pg_binary, Time::from_pg_binary;
    TimeTz TimeTz, 1266 1270, TimeTz::to_pg_binary, TimeTz::from_pg_binary;
    Interval Interval, 1186 1187, Interval::to_pg_binary, Interval::from_pg_binary;
    Uuid Uuid, 2950 2951, |value| *value.as_bytes(), |bytes| fixed(bytes, "uuid").map(Uuid::from_bytes);
    UuidText Uuid, 2950 2951, |value| *value.as_bytes(), |bytes| fixed(bytes, "uuid").map(Uuid::from_bytes);
    Bytea Vec<u8>, 17 1001, Vec::clone, |bytes| Ok(bytes.to_vec());
    Json Json, 114 199, |value| value.raw().as_bytes().to_vec(), |bytes| Json::from_raw(utf8(bytes, "json")?);
    Jsonb Json, 3802 3807, |value| {
        let mut bytes = vec![1];
        bytes.extend_from_slice(value.raw().as_bytes());
        bytes
    }, |bytes| match bytes {
        [1, text @ ..] => Json::from_raw(utf8(text, "jsonb")?),
        _ => Err(ValueError::invalid("another version than 1", "jsonb")),
    };
    Text String, 25 1009, |value| value.as_bytes().to_vec(), |bytes| utf8(bytes, "text");
    Money Money, 790 791, |value| value.to_pg_binary(), Money::from_pg_binary;
    Enum String, 0 0, |value| value.as_bytes().to_vec(), |bytes| utf8(bytes, "enum");
}

macro_rules! elements {
    ($($marker:ident)+) => { $(impl PgElement for sql::$marker {})+ };
}

elements! {
    Bool Int2 Int4 Int8 Oid Float4 Float8 Numeric Timestamptz Timestamp Date Time TimeTz Interval Uuid UuidText
    Bytea Json Jsonb Text Money
}

/// `array_send` and `array_recv` in Postgres's `arrayfuncs.c`: the number of dimensions, whether there are nulls,
/// the type of the elements, each dimension's length and lower bound, then each element after its length.
impl<S: PgElement> PgBinary for sql::Array<S> {
    type Own = Array<S::Own>;
    const OID: u32 = S::ARRAY_OID;
    const ARRAY_OID: u32 = 0;

    fn to_binary(value: &Self::Own, out: &mut Vec<u8>) -> Result<(), ValueError> {
        let dimensions = value.dimensions();
        // At most six.
        out.extend((dimensions.len() as i32).to_be_bytes());
        out.extend(i32::from(value.iter().any(Option::is_none)).to_be_bytes());
        out.extend(S::OID.to_be_bytes());
        for Dimension { length, lower } in dimensions {
            out.extend(length.to_be_bytes());
            out.extend(lower.to_be_bytes());
        }
        for element in value.iter() {
            let Some(element) = element else {
                out.extend((-1_i32).to_be_bytes());
                continue;
            };
            let at = out.len();
            out.extend([0; 4]);
            S::to_binary(element, out)?;
            let length = i32::try_from(out.len() - at - 4)
                .map_err(|_| ValueError::out_of_range("an element of 2 GB", "array"))?;
            out[at..at + 4].copy_from_slice(&length.to_be_bytes());
        }
        Ok(())
    }

    fn from_binary(mut bytes: &[u8]) -> Result<Self::Own, ValueError> {
        let input = &mut bytes;
        let dimensions = take_i32(input)?;
        let _has_nulls = take_i32(input)?;
        // A domain or `varchar` has the form of its base.
        let _element = take_i32(input)?;
        let mut shape = Vec::new();
        // `Array::new` refuses more dimensions than there are; nothing is read for those that are missing.
        for _ in 0..dimensions {
            shape.push(Dimension { length: take_i32(input)?, lower: take_i32(input)? });
        }
        let mut elements = Vec::new();
        while !input.is_empty() {
            elements.push(match usize::try_from(take_i32(input)?) {
                Ok(length) => Some(S::from_binary(take(input, length)?)?),
                Err(_) => None,
            });
        }
        Array::new(elements, shape)
    }
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8], ValueError> {
    let (taken, rest) = bytes
        .split_at_checked(length)
        .ok_or_else(|| ValueError::invalid(format_args!("an array that ends early"), "array"))?;
    *bytes = rest;
    Ok(taken)
}

fn take_i32(bytes: &mut &[u8]) -> Result<i32, ValueError> {
    fixed(take(bytes, 4)?, "array").map(i32::from_be_bytes)
}
