//! What the generated code knows of a schema: static tables that the client, the server and every row share.

/// All that is synced.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Schema {
    /// In the order of syncing: parents before children.
    pub tables: &'static [&'static Table],
    /// 64 hexadecimal digits: SHA-256 of what is synced, and of nothing else.
    pub hash: &'static str,
}

/// A synced table.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Table {
    /// Its schema in Postgres.
    pub pg_schema: &'static str,
    /// Its name in Postgres.
    pub pg_name: &'static str,
    /// Its name in SQLite: the Postgres name, with the schema before it where two tables share a name.
    pub name: &'static str,
    /// In the order of the table.
    pub columns: &'static [Column],
    /// Places in `columns`, in key order; never empty.
    pub primary_key: &'static [usize],
    /// `CREATE TABLE` and the indexes, each statement ended by `;\n`.
    pub ddl: &'static str,
}

/// A column of a synced table.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Column {
    /// Its name, in Postgres and in SQLite.
    pub name: &'static str,
    /// Its type.
    pub ty: ColumnType,
    /// Whether null is allowed on the device: in Postgres too, or until the server has filled it.
    pub nullable: bool,
    /// Where its value comes from if an insert leaves it out.
    pub default: ColumnDefault,
}

/// Where the value of a column comes from that an insert leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnDefault {
    /// An insert must name it, or it is null.
    None,
    /// The `DEFAULT` of the SQLite column.
    Sqlite,
    /// A new UUID, made on the device: version 7 by the API, version 4 by plain SQL.
    Uuid,
    /// The device, from a block of numbers that the server leased to it.
    Leased,
    /// The server, when the row arrives; null until then.
    Server,
    /// Nobody may write it: Postgres computes it.
    Generated,
    /// It exists only on this device.
    Local,
}

/// The type of a column: what it is in Postgres decides how it is stored in SQLite.
///
/// Arrays and composites are JSON of the forms below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnType {
    /// `boolean`: INTEGER, 0 or 1.
    Bool,
    /// `smallint`: INTEGER.
    Int2,
    /// `integer`: INTEGER.
    Int4,
    /// `bigint`: INTEGER.
    Int8,
    /// `oid`: INTEGER, 0 to 4294967295.
    Oid,
    /// `real`: ANY, a real, or the text `NaN`.
    Float4,
    /// `double precision`: ANY, a real, or the text `NaN`.
    Float8,
    /// `numeric`: TEXT as Postgres prints it.
    Numeric,
    /// `timestamp with time zone`: TEXT, `2024-01-01 00:00:00.123456+00:00`.
    Timestamptz,
    /// `timestamp without time zone`: TEXT, `2024-01-01 00:00:00.123456`.
    Timestamp,
    /// `date`: TEXT, `2024-01-01`.
    Date,
    /// `time without time zone`: TEXT, `23:59:59.123456`.
    Time,
    /// `time with time zone`: TEXT, `23:59:59.123456+05:30`.
    TimeTz,
    /// `interval`: TEXT, ISO 8601.
    Interval,
    /// `uuid`: BLOB of 16 bytes.
    Uuid,
    /// `uuid`: TEXT of 36 characters.
    UuidText,
    /// `bytea`: BLOB.
    Bytea,
    /// `json`: TEXT as it was written.
    Json,
    /// `jsonb`: TEXT as Postgres prints it.
    Jsonb,
    /// `text`, `character varying`, `character`, `name`: TEXT.
    Text,
    /// `money`: INTEGER, hundredths.
    Money,
    /// An enum: TEXT.
    Enum,
    /// A type in Postgres's own text form, named as in SQL: TEXT.
    PgText(&'static str),
    /// An array: TEXT, JSON.
    Array(&'static ColumnType),
    /// A composite type: TEXT, a JSON object.
    Composite(&'static [Attribute]),
}

/// A part of a composite type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attribute {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub ty: ColumnType,
}

impl Attribute {
    /// For generated code.
    pub const fn new(name: &'static str, ty: ColumnType) -> Self {
        Self { name, ty }
    }
}
