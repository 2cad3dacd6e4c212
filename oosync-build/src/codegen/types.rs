//! Rust types, markers and metadata of column types.

#[cfg(feature = "codegen")]
use std::borrow::Cow;

#[cfg(feature = "codegen")]
use proc_macro2::Ident;

#[cfg(feature = "codegen")]
use super::names::{COMPOSITES, ENUMS, Names, TAGS};
use super::text::literal;
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
    pub(super) root: &'a str,
}

/// The Rust type of a column that is not null, as code.
#[cfg(feature = "codegen")]
pub(super) fn rust_type(place: Place<'_>, ty: &ColumnType, chosen: Option<RustType>) -> Cow<'static, str> {
    match ty {
        ColumnType::Scalar(scalar) => scalar_type(*scalar, chosen).into(),
        ColumnType::Text(name) => format!("types::PgText<{}>", tag(place, name)).into(),
        ColumnType::Enum(name) => match place.names.enums.get(name) {
            Some(names) => in_root(place, ENUMS, &names.name).into(),
            None => "String".into(),
        },
        ColumnType::Composite(name, _) => match place.names.composites.get(name) {
            Some(names) => in_root(place, COMPOSITES, &names.name).into(),
            None => "String".into(),
        },
        ColumnType::Array(element) => format!("types::Array<{}>", rust_type(place, element, None)).into(),
    }
}

/// The Rust type of a scalar, as code.
pub(super) const fn scalar_type(scalar: Scalar, chosen: Option<RustType>) -> &'static str {
    match (scalar, chosen) {
        (Scalar::Numeric, Some(RustType::RustDecimal)) => "oosync::rust_decimal::Decimal",
        (Scalar::Numeric, Some(RustType::Bigdecimal)) => "oosync::bigdecimal::BigDecimal",
        (Scalar::Timestamptz, Some(RustType::Chrono)) => "oosync::chrono::DateTime<oosync::chrono::Utc>",
        (Scalar::Timestamptz, Some(RustType::Time)) => "oosync::time::OffsetDateTime",
        (Scalar::Timestamptz, Some(RustType::Jiff)) => "oosync::jiff::Timestamp",
        (Scalar::Timestamp, Some(RustType::Chrono)) => "oosync::chrono::NaiveDateTime",
        (Scalar::Timestamp, Some(RustType::Time)) => "oosync::time::PrimitiveDateTime",
        (Scalar::Timestamp, Some(RustType::Jiff)) => "oosync::jiff::civil::DateTime",
        (Scalar::Date, Some(RustType::Chrono)) => "oosync::chrono::NaiveDate",
        (Scalar::Date, Some(RustType::Time)) => "oosync::time::Date",
        (Scalar::Date, Some(RustType::Jiff)) => "oosync::jiff::civil::Date",
        (Scalar::Time, Some(RustType::Chrono)) => "oosync::chrono::NaiveTime",
        (Scalar::Time, Some(RustType::Time)) => "oosync::time::Time",
        (Scalar::Time, Some(RustType::Jiff)) => "oosync::jiff::civil::Time",
        (Scalar::Bool, _) => "bool",
        (Scalar::Int2, _) => "i16",
        (Scalar::Int4, _) => "i32",
        (Scalar::Int8, _) => "i64",
        (Scalar::Oid, _) => "u32",
        (Scalar::Float4, _) => "f32",
        (Scalar::Float8, _) => "f64",
        (Scalar::Uuid | Scalar::UuidText, _) => "types::Uuid",
        (Scalar::Bytea, _) => "Vec<u8>",
        (Scalar::Json | Scalar::Jsonb, _) => "types::Json",
        (Scalar::Text, _) => "String",
        (Scalar::Numeric, _) => "types::Numeric",
        (Scalar::Timestamptz, _) => "types::Timestamptz",
        (Scalar::Timestamp, _) => "types::Timestamp",
        (Scalar::Date, _) => "types::Date",
        (Scalar::Time, _) => "types::Time",
        (Scalar::TimeTz, _) => "types::TimeTz",
        (Scalar::Interval, _) => "types::Interval",
        (Scalar::Money, _) => "types::Money",
    }
}

/// The marker of a column that is not null, as code.
#[cfg(feature = "codegen")]
pub(super) fn marker(place: Place<'_>, ty: &ColumnType) -> String {
    match ty {
        ColumnType::Scalar(scalar) => format!("sql::{}", scalar_name(*scalar)),
        ColumnType::Text(name) => format!("sql::PgText<{}>", tag(place, name)),
        ColumnType::Enum(_) => "sql::Enum".to_owned(),
        ColumnType::Composite(..) => "sql::Composite".to_owned(),
        ColumnType::Array(element) => format!("sql::Array<{}>", marker(place, element)),
    }
}

/// The value of `oosync::schema::ColumnType`, as code.
pub(super) fn metadata(ty: &ColumnType) -> String {
    match ty {
        ColumnType::Scalar(scalar) => format!("ColumnType::{}", scalar_name(*scalar)),
        ColumnType::Text(name) => format!("ColumnType::PgText({})", literal(&sql_name(name))),
        ColumnType::Enum(_) => "ColumnType::Enum".to_owned(),
        ColumnType::Composite(_, attributes) => {
            let attributes = attributes.iter().map(|attribute| {
                format!("schema::Attribute::new({}, {})", literal(&attribute.name), metadata(&attribute.ty))
            });
            format!("ColumnType::Composite(&[{}])", super::text::list(attributes))
        }
        ColumnType::Array(element) => format!("ColumnType::Array(&{})", metadata(element)),
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
fn in_root(place: Place<'_>, module: &str, name: &Ident) -> String {
    format!("{}::{module}::{name}", place.root)
}

#[cfg(feature = "codegen")]
fn tag(place: Place<'_>, name: &QualifiedName) -> String {
    if let Some(tag) = runtime_tag(name) {
        return format!("types::tags::{tag}");
    }
    match place.names.tags.get(name) {
        Some(tag) => in_root(place, TAGS, tag),
        None => "()".to_owned(),
    }
}

/// The type of a column, also of one that only the device has.
pub(super) const fn column_type(column: &PlanColumn) -> &ColumnType {
    match &column.kind {
        PlanColumnKind::Synced(synced) => &synced.ty,
        PlanColumnKind::Local(LocalType::Integer) => &ColumnType::Scalar(Scalar::Int8),
        PlanColumnKind::Local(LocalType::Real) => &ColumnType::Scalar(Scalar::Float8),
        PlanColumnKind::Local(LocalType::Text) => &ColumnType::Scalar(Scalar::Text),
        PlanColumnKind::Local(LocalType::Blob) => &ColumnType::Scalar(Scalar::Bytea),
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
