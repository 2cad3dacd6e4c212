//! The table of types, as data: what [the module's documentation](super) shows is tested against it.

use super::Scalar;

/// How a type that is not made from others is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Held {
    /// In a form of its own.
    Scalar(Scalar),
    /// In Postgres's own text form.
    Text,
}

/// A row of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mapping {
    /// The extension that owns the type; `None`: `pg_catalog`.
    pub(super) extension: Option<&'static str>,
    /// The catalog name.
    pub(super) name: &'static str,
    /// How it is held.
    pub(super) held: Held,
    /// Equal values have one text, so that the text of a key names its row.
    pub(super) stable_key: bool,
}

/// The row of a built-in type.
pub(super) fn built_in(name: &str) -> Option<&'static Mapping> {
    TABLE.iter().find(|row| row.extension.is_none() && row.name == name)
}

/// The row of a type that an extension owns, whatever schema it was installed in.
pub(super) fn of_extension(extension: &str, name: &str) -> Option<&'static Mapping> {
    TABLE.iter().find(|row| row.extension == Some(extension) && row.name == name)
}

const fn scalar(name: &'static str, scalar: Scalar, stable_key: bool) -> Mapping {
    Mapping { extension: None, name, held: Held::Scalar(scalar), stable_key }
}

const fn text(name: &'static str, stable_key: bool) -> Mapping {
    Mapping { extension: None, name, held: Held::Text, stable_key }
}

const fn extended(extension: &'static str, name: &'static str, stable_key: bool) -> Mapping {
    Mapping { extension: Some(extension), name, held: Held::Text, stable_key }
}

/// Every type that is held and is not made from others.
///
/// A key is stable where no two texts stand for equal values. It is not where `1.0 = 1.00` (numeric, and what is
/// made from it; see `resolve` for a declared scale), `-0 = 0` (floating point), `'a' = 'A'` (citext),
/// `'1 day' = '24:00'` (interval), or where the type has no equality at all.
pub(super) const TABLE: &[Mapping] = &[
    scalar("bool", Scalar::Bool, true),
    scalar("int2", Scalar::Int2, true),
    scalar("int4", Scalar::Int4, true),
    scalar("int8", Scalar::Int8, true),
    scalar("oid", Scalar::Oid, true),
    scalar("float4", Scalar::Float4, false),
    scalar("float8", Scalar::Float8, false),
    scalar("numeric", Scalar::Numeric, false),
    scalar("timestamptz", Scalar::Timestamptz, true),
    scalar("timestamp", Scalar::Timestamp, true),
    scalar("date", Scalar::Date, true),
    scalar("time", Scalar::Time, true),
    scalar("timetz", Scalar::TimeTz, true),
    scalar("interval", Scalar::Interval, false),
    scalar("uuid", Scalar::Uuid, true),
    scalar("bytea", Scalar::Bytea, true),
    scalar("json", Scalar::Json, false),
    scalar("jsonb", Scalar::Jsonb, false),
    scalar("text", Scalar::Text, true),
    scalar("varchar", Scalar::Text, true),
    // Trailing blanks do not count; a declared length pads them all to one.
    scalar("bpchar", Scalar::Text, false),
    scalar("name", Scalar::Text, true),
    scalar("money", Scalar::Money, true),
    text("int4range", true),
    text("int8range", true),
    text("numrange", false),
    text("tsrange", true),
    text("tstzrange", true),
    text("daterange", true),
    text("int4multirange", true),
    text("int8multirange", true),
    text("nummultirange", false),
    text("tsmultirange", true),
    text("tstzmultirange", true),
    text("datemultirange", true),
    text("inet", true),
    text("cidr", true),
    text("macaddr", true),
    text("macaddr8", true),
    text("bit", true),
    text("varbit", true),
    text("tsvector", false),
    text("tsquery", false),
    text("xml", false),
    text("char", true),
    text("point", false),
    text("line", false),
    text("lseg", false),
    text("box", false),
    text("path", false),
    text("polygon", false),
    text("circle", false),
    text("pg_lsn", true),
    text("jsonpath", false),
    text("xid8", true),
    text("txid_snapshot", false),
    text("pg_snapshot", false),
    text("int2vector", true),
    text("oidvector", true),
    extended("citext", "citext", false),
    extended("hstore", "hstore", true),
    extended("ltree", "ltree", true),
    extended("ltree", "lquery", false),
    extended("ltree", "ltxtquery", false),
    extended("cube", "cube", false),
    extended("seg", "seg", false),
    extended("isn", "ean13", true),
    extended("isn", "isbn13", true),
    extended("isn", "ismn13", true),
    extended("isn", "issn13", true),
    extended("isn", "isbn", true),
    extended("isn", "ismn", true),
    extended("isn", "issn", true),
    extended("isn", "upc", true),
    extended("vector", "vector", false),
    extended("vector", "halfvec", false),
    extended("vector", "sparsevec", false),
    extended("postgis", "geometry", false),
    extended("postgis", "geography", false),
    extended("semver", "semver", false),
    extended("uri", "uri", false),
    extended("ip4r", "ip4", true),
    extended("ip4r", "ip4r", true),
    extended("ip4r", "ip6", true),
    extended("ip4r", "ip6r", true),
    extended("ip4r", "ipaddress", true),
    extended("ip4r", "iprange", true),
    extended("intarray", "query_int", false),
    extended("debversion", "debversion", false),
    extended("h3", "h3index", true),
    extended("prefix", "prefix_range", false),
];
