//! References to types, and the types that a schema can define.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{QualifiedName, is_false, quoted};
use crate::diagnostic::char_floor;

/// The type of a column, attribute or domain base.
///
/// An array is its element type with [`dimensions`](Self::dimensions) of one or more; a domain over an array
/// is the domain. Type modifiers are split into the parts they are made of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct TypeRef {
    /// `pg_catalog` for built-in types.
    pub schema: String,
    /// The catalog name: `int4`, not `integer`.
    pub name: String,
    /// The extension that owns the type: `citext`, `postgis`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// Declared array dimensions; 0 for a scalar. Postgres enforces no more than "is an array", and a dump
    /// does not carry the number: a diff does not see how many there are.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub dimensions: u32,
    /// `varchar(n)`, `char(n)` in characters, `bit(n)`, `varbit(n)` in bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u32>,
    /// Digits of `numeric(p, s)`; fractional digits of a second for times and intervals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<u32>,
    /// Digits after the decimal point of `numeric(p, s)`; may be negative from Postgres 15 on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<i32>,
    /// The fields an interval is restricted to: `year to month`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<String>,
    /// The modifier of any other type as the type prints it: `Point,4326` of PostGIS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modifier: Option<String>,
}

impl TypeRef {
    /// A scalar without modifiers.
    pub fn new(schema: impl Into<String>, name: impl Into<String>) -> Self {
        Self { schema: schema.into(), name: name.into(), ..Self::default() }
    }

    /// Whether values of the one are values of the other: the same but for how many dimensions are declared.
    pub fn is_same_type(&self, other: &Self) -> bool {
        let with_dimensions = |dimensions| Self { dimensions, ..self.clone() };
        self.is_array() == other.is_array() && with_dimensions(other.dimensions) == *other
    }

    /// Whether this is an array of the named type.
    pub fn is_array(&self) -> bool {
        self.dimensions > 0
    }
}

/// As a schema would declare it: `numeric(12,2)`, `character varying(40)[]`, `public.mood`.
impl fmt::Display for TypeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.schema == "pg_catalog" {
            f.write_str(match self.name.as_str() {
                "int2" => "smallint",
                "int4" => "integer",
                "int8" => "bigint",
                "float4" => "real",
                "float8" => "double precision",
                "bool" => "boolean",
                "varchar" => "character varying",
                "bpchar" => "character",
                "varbit" => "bit varying",
                // The one-byte internal type is not the SQL type `char`.
                "char" => "\"char\"",
                name => name,
            })?;
        } else {
            write!(f, "{}.{}", quoted(&self.schema), quoted(&self.name))?;
        }
        if let Some(fields) = &self.fields {
            write!(f, " {fields}")?;
        }
        match (self.length, self.precision, self.scale, &self.modifier) {
            (Some(length), ..) => write!(f, "({length})")?,
            (None, Some(precision), Some(scale), _) => write!(f, "({precision},{scale})")?,
            (None, Some(precision), None, _) => write!(f, "({precision})")?,
            (None, None, _, Some(modifier)) => write!(f, "({modifier})")?,
            (None, None, _, None) => {}
        }
        (0..self.dimensions).try_for_each(|_| f.write_str("[]"))
    }
}

/// An enum type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Enum {
    /// The schema it lives in.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// The extension that owns it, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// `COMMENT ON TYPE`.
    pub comment: Option<String>,
    /// In sort order, which is the order of comparison in Postgres.
    pub labels: Vec<String>,
}

/// A domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Domain {
    /// The schema it lives in.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// The extension that owns it, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// `COMMENT ON DOMAIN`.
    pub comment: Option<String>,
    /// What it is made from; may itself be a domain.
    pub base: TypeRef,
    /// Whether the domain refuses null.
    #[serde(default, skip_serializing_if = "is_false")]
    pub not_null: bool,
    /// Its default expression.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    /// Its collation, where it is not that of the base type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<QualifiedName>,
    /// Its check constraints, by name.
    pub checks: Vec<DomainCheck>,
}

/// A check constraint of a domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct DomainCheck {
    /// The constraint's name.
    pub name: String,
    /// The condition; the value is called `VALUE`.
    pub expression: String,
    /// `NOT VALID`: values stored before it was added may break it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub not_valid: bool,
}

/// A composite type made by `CREATE TYPE … AS (…)`, or the row type of a table outside the snapshot that a
/// column uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Composite {
    /// The schema it lives in.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// The extension that owns it, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// `COMMENT ON TYPE`.
    pub comment: Option<String>,
    /// In declared order.
    pub attributes: Vec<Attribute>,
}

/// One attribute of a composite type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub ty: TypeRef,
    /// Its collation, where it is not that of its type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<QualifiedName>,
    /// `COMMENT ON COLUMN`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// A range type and the multirange type that came with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Range {
    /// The schema it lives in.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// The extension that owns it, if one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<String>,
    /// `COMMENT ON TYPE`.
    pub comment: Option<String>,
    /// The type of its bounds.
    pub subtype: TypeRef,
    /// Its collation, where it is not that of the subtype.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collation: Option<QualifiedName>,
    /// The name of its multirange type where a person chose one; otherwise see [`Range::multirange_name`].
    ///
    /// The default is left out because Postgres 13 has no multiranges and its facts are to be the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multirange: Option<QualifiedName>,
}

impl Range {
    /// The multirange type's name: the chosen one, or the one that Postgres 14 and newer make up.
    ///
    /// Source: `makeMultirangeTypeName` in Postgres' `pg_type.c`: the first `range` becomes `multirange`;
    /// without one, `_multirange` is put behind; either is cut to 63 bytes.
    pub fn multirange_name(&self) -> QualifiedName {
        self.multirange
            .clone()
            .unwrap_or_else(|| QualifiedName::new(&self.schema, default_multirange_name(&self.name)))
    }
}

/// See [`Range::multirange_name`].
pub(crate) fn default_multirange_name(range: &str) -> String {
    const MAX_BYTES: usize = 63;
    const SUFFIX: &str = "_multirange";
    let cut = |name: &str, bytes: usize| name[..char_floor(name, bytes)].to_owned();
    match range.split_once("range") {
        Some((before, after)) => cut(&format!("{before}multirange{after}"), MAX_BYTES),
        None => format!("{}{SUFFIX}", cut(range, MAX_BYTES - SUFFIX.len())),
    }
}

#[expect(clippy::trivially_copy_pass_by_ref)]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_reads_as_a_schema_would_declare_it() {
        let numeric =
            TypeRef { precision: Some(12), scale: Some(2), ..TypeRef::new("pg_catalog", "numeric") };
        assert_eq!(numeric.to_string(), "numeric(12,2)");
        let list = TypeRef { dimensions: 2, length: Some(40), ..TypeRef::new("pg_catalog", "varchar") };
        assert_eq!(list.to_string(), "character varying(40)[][]");
        assert_eq!(TypeRef::new("App", "mood").to_string(), "\"App\".mood");
    }

    #[test]
    fn default_multirange_names_are_those_of_postgres() {
        assert_eq!(default_multirange_name("floatrange"), "floatmultirange");
        assert_eq!(default_multirange_name("rangerange"), "multirangerange");
        assert_eq!(default_multirange_name("span"), "span_multirange");
        assert_eq!(default_multirange_name(&"x".repeat(63)), format!("{}_multirange", "x".repeat(52)));
    }
}
