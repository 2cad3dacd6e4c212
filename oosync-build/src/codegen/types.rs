//! Rust types, markers and metadata of column types.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

#[cfg(feature = "codegen")]
use super::names::{COMPOSITES, ENUMS, Names, TAGS, ident};
use crate::config::{LocalType, RustType};
use crate::facts::QualifiedName;
use crate::plan::{PlanColumn, PlanColumnKind};
use crate::types::{ColumnType, Scalar};

/// Where the code stands that names a type.
#[cfg(feature = "codegen")]
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) names: &'a Names,
    /// The path from there to the root of what is generated: `super`, or nothing for types that are generated.
    pub(super) root: &'a TokenStream,
}

/// The Rust type of a column that is not null.
#[cfg(feature = "codegen")]
pub(super) fn rust_type(place: Place<'_>, ty: &ColumnType, chosen: Option<RustType>) -> TokenStream {
    match ty {
        ColumnType::Scalar(scalar) => scalar_type(*scalar, chosen),
        ColumnType::Text(name) => {
            let tag = tag(place, name);
            quote!(types::PgText<#tag>)
        }
        ColumnType::Enum(name) => match place.names.enums.get(name) {
            Some(names) => in_root(place, ENUMS, &names.name),
            None => quote!(String),
        },
        ColumnType::Composite(name, _) => match place.names.composites.get(name) {
            Some(names) => in_root(place, COMPOSITES, &names.name),
            None => quote!(String),
        },
        ColumnType::Array(element) => {
            let element = rust_type(place, element, None);
            quote!(types::Array<#element>)
        }
    }
}

pub(super) fn scalar_type(scalar: Scalar, chosen: Option<RustType>) -> TokenStream {
    match (scalar, chosen) {
        (Scalar::Numeric, Some(RustType::RustDecimal)) => quote!(oosync::rust_decimal::Decimal),
        (Scalar::Numeric, Some(RustType::Bigdecimal)) => quote!(oosync::bigdecimal::BigDecimal),
        (Scalar::Timestamptz, Some(RustType::Chrono)) => {
            quote!(oosync::chrono::DateTime<oosync::chrono::Utc>)
        }
        (Scalar::Timestamptz, Some(RustType::Time)) => quote!(oosync::time::OffsetDateTime),
        (Scalar::Timestamptz, Some(RustType::Jiff)) => quote!(oosync::jiff::Timestamp),
        (Scalar::Timestamp, Some(RustType::Chrono)) => quote!(oosync::chrono::NaiveDateTime),
        (Scalar::Timestamp, Some(RustType::Time)) => quote!(oosync::time::PrimitiveDateTime),
        (Scalar::Timestamp, Some(RustType::Jiff)) => quote!(oosync::jiff::civil::DateTime),
        (Scalar::Date, Some(RustType::Chrono)) => quote!(oosync::chrono::NaiveDate),
        (Scalar::Date, Some(RustType::Time)) => quote!(oosync::time::Date),
        (Scalar::Date, Some(RustType::Jiff)) => quote!(oosync::jiff::civil::Date),
        (Scalar::Time, Some(RustType::Chrono)) => quote!(oosync::chrono::NaiveTime),
        (Scalar::Time, Some(RustType::Time)) => quote!(oosync::time::Time),
        (Scalar::Time, Some(RustType::Jiff)) => quote!(oosync::jiff::civil::Time),
        (Scalar::Bool, _) => quote!(bool),
        (Scalar::Int2, _) => quote!(i16),
        (Scalar::Int4, _) => quote!(i32),
        (Scalar::Int8, _) => quote!(i64),
        (Scalar::Oid, _) => quote!(u32),
        (Scalar::Float4, _) => quote!(f32),
        (Scalar::Float8, _) => quote!(f64),
        (Scalar::Uuid | Scalar::UuidText, _) => quote!(types::Uuid),
        (Scalar::Bytea, _) => quote!(Vec<u8>),
        (Scalar::Json | Scalar::Jsonb, _) => quote!(types::Json),
        (Scalar::Text, _) => quote!(String),
        (own, _) => {
            let name = Ident::new(scalar_name(own), Span::call_site());
            quote!(types::#name)
        }
    }
}

/// The marker of a column that is not null.
#[cfg(feature = "codegen")]
pub(super) fn marker(place: Place<'_>, ty: &ColumnType) -> TokenStream {
    match ty {
        ColumnType::Scalar(scalar) => {
            let name = Ident::new(scalar_name(*scalar), Span::call_site());
            quote!(sql::#name)
        }
        ColumnType::Text(name) => {
            let tag = tag(place, name);
            quote!(sql::PgText<#tag>)
        }
        ColumnType::Enum(_) => quote!(sql::Enum),
        ColumnType::Composite(..) => quote!(sql::Composite),
        ColumnType::Array(element) => {
            let element = marker(place, element);
            quote!(sql::Array<#element>)
        }
    }
}

/// The value of `oosync::schema::ColumnType`.
pub(super) fn metadata(ty: &ColumnType) -> TokenStream {
    match ty {
        ColumnType::Scalar(scalar) => {
            let name = Ident::new(scalar_name(*scalar), Span::call_site());
            quote!(oosync::schema::ColumnType::#name)
        }
        ColumnType::Text(name) => {
            let name = sql_name(name);
            quote!(oosync::schema::ColumnType::PgText(#name))
        }
        ColumnType::Enum(_) => quote!(oosync::schema::ColumnType::Enum),
        ColumnType::Composite(_, attributes) => {
            let attributes = attributes.iter().map(|attribute| {
                let (name, ty) = (&attribute.name, metadata(&attribute.ty));
                quote!(oosync::schema::Attribute::new(#name, #ty))
            });
            quote!(oosync::schema::ColumnType::Composite(&[#(#attributes),*]))
        }
        ColumnType::Array(element) => {
            let element = metadata(element);
            quote!(oosync::schema::ColumnType::Array(&#element))
        }
    }
}

/// The name that markers, metadata and own types share.
pub(super) const fn scalar_name(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Bool => "Bool",
        Scalar::Int2 => "Int2",
        Scalar::Int4 => "Int4",
        Scalar::Int8 => "Int8",
        Scalar::Oid => "Oid",
        Scalar::Float4 => "Float4",
        Scalar::Float8 => "Float8",
        Scalar::Numeric => "Numeric",
        Scalar::Timestamptz => "Timestamptz",
        Scalar::Timestamp => "Timestamp",
        Scalar::Date => "Date",
        Scalar::Time => "Time",
        Scalar::TimeTz => "TimeTz",
        Scalar::Interval => "Interval",
        Scalar::Uuid => "Uuid",
        Scalar::UuidText => "UuidText",
        Scalar::Bytea => "Bytea",
        Scalar::Json => "Json",
        Scalar::Jsonb => "Jsonb",
        Scalar::Text => "Text",
        Scalar::Money => "Money",
    }
}

#[cfg(feature = "codegen")]
fn in_root(place: Place<'_>, module: &str, name: &Ident) -> TokenStream {
    let (root, module) = (place.root, ident(module));
    quote!(#root::#module::#name)
}

#[cfg(feature = "codegen")]
fn tag(place: Place<'_>, name: &QualifiedName) -> TokenStream {
    if let Some(tag) = runtime_tag(name) {
        let tag = Ident::new(&tag, Span::call_site());
        return quote!(types::tags::#tag);
    }
    match place.names.tags.get(name) {
        Some(tag) => in_root(place, TAGS, tag),
        None => quote!(()),
    }
}

/// The type of a column, also of one that only the device has.
pub(super) fn column_type(column: &PlanColumn) -> ColumnType {
    match &column.kind {
        PlanColumnKind::Synced(synced) => synced.ty.clone(),
        PlanColumnKind::Local(ty) => ColumnType::Scalar(match ty {
            LocalType::Integer => Scalar::Int8,
            LocalType::Real => Scalar::Float8,
            LocalType::Text => Scalar::Text,
            LocalType::Blob => Scalar::Bytea,
        }),
    }
}

/// A type's name as a cast to it needs it written.
pub(super) fn sql_name(name: &QualifiedName) -> String {
    if name.schema == "pg_catalog" {
        return name.name.clone();
    }
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    format!("{}.{}", quoted(&name.schema), quoted(&name.name))
}

/// Built-in types that are held in Postgres's own text form; the runtime has a tag for each, by its name in Pascal
/// case.
const RUNTIME_TAGS: &[&str] = &[
    "inet",
    "cidr",
    "macaddr",
    "macaddr8",
    "bit",
    "varbit",
    "tsvector",
    "tsquery",
    "xml",
    "jsonpath",
    "int4range",
    "int8range",
    "numrange",
    "tsrange",
    "tstzrange",
    "daterange",
    "int4multirange",
    "int8multirange",
    "nummultirange",
    "tsmultirange",
    "tstzmultirange",
    "datemultirange",
    "point",
    "line",
    "lseg",
    "box",
    "path",
    "polygon",
    "circle",
    "pg_lsn",
    "pg_snapshot",
    "txid_snapshot",
    "xid",
    "xid8",
    "cid",
    "tid",
    "char",
    "regclass",
    "regproc",
    "regprocedure",
    "regoper",
    "regoperator",
    "regtype",
    "regrole",
    "regnamespace",
    "regconfig",
    "regdictionary",
    "regcollation",
    "aclitem",
    "int2vector",
    "oidvector",
];

/// The runtime's tag for a type, if it has one.
pub(super) fn runtime_tag(name: &QualifiedName) -> Option<String> {
    let built_in = name.schema == "pg_catalog" && RUNTIME_TAGS.contains(&name.name.as_str());
    built_in.then(|| crate::names::pascal(&name.name))
}
