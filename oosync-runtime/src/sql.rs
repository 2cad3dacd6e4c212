//! What a column is in Postgres, as types: the `S` of [`Field<S>`](crate::Field).
//!
//! They have no values. A Rust type that can hold a column implements `Field` of the column's marker, so that a
//! field of a wrong type is a compile error that names both.

use std::marker::PhantomData;

macro_rules! markers {
    ($($(#[$doc:meta])* $name:ident,)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default)]
        #[non_exhaustive]
        pub struct $name;
    )+};
}

markers! {
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
    /// `uuid`, stored as 16 bytes
    Uuid,
    /// `uuid`, stored as 36 characters
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
    /// An enum
    Enum,
    /// A composite type
    Composite,
}

/// A type that is held in Postgres's own text form; `Tag` says which.
#[derive(Debug, Clone, Copy, Default)]
pub struct PgText<Tag>(PhantomData<Tag>);

/// An array of `S`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Array<S>(PhantomData<S>);

/// A column that can be null.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nullable<S>(PhantomData<S>);

/// Lists of columns in a list, for tables of more columns than one list holds; `S` is a tuple of their lists.
#[derive(Debug, Clone, Copy, Default)]
pub struct Groups<S>(PhantomData<S>);
