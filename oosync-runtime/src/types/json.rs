//! `json` and `jsonb`: the text as it is, read on demand.

use std::borrow::Cow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::types::json_text;
use crate::{Element, Field, Value, ValueError, sql};

/// Any JSON value: for [`Json`] where nothing is known of the document.
pub type JsonValue = serde_json::Value;

/// A JSON document, kept byte by byte: white space, the order of keys, keys that occur twice, `\u0000`, the spelling
/// of numbers and any depth survive.
///
/// `T` is what [`get`](Self::get) reads it as. Two documents are equal if their texts are.
///
/// ```
/// use oosync_runtime::types::Json;
///
/// let sizes: Json<Vec<u32>> = Json::new(&vec![1, 2])?;
/// assert_eq!(sizes.raw(), "[1,2]");
/// assert_eq!(sizes.get()?, [1, 2]);
/// # Ok::<(), serde_json::Error>(())
/// ```
pub struct Json<T = JsonValue> {
    raw: String,
    /// It holds no `T`: whether it may be sent to another thread does not depend on it.
    document: PhantomData<fn() -> T>,
}

impl<T> Json<T> {
    /// From text, which is kept as it is.
    ///
    /// # Errors
    ///
    /// Where the text is not one JSON value.
    pub fn from_raw(raw: impl Into<String>) -> Result<Self, ValueError> {
        let raw = raw.into();
        json_text::one_value(&raw, "json")?;
        Ok(Self { raw, document: PhantomData })
    }

    /// The text.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// The text.
    pub fn into_raw(self) -> String {
        self.raw
    }

    /// The same text, to be read as another type.
    pub fn cast<U>(self) -> Json<U> {
        Json { raw: self.raw, document: PhantomData }
    }
}

impl<T: Serialize> Json<T> {
    /// The value as JSON.
    ///
    /// # Errors
    ///
    /// Where it has no JSON form: a map whose keys are not strings, say.
    pub fn new(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::to_string(value).map(|raw| Self { raw, document: PhantomData })
    }
}

impl<T: DeserializeOwned> Json<T> {
    /// Reads the document.
    ///
    /// # Errors
    ///
    /// Where it is no `T`, or deeper than serde_json reads (128 levels); [`raw`](Self::raw) is there in any case.
    pub fn get(&self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.raw)
    }
}

impl<T> Clone for Json<T> {
    fn clone(&self) -> Self {
        Self { raw: self.raw.clone(), document: PhantomData }
    }
}

impl<T> PartialEq for Json<T> {
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw
    }
}

impl<T> Eq for Json<T> {}

impl<T> Hash for Json<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.raw.hash(state);
    }
}

impl<T> fmt::Debug for Json<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Json({})", self.raw)
    }
}

impl<T> fmt::Display for Json<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.raw)
    }
}

impl<T> FromStr for Json<T> {
    type Err = ValueError;

    fn from_str(text: &str) -> Result<Self, ValueError> {
        Self::from_raw(text)
    }
}

/// As the document itself, not as a string; white space around it is lost. Only serde_json can do this.
impl<T> Serialize for Json<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.raw).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de, T> Deserialize<'de> for Json<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Self { raw: Box::<str>::from(raw).into_string(), document: PhantomData })
    }
}

macro_rules! columns {
    ($($marker:ident $name:literal)+) => {$(
        impl<T> Field<sql::$marker> for Json<T> {
            fn encode(&self) -> Result<Value<'_>, ValueError> {
                Ok(Value::Text(Cow::Borrowed(&self.raw)))
            }

            fn decode(value: Value<'_>) -> Result<Self, ValueError> {
                match value {
                    Value::Text(raw) => Self::from_raw(raw),
                    other => Err(ValueError::kind(&other, $name)),
                }
            }
        }

        /// A JSON string that contains the document, so that `null` in it is not the null of SQL.
        impl<T> Element<sql::$marker> for Json<T> {
            fn write_json(&self, json: &mut String) -> Result<(), ValueError> {
                json_text::write_string(&self.raw, json);
                Ok(())
            }

            fn read_json(json: &str) -> Result<Self, ValueError> {
                Self::from_raw(json_text::read_string(json, $name)?)
            }
        }
    )+};
}

columns! { Json "json" Jsonb "jsonb" }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_survives_byte_by_byte() {
        let deep = format!("{}{}", "[".repeat(1_000), "]".repeat(1_000));
        for text in [
            " {\"a\" :1.0,\"a\":1.00e+2}\n",
            r#""\u0000\ud800""#,
            "1e999",
            "null",
            "0.10000000000000000000000000001",
            deep.as_str(),
        ] {
            let json: Json = text.parse().unwrap();
            assert_eq!(json.raw(), text);
            let mut element = String::new();
            Element::<sql::Json>::write_json(&json, &mut element).unwrap();
            assert_eq!(<Json as Element<sql::Jsonb>>::read_json(&element).unwrap(), json);
        }
    }

    #[test]
    fn what_is_not_one_value_is_refused() {
        for text in ["", " ", "{", "1 2", "nul", "'a'", "[1,]", "{\"a\"}", "01", "\"\n\"", "\u{feff}1"] {
            assert!(Json::<JsonValue>::from_raw(text).is_err(), "{text}");
        }
    }

    #[test]
    fn serde_takes_the_document_through() {
        let json: Json = "{\"a\": 1.00}".parse().unwrap();
        let text = serde_json::to_string(&vec![json.clone()]).unwrap();
        assert_eq!(text, "[{\"a\": 1.00}]");
        assert_eq!(serde_json::from_str::<Vec<Json>>(&text).unwrap(), [json]);
    }
}
