//! What a column asks of a struct that a person wrote.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use super::types::{column_type, runtime_tag, scalar_name, scalar_type};
use crate::plan::PlanColumn;
use crate::types::{ColumnType, Scalar};

/// What a field has to be for its column.
pub(crate) struct Asked {
    /// The marker: the `S` of `Field<S>`.
    pub(crate) marker: TokenStream,
    /// The type to write.
    pub(crate) write: String,
    /// What else would do, and where the types are found; a sentence each.
    pub(crate) also: Vec<String>,
}

/// What `column` asks of its field; `runtime` is the path of the runtime crate.
pub(crate) fn hand_written(column: &PlanColumn, runtime: &TokenStream) -> Asked {
    let ty = column_type(column);
    let (mut marker, mut write) = (marker(ty, runtime), write(column, ty));
    if column.nullable {
        marker = quote!(#runtime::sql::Nullable<#marker>);
        write = format!("Option<{write}>");
    }
    Asked { marker, write, also: also(ty, runtime) }
}

fn marker(ty: &ColumnType, runtime: &TokenStream) -> TokenStream {
    match ty {
        ColumnType::Scalar(scalar) => {
            let name = Ident::new(scalar_name(*scalar), Span::call_site());
            quote!(#runtime::sql::#name)
        }
        ColumnType::Text(name) => {
            let tag = Ident::new(runtime_tag(name).as_deref().unwrap_or("Other"), Span::call_site());
            quote!(#runtime::sql::PgText<#runtime::types::tags::#tag>)
        }
        ColumnType::Enum(_) => quote!(#runtime::sql::Enum),
        ColumnType::Composite(..) => quote!(#runtime::sql::Composite),
        ColumnType::Array(element) => {
            let element = marker(element, runtime);
            quote!(#runtime::sql::Array<#element>)
        }
    }
}

fn write(column: &PlanColumn, ty: &ColumnType) -> String {
    match ty {
        ColumnType::Scalar(scalar) => spelled(scalar_type(*scalar, column.rust_type)),
        // Types without a tag in the runtime have one in the generated code, which this crate need not have.
        ColumnType::Text(_) => "String".to_owned(),
        ColumnType::Enum(name) => crate::names::pascal(&name.name),
        ColumnType::Composite(name, _) => crate::names::pascal(&name.name),
        ColumnType::Array(element) => format!("Vec<{}>", element_of(column, element)),
    }
}

/// An array takes no choice of library.
fn element_of(column: &PlanColumn, element: &ColumnType) -> String {
    match element {
        ColumnType::Scalar(scalar) => spelled(scalar_type(*scalar, None)),
        element => write(column, element),
    }
}

fn also(ty: &ColumnType, runtime: &TokenStream) -> Vec<String> {
    let runtime = spelled_path(runtime);
    let of_types = |name: &str| format!("`{name}` is `{runtime}::types::{name}`");
    let feature = |types: &str| format!("{types} fit too, with the feature of that name of `{runtime}`");
    match ty {
        ColumnType::Scalar(scalar) => match scalar {
            Scalar::Int2 => vec!["`i32` and `i64` fit too".to_owned()],
            Scalar::Int4 | Scalar::Oid => vec!["`i64` fits too".to_owned()],
            Scalar::Float4 => vec!["`f64` fits too".to_owned()],
            Scalar::Bool | Scalar::Int8 | Scalar::Float8 | Scalar::Bytea | Scalar::Text => Vec::new(),
            Scalar::Numeric => {
                vec![of_types("Numeric"), feature("`rust_decimal::Decimal` and `bigdecimal::BigDecimal`")]
            }
            Scalar::Timestamptz => vec![
                of_types("Timestamptz"),
                feature("`chrono::DateTime<Utc>`, `time::OffsetDateTime` and `jiff::Timestamp`"),
            ],
            Scalar::Timestamp => vec![
                of_types("Timestamp"),
                feature("`chrono::NaiveDateTime`, `time::PrimitiveDateTime` and `jiff::civil::DateTime`"),
            ],
            Scalar::Date => {
                vec![of_types("Date"), feature("`chrono::NaiveDate`, `time::Date` and `jiff::civil::Date`")]
            }
            Scalar::Time => {
                vec![of_types("Time"), feature("`chrono::NaiveTime`, `time::Time` and `jiff::civil::Time`")]
            }
            Scalar::Json | Scalar::Jsonb => {
                vec![of_types("Json"), "`Json<T>` reads the document as a type of your own".to_owned()]
            }
            Scalar::Uuid | Scalar::UuidText => vec![of_types("Uuid")],
            Scalar::Interval => vec![
                of_types("Interval"),
                "`std::time::Duration` fits too".to_owned(),
                feature("`chrono::TimeDelta`, `time::Duration` and `jiff::SignedDuration`"),
            ],
            own => vec![of_types(scalar_name(*own))],
        },
        ColumnType::Text(name) => match runtime_tag(name) {
            Some(tag) => vec![format!("`{runtime}::types::PgText<tags::{tag}>` fits too")],
            None => Vec::new(),
        },
        ColumnType::Enum(name) => {
            vec![format!("`{}` is the generated enum; `String` fits too", crate::names::pascal(&name.name))]
        }
        ColumnType::Composite(name, _) => {
            vec![format!("`{}` is the generated struct", crate::names::pascal(&name.name))]
        }
        ColumnType::Array(element) => {
            let mut also = vec![format!(
                "elements that are null need `Vec<Option<…>>`, several dimensions `{runtime}::types::Array<…>`"
            )];
            also.extend(self::also(element, &runtime.parse().unwrap_or_default()));
            also
        }
    }
}

/// `oosync::types::Numeric` as a person writes it: `Numeric`, with the crate's name where it is another's.
fn spelled(ty: &str) -> String {
    ty.replace("types::", "").replace("oosync::", "")
}

/// `:: oosync_runtime` as a person writes it.
fn spelled_path(path: &TokenStream) -> String {
    path.to_string().replace(' ', "").trim_start_matches("::").to_owned()
}
