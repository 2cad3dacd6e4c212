//! Composite types: a JSON object with every attribute in its order. What generated structs call.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::types::json_text::{self, Str};
use crate::{Element, Field, Value, ValueError, sql};

const NAME: &str = "composite type";

/// A Rust struct that stands for a composite type of Postgres. With it come [`Field`] and [`Element`].
///
/// ```
/// use oosync_runtime::types::{ObjectReader, ObjectWriter, PgComposite};
/// use oosync_runtime::{Field, Value, ValueError, sql};
///
/// struct Point {
///     x: Option<i32>,
/// }
///
/// impl PgComposite for Point {
///     const NAME: &'static str = "public.point";
///
///     fn write(&self, object: &mut ObjectWriter<'_>) -> Result<(), ValueError> {
///         object.attribute::<sql::Int4, _>("x", &self.x)
///     }
///
///     fn read(object: &mut ObjectReader<'_>) -> Result<Self, ValueError> {
///         Ok(Self { x: object.attribute::<sql::Int4, _>("x")? })
///     }
/// }
///
/// assert_eq!(Point { x: None }.encode()?, Value::Text(r#"{"x":null}"#.into()));
/// # Ok::<(), ValueError>(())
/// ```
pub trait PgComposite: Sized {
    /// The type's name in Postgres, with its schema: for messages.
    const NAME: &'static str;

    /// Writes every attribute, in the type's order.
    ///
    /// # Errors
    ///
    /// Those of the attributes.
    fn write(&self, object: &mut ObjectWriter<'_>) -> Result<(), ValueError>;

    /// Reads every attribute.
    ///
    /// # Errors
    ///
    /// Those of the attributes.
    fn read(object: &mut ObjectReader<'_>) -> Result<Self, ValueError>;
}

impl<T: PgComposite> Field<sql::Composite> for T {
    fn encode(&self) -> Result<Value<'_>, ValueError> {
        let mut json = String::new();
        self.write_json(&mut json)?;
        Ok(Value::Text(Cow::Owned(json)))
    }

    fn decode(value: Value<'_>) -> Result<Self, ValueError> {
        match value {
            Value::Text(json) => Self::read_json(&json),
            other => Err(ValueError::kind(&other, T::NAME)),
        }
    }
}

impl<T: PgComposite> Element<sql::Composite> for T {
    fn write_json(&self, json: &mut String) -> Result<(), ValueError> {
        let mut object = ObjectWriter::new(json);
        self.write(&mut object)?;
        object.finish();
        Ok(())
    }

    fn read_json(json: &str) -> Result<Self, ValueError> {
        let mut object = ObjectReader::new(json)?;
        let value = Self::read(&mut object)?;
        object.finish()?;
        Ok(value)
    }
}

/// Writes an object, attribute by attribute.
#[derive(Debug)]
pub struct ObjectWriter<'a> {
    json: &'a mut String,
    first: bool,
}

impl<'a> ObjectWriter<'a> {
    /// Begins an object at the end of the text.
    pub fn new(json: &'a mut String) -> Self {
        json.push('{');
        Self { json, first: true }
    }

    /// Appends an attribute.
    ///
    /// # Errors
    ///
    /// Those of [`Element::write_json`].
    pub fn attribute<S, T: Element<S>>(&mut self, name: &str, value: &Option<T>) -> Result<(), ValueError> {
        self.raw(name, |json| value.write_json(json))
    }

    /// Appends an attribute whose value is JSON that `write` appends.
    pub(crate) fn raw(
        &mut self,
        name: &str,
        write: impl FnOnce(&mut String) -> Result<(), ValueError>,
    ) -> Result<(), ValueError> {
        if !std::mem::take(&mut self.first) {
            self.json.push(',');
        }
        json_text::write_string(name, self.json);
        self.json.push(':');
        write(self.json)
    }

    /// Ends the object.
    pub fn finish(self) {
        self.json.push('}');
    }
}

/// Reads an object, attribute by attribute.
#[derive(Debug)]
pub struct ObjectReader<'a> {
    json: &'a str,
    attributes: Vec<Attribute<'a>>,
}

#[derive(Debug)]
struct Attribute<'a> {
    name: Cow<'a, str>,
    json: &'a str,
    read: bool,
}

