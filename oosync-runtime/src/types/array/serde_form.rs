//! Arrays through serde: a list, or, for another shape, `{"dimensions": […], "elements": […]}`.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error as _, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Array, Dimension, check_plain};

#[derive(Serialize)]
#[serde(rename = "Array")]
struct Borrowed<'a, T> {
    dimensions: &'a [Dimension],
    elements: &'a [Option<T>],
}

#[derive(Deserialize)]
#[serde(rename = "Array", deny_unknown_fields)]
struct Owned<T> {
    dimensions: Vec<Dimension>,
    elements: Vec<Option<T>>,
}

impl<T: Serialize> Serialize for Array<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if check_plain(&self.dimensions).is_ok() {
            self.elements.serialize(serializer)
        } else {
            Borrowed { dimensions: &self.dimensions, elements: &self.elements }.serialize(serializer)
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Array<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Form<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Form<T> {
            type Value = Array<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list, or dimensions and elements")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Array<T>, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = list.next_element::<Option<T>>()? {
                    elements.push(element);
                }
                Ok(elements.into())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Array<T>, A::Error> {
                let Owned { dimensions, elements } = Owned::deserialize(MapAccessDeserializer::new(map))?;
                Array::new(elements, dimensions).map_err(A::Error::custom)
            }
        }

        deserializer.deserialize_any(Form(PhantomData))
    }
}
