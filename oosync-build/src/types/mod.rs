//! How a Postgres type is held on the device and in Rust: the one table that decides it.
//!
//! A type that is not here stops the build: it is never silently text. `rust_type = "text"` on a column carries
//! any type in its text form, where that is what a person wants.
//!
//! | Postgres | SQLite | Rust |
//! | --- | --- | --- |
//! | `boolean` | `INTEGER`: 0 or 1 | `bool` |
//! | `smallint`, `integer`, `bigint` | `INTEGER` | `i16`, `i32`, `i64` |
//! | `oid` | `INTEGER`: 0 to 4294967295 | `u32` |
//! | `real`, `double precision` | `ANY`: a real, or the text `NaN` | `f32`, `f64` |
//! | `numeric` | `TEXT`, as Postgres prints it | `Numeric` |
//! | `timestamp with time zone` | `TEXT`: `2024-01-01 00:00:00.123456+00:00` | `Timestamptz` |
//! | `timestamp without time zone` | `TEXT`: `2024-01-01 00:00:00.123456` | `Timestamp` |
//! | `date` | `TEXT`: `2024-01-01` | `Date` |
//! | `time without time zone` | `TEXT`: `23:59:59.123456` | `Time` |
//! | `time with time zone` | `TEXT`: `23:59:59.123456+05:30` | `TimeTz` |
//! | `interval` | `TEXT`: ISO 8601 | `Interval` |
//! | `uuid` | `BLOB`: 16 bytes; by config `TEXT`: 36 characters | `Uuid` |
//! | `bytea` | `BLOB` | `Vec<u8>` |
//! | `json`, `jsonb` | `TEXT` | `Json` |
//! | `text`, `varchar`, `bpchar`, `name` | `TEXT` | `String` |
//! | `money` | `INTEGER`: hundredths | `Money` |
//! | enums | `TEXT` | the generated enum |
//! | domains | as their base | as their base |
//! | arrays | `TEXT`: JSON | `Vec` |
//! | composites, row types | `TEXT`: JSON | the generated struct |
//! | ranges, multiranges | `TEXT`, as Postgres prints it | `PgText` |
//! | `inet`, `cidr`, `macaddr`, `macaddr8` | `TEXT`, as Postgres prints it | `PgText` |
//! | `bit`, `varbit`, `tsvector`, `tsquery`, `xml`, `"char"`, `jsonpath` | `TEXT`, as Postgres prints it | `PgText` |
//! | `point`, `line`, `lseg`, `box`, `path`, `polygon`, `circle` | `TEXT`, as Postgres prints it | `PgText` |
//! | `pg_lsn`, `xid8`, `txid_snapshot`, `pg_snapshot`, `int2vector`, `oidvector` | `TEXT`, as Postgres prints it | `PgText` |
//! | `citext`, `hstore`, `ltree`, `lquery`, `ltxtquery`, `cube`, `seg` | `TEXT`, as Postgres prints it | `PgText` |
//! | `ean13`, `isbn13`, `ismn13`, `issn13`, `isbn`, `ismn`, `issn`, `upc` | `TEXT`, as Postgres prints it | `PgText` |
//! | `vector`, `halfvec`, `sparsevec`, `geometry`, `geography`, `semver`, `uri` | `TEXT`, as Postgres prints it | `PgText` |
//! | `ip4`, `ip4r`, `ip6`, `ip6r`, `ipaddress`, `iprange` | `TEXT`, as Postgres prints it | `PgText` |
//! | `query_int`, `debversion`, `h3index`, `prefix_range` | `TEXT`, as Postgres prints it | `PgText` |

mod resolve;
mod table;
#[cfg(test)]
mod tests;

pub use self::resolve::{Unmapped, resolve, resolve_as_text};
pub(crate) use self::resolve::{base, domains, parts, unstable_key};
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
    /// The declared type of the column in a `STRICT` table: `INTEGER`, `TEXT`, `BLOB`, or `ANY`.
    ///
    /// Floating point numbers are `ANY`: a `REAL` column turns -0.0 into the integer 0 on disk and refuses the
    /// text `NaN`, and SQLite has no other way to keep a NaN than as text, since it stores the number as null.
    pub fn sqlite_type(&self) -> &'static str {
        match self {
            Self::Scalar(scalar) => scalar.sqlite_type(),
            Self::Text(_) | Self::Enum(_) | Self::Composite(..) | Self::Array(_) => "TEXT",
        }
    }

    /// Whether it is a date, a time, or both.
    pub fn is_timestamp_like(&self) -> bool {
        matches!(
            self,
            Self::Scalar(
                Scalar::Timestamptz | Scalar::Timestamp | Scalar::Date | Scalar::Time | Scalar::TimeTz
            )
        )
    }

    /// Whether it names a moment: `timestamptz` or `timestamp`.
    pub fn is_moment(&self) -> bool {
        matches!(self, Self::Scalar(Scalar::Timestamptz | Scalar::Timestamp))
    }
}

impl Scalar {
    /// See [`ColumnType::sqlite_type`].
    pub fn sqlite_type(self) -> &'static str {
        match self {
            Self::Bool | Self::Int2 | Self::Int4 | Self::Int8 | Self::Oid | Self::Money => "INTEGER",
            Self::Float4 | Self::Float8 => "ANY",
            Self::Uuid | Self::Bytea => "BLOB",
            Self::Numeric
            | Self::Timestamptz
            | Self::Timestamp
            | Self::Date
            | Self::Time
            | Self::TimeTz
            | Self::Interval
            | Self::UuidText
            | Self::Json
            | Self::Jsonb
            | Self::Text => "TEXT",
        }
    }

    /// Whether it is a whole number that a sequence can fill.
    pub fn is_integer(self) -> bool {
        matches!(self, Self::Int2 | Self::Int4 | Self::Int8)
    }
}
