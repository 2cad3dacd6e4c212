//! The types of Postgres, and of extensions in wide use, that [`PgText`](super::PgText) holds.
//!
//! Generated code declares tags of its own for other types.

use super::PgTextTag;

macro_rules! tags {
    ($($(#[$doc:meta])* $name:ident $sql:literal,)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name;

        impl PgTextTag for $name {
            const NAME: &'static str = $sql;
        }
    )+};
}

tags! {
    /// `inet`
    Inet "inet",
    /// `cidr`
    Cidr "cidr",
    /// `macaddr`
    Macaddr "macaddr",
    /// `macaddr8`
    Macaddr8 "macaddr8",
    /// `bit`
    Bit "bit",
    /// `bit varying`
    Varbit "bit varying",
    /// `tsvector`
    Tsvector "tsvector",
    /// `tsquery`
    Tsquery "tsquery",
    /// `xml`
    Xml "xml",
    /// `jsonpath`
    Jsonpath "jsonpath",
    /// `int4range`
    Int4range "int4range",
    /// `int8range`
    Int8range "int8range",
    /// `numrange`
    Numrange "numrange",
    /// `tsrange`
    Tsrange "tsrange",
    /// `tstzrange`
    Tstzrange "tstzrange",
    /// `daterange`
    Daterange "daterange",
    /// `int4multirange`
    Int4multirange "int4multirange",
    /// `int8multirange`
    Int8multirange "int8multirange",
    /// `nummultirange`
    Nummultirange "nummultirange",
    /// `tsmultirange`
    Tsmultirange "tsmultirange",
    /// `tstzmultirange`
    Tstzmultirange "tstzmultirange",
    /// `datemultirange`
    Datemultirange "datemultirange",
    /// `point`
    Point "point",
    /// `line`
    Line "line",
    /// `lseg`
    Lseg "lseg",
    /// `box`
    Box "box",
    /// `path`
    Path "path",
    /// `polygon`
    Polygon "polygon",
    /// `circle`
    Circle "circle",
    /// `pg_lsn`
    PgLsn "pg_lsn",
    /// `pg_snapshot`
    PgSnapshot "pg_snapshot",
    /// `txid_snapshot`
    TxidSnapshot "txid_snapshot",
    /// `xid`
    Xid "xid",
    /// `xid8`
    Xid8 "xid8",
    /// `cid`
    Cid "cid",
    /// `tid`
    Tid "tid",
    /// `"char"`
    Char "\"char\"",
    /// `regclass`
    Regclass "regclass",
    /// `regproc`
    Regproc "regproc",
    /// `regprocedure`
    Regprocedure "regprocedure",
    /// `regoper`
    Regoper "regoper",
    /// `regoperator`
    Regoperator "regoperator",
    /// `regtype`
    Regtype "regtype",
    /// `regrole`
    Regrole "regrole",
    /// `regnamespace`
    Regnamespace "regnamespace",
    /// `regconfig`
    Regconfig "regconfig",
    /// `regdictionary`
    Regdictionary "regdictionary",
    /// `regcollation`
    Regcollation "regcollation",
    /// `aclitem`
    Aclitem "aclitem",
    /// `int2vector`
    Int2vector "int2vector",
    /// `oidvector`
    Oidvector "oidvector",
    /// `citext`; of an extension
    Citext "citext",
    /// `hstore`; of an extension
    Hstore "hstore",
    /// `ltree`; of an extension
    Ltree "ltree",
    /// `lquery`; of an extension
    Lquery "lquery",
    /// `ltxtquery`; of an extension
    Ltxtquery "ltxtquery",
    /// `cube`; of an extension
    Cube "cube",
    /// `isbn`; of an extension
    Isbn "isbn",
    /// `isbn13`; of an extension
    Isbn13 "isbn13",
    /// `issn`; of an extension
    Issn "issn",
    /// `issn13`; of an extension
    Issn13 "issn13",
    /// `ismn`; of an extension
    Ismn "ismn",
    /// `ismn13`; of an extension
    Ismn13 "ismn13",
    /// `ean13`; of an extension
    Ean13 "ean13",
    /// `upc`; of an extension
    Upc "upc",
    /// `seg`; of an extension
    Seg "seg",
    /// `geometry`; of an extension
    Geometry "geometry",
    /// `geography`; of an extension
    Geography "geography",
    /// `vector`; of an extension
    Vector "vector",
    /// `halfvec`; of an extension
    Halfvec "halfvec",
    /// `sparsevec`; of an extension
    Sparsevec "sparsevec",
    /// Any type that has no tag here: what `#[derive(Syncable)]` asks for
    Other "a type in its text form",
}