impl<'a> ObjectReader<'a> {
    /// Takes an object apart.
    ///
    /// # Errors
    ///
    /// Where the text is no object, or has a key twice.
    pub fn new(json: &'a str) -> Result<Self, ValueError> {
        match serde_json::from_str::<Attributes<'_>>(json) {
            Ok(Attributes(attributes)) => Ok(Self { json, attributes }),
            Err(_) => Err(ValueError::invalid(json, NAME)),
        }
    }

    /// An attribute. One that is missing is null: it was added to the type after the value was written, and Postgres
    /// says the same.
    ///
    /// # Errors
    ///
    /// Those of [`Element::read_json`].
    pub fn attribute<S, T: Element<S>>(&mut self, name: &str) -> Result<Option<T>, ValueError> {
        self.raw(name).map(T::read_json).transpose()
    }

    /// The JSON of an attribute; nothing for null.
    pub(crate) fn raw(&mut self, name: &str) -> Option<&'a str> {
        let attribute = self.attributes.iter_mut().find(|attribute| attribute.name == name)?;
        attribute.read = true;
        (attribute.json != "null").then_some(attribute.json)
    }

    /// Checks that every attribute was read: what the type does not have would be lost.
    ///
    /// # Errors
    ///
    /// Where one was not.
    pub fn finish(self) -> Result<(), ValueError> {
        if self.attributes.iter().all(|attribute| attribute.read) {
            return Ok(());
        }
        Err(ValueError::invalid(self.json, NAME))
    }
}

/// The keys and values of an object.
struct Attributes<'a>(Vec<Attribute<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Attributes<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Vec<Attribute<'de>>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut attributes = Vec::new();
                while let Some((Str(name), json)) = map.next_entry::<Str<'de>, &'de RawValue>()? {
                    if attributes.iter().any(|other: &Attribute<'_>| other.name == name) {
                        return Err(serde::de::Error::custom("a key occurs twice"));
                    }
                    attributes.push(Attribute { name, json: json.get(), read: false });
                }
                Ok(attributes)
            }
        }

        deserializer.deserialize_map(Object).map(Attributes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Clone, PartialEq)]
    struct Inner {
        tags: Option<Vec<Option<String>>>,
    }

    impl PgComposite for Inner {
        const NAME: &'static str = "public.inner";

        fn write(&self, object: &mut ObjectWriter<'_>) -> Result<(), ValueError> {
            object.attribute::<sql::Array<sql::Text>, _>("tags", &self.tags)
        }

        fn read(object: &mut ObjectReader<'_>) -> Result<Self, ValueError> {
            Ok(Self { tags: object.attribute::<sql::Array<sql::Text>, _>("tags")? })
        }
    }

    #[derive(Debug, Clone, PartialEq)]
    struct Outer {
        inner: Option<Inner>,
        list: Option<Vec<Option<Inner>>>,
        quoted: Option<f64>,
    }

    impl PgComposite for Outer {
        const NAME: &'static str = "public.outer";

        fn write(&self, object: &mut ObjectWriter<'_>) -> Result<(), ValueError> {
            object.attribute::<sql::Composite, _>("inner", &self.inner)?;
            object.attribute::<sql::Array<sql::Composite>, _>("list", &self.list)?;
            object.attribute::<sql::Float8, _>("a \"b\"\n", &self.quoted)
        }

        fn read(object: &mut ObjectReader<'_>) -> Result<Self, ValueError> {
            Ok(Self {
                inner: object.attribute::<sql::Composite, _>("inner")?,
                list: object.attribute::<sql::Array<sql::Composite>, _>("list")?,
                quoted: object.attribute::<sql::Float8, _>("a \"b\"\n")?,
            })
        }
    }

    #[test]
    fn composites_and_arrays_nest() {
        let inner = Inner { tags: Some(vec![None, Some("{".to_owned())]) };
        let outer =
            Outer { inner: Some(inner.clone()), list: Some(vec![None, Some(inner)]), quoted: Some(-0.0) };
        let Value::Text(json) = outer.encode().unwrap() else { panic!("it is text") };
        assert_eq!(
            json,
            r#"{"inner":{"tags":[null,"{"]},"list":[null,{"tags":[null,"{"]}],"a \"b\"\n":-0.0}"#
        );
        assert_eq!(Outer::decode(Value::Text(json)).unwrap(), outer);
    }

    #[test]
    fn a_missing_attribute_is_null_and_an_unknown_one_is_refused() {
        assert_eq!(Inner::read_json(" { } ").unwrap(), Inner { tags: None });
        for json in ["", "[]", "null", r#"{"tag":[]}"#, r#"{"tags":[],"tags":[]}"#, r#"{"tags":1}"#] {
            assert!(Inner::read_json(json).is_err(), "{json}");
        }
    }
}
