//! Enums: a label, which may be one that the app does not know yet.

use std::borrow::Cow;

use crate::types::json_text;
use crate::types::primitive::without_nul;
use crate::{Element, Field, Value, ValueError, sql};

/// A Rust enum that stands for an enum of Postgres.
///
/// The generated ones have a variant for labels that were added after the app was built: a device that does not know
/// a label yet keeps it.
///
/// ```
/// use oosync_runtime::types::PgEnum;
/// use oosync_runtime::{Field, Value, ValueError, sql};
///
/// enum Mood {
///     Happy,
///     Unknown(String),
/// }
///
/// impl PgEnum for Mood {
///     const NAME: &'static str = "public.mood";
///
///     fn as_label(&self) -> &str {
///         match self {
///             Self::Happy => "happy",
///             Self::Unknown(label) => label,
///         }
///     }
///
///     fn from_label(label: &str) -> Self {
///         match label {
///             "happy" => Self::Happy,
///             label => Self::Unknown(label.to_owned()),
///         }
///     }
/// }
///
/// let mood = <Mood as Field<sql::Enum>>::decode(Value::Text("curious".into()))?;
/// assert_eq!(mood.as_label(), "curious");
/// # Ok::<(), ValueError>(())
/// ```
pub trait PgEnum: Sized {
    /// The type's name in Postgres, with its schema: for messages.
    const NAME: &'static str;

    /// The label.
    fn as_label(&self) -> &str;

    /// From a label, which may be one that is not known.
    fn from_label(label: &str) -> Self;
}

impl<T: PgEnum> Field<sql::Enum> for T {
    fn encode(&self) -> Result<Value<'_>, ValueError> {
        without_nul(self.as_label(), T::NAME).map(|label| Value::Text(Cow::Borrowed(label)))
    }

    fn decode(value: Value<'_>) -> Result<Self, ValueError> {
        match value {
            Value::Text(label) => Ok(Self::from_label(&label)),
            other => Err(ValueError::kind(&other, T::NAME)),
        }
    }
}

impl<T: PgEnum> Element<sql::Enum> for T {
    fn write_json(&self, json: &mut String) -> Result<(), ValueError> {
        json_text::write_string(without_nul(self.as_label(), T::NAME)?, json);
        Ok(())
    }

    fn read_json(json: &str) -> Result<Self, ValueError> {
        json_text::read_string(json, T::NAME).map(|label| Self::from_label(&label))
    }
}

impl Field<sql::Enum> for String {
    fn encode(&self) -> Result<Value<'_>, ValueError> {
        <Self as Field<sql::Text>>::encode(self)
    }

    fn decode(value: Value<'_>) -> Result<Self, ValueError> {
        <Self as Field<sql::Text>>::decode(value)
    }
}

impl Element<sql::Enum> for String {
    fn write_json(&self, json: &mut String) -> Result<(), ValueError> {
        <Self as Element<sql::Text>>::write_json(self, json)
    }

    fn read_json(json: &str) -> Result<Self, ValueError> {
        <Self as Element<sql::Text>>::read_json(json)
    }
}
