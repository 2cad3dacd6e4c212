//! What generated code would declare for the types of the schema.

use oosync_runtime::types::{
    Array, Json, Numeric, ObjectReader, ObjectWriter, PgComposite, PgEnum, PgText, Timestamptz, tags,
};
use oosync_runtime::{Field, Value, ValueError, sql};

/// Reads a value as a Rust type, and writes it again.
pub(crate) fn through<S, T: Field<S>>(value: &Value<'_>) -> Result<Value<'static>, ValueError> {
    T::decode(value.as_ref())?.encode().map(Value::into_owned)
}

pub(crate) enum Mood {
    Happy,
    Unknown(String),
}

impl PgEnum for Mood {
    const NAME: &'static str = "public.mood";

    fn as_label(&self) -> &str {
        match self {
            Self::Happy => "happy",
            Self::Unknown(label) => label,
        }
    }

    fn from_label(label: &str) -> Self {
        match label {
            "happy" => Self::Happy,
            label => Self::Unknown(label.to_owned()),
        }
    }
}

macro_rules! composite {
    ($name:ident $sql:literal { $($field:ident $attribute:literal $marker:ty => $type:ty,)* }) => {
        pub(crate) struct $name {
            $($field: Option<$type>,)*
        }

        impl PgComposite for $name {
            const NAME: &'static str = $sql;

            fn write(&self, _object: &mut ObjectWriter<'_>) -> Result<(), ValueError> {
                $(_object.attribute::<$marker, _>($attribute, &self.$field)?;)*
                Ok(())
            }

            fn read(_object: &mut ObjectReader<'_>) -> Result<Self, ValueError> {
                Ok(Self { $($field: _object.attribute::<$marker, _>($attribute)?,)* })
            }
        }
    };
}

composite! { Nothing "public.nothing" {} }

composite! { Single "public.single" { a "a" sql::Text => String, } }

composite! { Inner "public.inner" {
    a "a" sql::Int4 => i32,
    b "b \"c\\" sql::Text => String,
    n "n" sql::Numeric => Numeric,
    t "t" sql::Timestamptz => Timestamptz,
    f "f" sql::Float8 => f64,
    bytes "bytes" sql::Bytea => Vec<u8>,
    j "j" sql::Json => Json,
    m "m" sql::Enum => Mood,
    ok "ok" sql::Bool => bool,
    tags "tags" sql::Array<sql::Text> => Array<String>,
} }

composite! { Outer "public.outer" {
    inner "inner" sql::Composite => Inner,
    list "list" sql::Array<sql::Composite> => Array<Inner>,
    ranges "ranges" sql::Array<sql::PgText<tags::Int4range>> => Array<PgText<tags::Int4range>>,
} }
