//! `uuid`: 16 bytes, or 36 characters where the config says so.

use std::borrow::Cow;

pub use ::uuid::Uuid;

use crate::types::json_text;
use crate::{Element, Field, Value, ValueError, sql};

const NAME: &str = "uuid";

/// A new UUID of version 7: keys made in the order of time are stored twice as fast as random ones.
pub fn new_v7() -> Uuid {
    Uuid::now_v7()
}

/// Reads the 36 characters that Postgres prints; other spellings of a UUID would be another key in SQLite.
///
/// # Errors
///
/// Where the text is something else.
pub(crate) fn parse(text: &str) -> Result<Uuid, ValueError> {
    let invalid = || ValueError::invalid(text, NAME);
    if text.len() != 36 || text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(invalid());
    }
    Uuid::try_parse(text).map_err(|_| invalid())
}

impl Field<sql::Uuid> for Uuid {
    fn encode(&self) -> Result<Value<'_>, ValueError> {
        Ok(Value::Blob(Cow::Borrowed(self.as_bytes())))
    }

    fn decode(value: Value<'_>) -> Result<Self, ValueError> {
        match value {
            Value::Blob(bytes) => Self::from_slice(&bytes)
                .map_err(|_| ValueError::invalid(format_args!("{} bytes", bytes.len()), NAME)),
            other => Err(ValueError::kind(&other, NAME)),
        }
    }
}

impl Field<sql::UuidText> for Uuid {
    fn encode(&self) -> Result<Value<'_>, ValueError> {
        Ok(Value::Text(Cow::Owned(self.to_string())))
    }

    fn decode(value: Value<'_>) -> Result<Self, ValueError> {
        match value {
            Value::Text(text) => parse(&text),
            other => Err(ValueError::kind(&other, NAME)),
        }
    }
}

macro_rules! elements {
    ($($marker:ident)+) => {$(
        impl Element<sql::$marker> for Uuid {
            fn write_json(&self, json: &mut String) -> Result<(), ValueError> {
                json.push('"');
                json.push_str(self.hyphenated().encode_lower(&mut Self::encode_buffer()));
                json.push('"');
                Ok(())
            }

            fn read_json(json: &str) -> Result<Self, ValueError> {
                parse(&json_text::read_string(json, NAME)?)
            }
        }
    )+};
}

elements! { Uuid UuidText }
