//! What all types of this module have in common: one text, by which they are shown, stored, sent and read.

/// Everything that follows from `fn text(self) -> Ascii` and `fn read(text: &[u8]) -> Result<Self, Fault>`.
macro_rules! text_form {
    ($type:ident, $expected:literal) => {
        impl $type {
            /// What error messages call the type: its name in Postgres.
            pub(super) const EXPECTED: &str = $expected;

            /// Appends the text that SQLite holds; nothing is allocated but what the string needs.
            pub fn write_text(&self, text: &mut String) {
                text.push_str(self.text().as_str());
            }
        }

        /// The text that SQLite holds.
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.text().as_str())
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($type), "({})"), self.text().as_str())
            }
        }

        /// Reads the text that SQLite holds, and what Postgres prints.
        impl std::str::FromStr for $type {
            type Err = ValueError;

            fn from_str(text: &str) -> Result<Self, ValueError> {
                Self::read(text.as_bytes()).map_err(|fault| fault.explain(text, Self::EXPECTED))
            }
        }

        /// As text.
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.text().as_str())
            }
        }

        /// As text.
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer
                    .deserialize_str($crate::types::time::column::TextVisitor::<Self>::new(Self::EXPECTED))
            }
        }

        impl $crate::Field<$crate::sql::$type> for $type {
            fn encode(&self) -> Result<$crate::Value<'_>, ValueError> {
                Ok($crate::types::time::column::stored(self.text().as_str()))
            }

            fn decode(value: $crate::Value<'_>) -> Result<Self, ValueError> {
                match value {
                    $crate::Value::Text(text) => text.parse(),
                    other => Err(ValueError::kind(&other, Self::EXPECTED)),
                }
            }
        }

        impl $crate::Element<$crate::sql::$type> for $type {
            fn write_json(&self, json: &mut String) -> Result<(), ValueError> {
                json.push('"');
                self.write_text(json);
                json.push('"');
                Ok(())
            }

            fn read_json(json: &str) -> Result<Self, ValueError> {
                $crate::types::time::column::json_string(json, Self::EXPECTED)?.parse()
            }
        }
    };
}

/// `Field` and `Element` for the type of another crate, by conversion from and to the type of this module.
macro_rules! field_by_conversion {
    ($($foreign:ty => $own:ident,)+) => {$(
        impl $crate::Field<$crate::sql::$own> for $foreign {
            fn encode(&self) -> Result<$crate::Value<'_>, ValueError> {
                Ok($crate::types::time::column::stored($own::try_from(*self)?.text().as_str()))
            }

            fn decode(value: $crate::Value<'_>) -> Result<Self, ValueError> {
                <$own as $crate::Field<$crate::sql::$own>>::decode(value)?.try_into()
            }
        }

        impl $crate::Element<$crate::sql::$own> for $foreign {
            fn write_json(&self, json: &mut String) -> Result<(), ValueError> {
                $crate::Element::<$crate::sql::$own>::write_json(&$own::try_from(*self)?, json)
            }

            fn read_json(json: &str) -> Result<Self, ValueError> {
                <$own as $crate::Element<$crate::sql::$own>>::read_json(json)?.try_into()
            }
        }
    )+};
}

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

pub(super) use field_by_conversion;
pub(super) use text_form;

use crate::{Value, ValueError};

/// The value that SQLite stores.
pub(super) fn stored(text: &str) -> Value<'static> {
    Value::Text(Cow::Owned(text.to_owned()))
}

/// The text in a JSON string.
pub(super) fn json_string<'a>(json: &'a str, expected: &'static str) -> Result<Cow<'a, str>, ValueError> {
    if let Some(text) = json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'))
        && text.bytes().all(|byte| byte != b'"' && byte != b'\\' && byte >= b' ')
    {
        return Ok(Cow::Borrowed(text));
    }
    serde_json::from_str(json).map(Cow::Owned).map_err(|_| ValueError::invalid(json, expected))
}

/// An array of the length that Postgres sends.
pub(super) fn pg_bytes<const N: usize>(bytes: &[u8], expected: &'static str) -> Result<[u8; N], ValueError> {
    bytes.try_into().map_err(|_| ValueError::invalid(format_args!("{} bytes", bytes.len()), expected))
}

/// Reads a text by its type's `FromStr`.
pub(super) struct TextVisitor<T> {
    expected: &'static str,
    value: PhantomData<T>,
}

impl<T> TextVisitor<T> {
    pub(super) const fn new(expected: &'static str) -> Self {
        Self { expected, value: PhantomData }
    }
}

impl<T: FromStr<Err = ValueError>> serde::de::Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the text of a {}", self.expected)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
pub(super) mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fmt::{Debug, Display};

    use super::*;

    /// The value is shown as the text, and the text is read as the value.
    #[track_caller]
    pub(crate) fn reads_as_itself<T>(value: T, text: &str)
    where
        T: Copy + Debug + Display + PartialEq + FromStr<Err = ValueError>,
    {
        assert_eq!(value.to_string(), text);
        assert_eq!(text.parse::<T>(), Ok(value));
    }

    /// None of the texts means anything in the type.
    #[track_caller]
    pub(crate) fn refuses<T: Debug + FromStr<Err = ValueError>>(texts: &[&str]) {
        for text in texts {
            match text.parse::<T>() {
                Err(ValueError::Invalid { .. }) => {}
                other => panic!("`{text}` gives {other:?}"),
            }
        }
    }

    /// The value is stored, and is an element, as that of the type `Own` is, and is read again.
    #[track_caller]
    pub(crate) fn comes_back<Own, S, T>(value: T)
    where
        Own: crate::Field<S> + TryFrom<T, Error: Debug>,
        T: Copy + Debug + PartialEq + crate::Field<S> + crate::Element<S>,
    {
        let stored = value.encode().unwrap();
        assert_eq!(stored, Own::try_from(value).unwrap().encode().unwrap());
        assert_eq!(T::decode(stored), Ok(value));
        let mut json = String::new();
        value.write_json(&mut json).unwrap();
        assert_eq!(T::read_json(&json), Ok(value));
        for other in [Value::Null, Value::Integer(0), Value::Blob(Cow::Borrowed(b"2024-01-01"))] {
            assert!(T::decode(other).is_err());
        }
    }

    #[track_caller]
    pub(crate) fn is_out_of_range<T: Debug>(result: Result<T, ValueError>) {
        assert!(matches!(result, Err(ValueError::OutOfRange { .. })), "{result:?}");
    }

    #[test]
    fn a_json_string_may_be_escaped() {
        assert_eq!(json_string(r#""infinity""#, "date").unwrap(), "infinity");
        assert_eq!(json_string(r#" "\u0069nfinity" "#, "date").unwrap(), "infinity");
        for json in ["infinity", "1", "null", "\"", "\"a", "\"a\"b\"", "\"a\nb\"", "[\"a\"]"] {
            assert!(json_string(json, "date").is_err(), "{json}");
        }
    }

    #[test]
    fn a_width_is_kept_to() {
        assert_eq!(format!("{:>12}", crate::types::Date::INFINITY), "    infinity");
        assert_eq!(format!("{:?}", crate::types::Date::INFINITY), "Date(infinity)");
    }
}
