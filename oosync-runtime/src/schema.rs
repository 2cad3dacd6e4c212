//! What the generated code knows of a schema: static tables that the client, the server and every row share.

/// All that is synced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Schema {
    /// In the order of syncing: parents before children.
    pub tables: &'static [&'static Table],
    /// 64 hexadecimal digits: SHA-256 of what is synced, and of nothing else.
    pub hash: &'static str,
}

impl Schema {
    /// The table of this name in SQLite.
    pub fn table(&self, name: &str) -> Option<&'static Table> {
        self.tables.iter().find(|table| table.name == name).copied()
    }

    /// Every statement that makes the tables and indexes of a device, each ended by `;\n`.
    pub fn ddl(&self) -> String {
        self.tables.iter().map(|table| table.ddl).collect()
    }
}

/// A synced table.
#[derive(Debug, Clone, Copy, PartialEq)]
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
    /// To synced tables.
    pub foreign_keys: &'static [ForeignKey],
    /// Who reads and writes, and how writes meet.
    pub rules: Rules,
    /// `CREATE TABLE` and the indexes, each statement ended by `;\n`.
    pub ddl: &'static str,
}

impl Table {
    /// The place of the column of this name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }
}

/// A column of a synced table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    /// Its name, in Postgres and in SQLite.
    pub name: &'static str,
    /// Its type.
    pub ty: ColumnType,
    /// Whether null is allowed on the device: in Postgres too, or until the server has filled it.
    pub nullable: bool,
    /// Where its value comes from if an insert leaves it out.
    pub default: ColumnDefault,
    /// Who may see and change it, beside the rules of the table.
    pub access: Access,
}

/// Who may see and change a column, beside the rules of its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// Only the owner sees it.
    pub owner_only: bool,
    /// An insert may set it, a later push may not change it.
    pub protected: bool,
    /// The field groups it is in: some roles do not see or change it.
    pub field_groups: &'static [&'static str],
}

impl Access {
    /// No rule of its own.
    pub const PLAIN: Self = Self { owner_only: false, protected: false, field_groups: &[] };
    /// Set on insert, never changed.
    pub const PROTECTED: Self = Self { protected: true, ..Self::PLAIN };
}

/// A foreign key between synced tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ForeignKey {
    /// Places of its columns.
    pub columns: &'static [usize],
    /// The name of the target in SQLite.
    pub table: &'static str,
    /// The columns there.
    pub target: &'static [&'static str],
    /// What the device does when the row there is deleted on it; [`OnDelete::Nothing`] also where the device does not
    /// declare the key.
    pub on_delete: OnDelete,
}

/// What SQLite does with the rows that point at a row that is deleted, as Postgres does with its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnDelete {
    /// It refuses, at the latest when the transaction is committed; or does not look.
    Nothing,
    /// They are deleted.
    Cascade,
    /// The columns of the key are null afterwards.
    SetNull,
    /// The columns of the key have their default afterwards.
    SetDefault,
}

/// Who reads and writes the rows of a table, and how writes meet. Numbers are places of columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Who reads.
    pub owner: Owner,
    /// The named bucket whose members read the rows too.
    pub bucket: Option<Bucket>,
    /// Who pushes.
    pub push: Push,
    /// A push may not delete rows.
    pub deny_delete: bool,
    /// A write counts only when the server has it.
    pub confirmed: bool,
    /// Who wins where both sides changed a column.
    pub conflict: Conflict,
    /// The time of creation.
    pub created: Option<usize>,
    /// The time of the last change.
    pub updated: Option<usize>,
    /// The soft delete mark.
    pub deleted: Option<usize>,
    /// The columns exported as the conflict target.
    pub conflict_target: &'static [usize],
    /// The place in the order of syncing.
    pub order: i64,
    /// A label for user interfaces.
    pub change_category: Option<&'static str>,
    /// Texts that are brought into one form of date and time.
    pub normalize_datetime: &'static [usize],
}

/// Who reads the rows of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Owner {
    /// The user in this column; where it is null, everyone.
    ColumnOrEveryone(usize),
    /// The user in this column; where it is null, nobody.
    Column(usize),
    /// Who reads the row that the foreign key with these columns points at.
    Parent(&'static [usize]),
    /// The members of the bucket, and nobody else.
    Bucket,
    /// Everyone.
    Everyone,
}

/// The named bucket that a row is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bucket {
    /// Its name in the config.
    pub name: &'static str,
    /// The columns that hold its key; none where a function of the database says who has a row.
    pub columns: &'static [usize],
}

/// Who pushes to a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Push {
    /// The owner of a row.
    OwnerOnly,
    /// Every member of the row's bucket.
    Members,
    /// Nobody.
    Disabled,
}

/// Who wins where both sides changed the same column of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Conflict {
    /// The server's value stays.
    ServerWins,
    /// The device's value is written.
    ClientWins,
    /// The later edit wins.
    LastWriteWins,
    /// Neither: the mutation is rejected.
    Reject,
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
