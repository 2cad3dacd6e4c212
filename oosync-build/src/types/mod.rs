//! How a Postgres type is held on the device and in Rust: the one table that decides it.

use crate::facts::QualifiedName;

/// A Postgres type with domains looked through and names resolved: what decides how it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnType {
    /// A built-in type with a form of its own.
    Scalar(Scalar),
    /// A type that is held in Postgres's own text form: ranges, `inet`, `citext`, …
    Text(QualifiedName),
    /// An enum of the facts.
    Enum(QualifiedName),
    /// A composite type of the facts (or the row type of a table), with its attributes.
    Composite(QualifiedName, Vec<Attribute>),
    /// An array of any number of dimensions.
    Array(Box<ColumnType>),
}

/// A part of a composite type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: ColumnType,
}

/// A built-in type with a form of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scalar {
    /// `boolean`
    Bool,
    /// `smallint`
    Int2,
    /// `integer`
    Int4,
    /// `bigint`
    Int8,
    /// `oid`
    Oid,
    /// `real`
    Float4,
    /// `double precision`
    Float8,
    /// `numeric`
    Numeric,
    /// `timestamp with time zone`
    Timestamptz,
    /// `timestamp without time zone`
    Timestamp,
    /// `date`
    Date,
    /// `time without time zone`
    Time,
    /// `time with time zone`
    TimeTz,
    /// `interval`
    Interval,
    /// `uuid`, 16 bytes on the device
    Uuid,
    /// `uuid`, 36 characters on the device
    UuidText,
    /// `bytea`
    Bytea,
    /// `json`
    Json,
    /// `jsonb`
    Jsonb,
    /// `text`, `character varying`, `character`, `name`
    Text,
    /// `money`
    Money,
}

impl ColumnType {
    /// The SQLite type of a column.
    pub const fn sqlite_type(&self) -> &'static str {
        match self {
            Self::Scalar(scalar) => match scalar {
                Scalar::Bool | Scalar::Int2 | Scalar::Int4 | Scalar::Int8 | Scalar::Oid | Scalar::Money => {
                    "INTEGER"
                }
                Scalar::Float4 | Scalar::Float8 => "ANY",
                Scalar::Uuid | Scalar::Bytea => "BLOB",
                _ => "TEXT",
            },
            _ => "TEXT",
        }
    }
}
