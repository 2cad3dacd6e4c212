//! A declared type to a [`ColumnType`].

use thiserror::Error;

use super::table::{Held, Mapping, built_in, of_extension};
use super::{Attribute, ColumnType, Scalar};
use crate::config::UuidForm;
use crate::facts::{Domain, Facts, QualifiedName, TypeRef};

/// A type that has no form on the device.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the type {} has no form on the device{}", shown(ty), within(path))]
#[non_exhaustive]
pub struct Unmapped {
    /// The type itself, below arrays, domains and composites.
    pub ty: QualifiedName,
    /// The attributes that lead to it from the column's type, outermost first; empty: it is the column's own.
    pub path: Vec<String>,
}

/// As SQL would name it, without `pg_catalog`.
fn shown(ty: &QualifiedName) -> String {
    TypeRef::new(&ty.schema, &ty.name).to_string()
}

fn within(path: &[String]) -> String {
    if path.is_empty() { String::new() } else { format!(" (attribute `{}`)", path.join(".")) }
}

/// How a column of this type is held.
///
/// Domains are looked through, at any depth; enums, composites, ranges and row types are found in `facts`.
///
/// # Errors
///
/// The type, or one that it is made of, has no form on the device: `reg*`, `aclitem`, `xid` and the like, whose
/// values mean something on one server only; types of extensions that the table does not have; shell types.
pub fn resolve(ty: &TypeRef, facts: &Facts, uuid: UuidForm) -> Result<ColumnType, Unmapped> {
    Resolver { facts, uuid, open: Vec::new() }.resolve(ty)
}

/// A column of this type in Postgres's own text form, whatever the type is: what `rust_type = "text"` asks for.
///
/// Uuids are the exception: there the word means 36 characters instead of 16 bytes.
///
/// # Errors
///
/// As [`resolve`], for what is made from uuids and something else.
pub fn resolve_as_text(ty: &TypeRef, facts: &Facts) -> Result<ColumnType, Unmapped> {
    let (base, array) = base(ty, facts);
    if base.schema == "pg_catalog" && base.name == "uuid" {
        return resolve(ty, facts, UuidForm::Text);
    }
    // Postgres calls an array after its elements, cut to the length of a name.
    let name = if array { array_name(&base.name) } else { base.name.clone() };
    Ok(ColumnType::Text(QualifiedName::new(&base.schema, name)))
}

/// Source: `makeArrayTypeName` in Postgres's `pg_type.c`.
fn array_name(element: &str) -> String {
    format!("_{}", &element[..crate::diagnostic::char_floor(element, 62)])
}

/// The type below domains and arrays, and whether there was an array on the way.
pub(crate) fn base<'f>(ty: &'f TypeRef, facts: &'f Facts) -> (&'f TypeRef, bool) {
    let mut ty = ty;
    let mut array = ty.is_array();
    // A file edited by hand may hold domains in a circle.
    for _ in 0..facts.domains.len() {
        let Some(domain) = domain(ty, facts) else { break };
        ty = &domain.base;
        array |= ty.is_array();
    }
    (ty, array)
}

/// The domain that a type names, be it of a column or of the elements of an array.
pub(crate) fn domain<'f>(ty: &TypeRef, facts: &'f Facts) -> Option<&'f Domain> {
    facts.domains.iter().find(|domain| domain.schema == ty.schema && domain.name == ty.name)
}

/// The domains of a column itself, outermost first: not those of the elements of an array.
pub(crate) fn domains<'f>(ty: &TypeRef, facts: &'f Facts) -> Vec<&'f Domain> {
    let mut found = Vec::new();
    let mut ty = ty;
    while !ty.is_array() && found.len() <= facts.domains.len() {
        let Some(domain) = domain(ty, facts) else { break };
        found.push(domain);
        ty = &domain.base;
    }
    found
}

/// Why two texts can stand for one value of this type, so that a key of it does not name its row; `None`: they
/// cannot.
pub(crate) fn unstable_key(ty: &TypeRef, facts: &Facts) -> Option<String> {
    stable(ty, facts, 0)
        .err()
        .map(|ty| format!("equal values of {} can be written in different ways", shown(&ty)))
}

fn stable(ty: &TypeRef, facts: &Facts, depth: usize) -> Result<(), QualifiedName> {
    if scalar(ty).is_some_and(|row| row.stable_key) {
        return Ok(());
    }
    let name = || QualifiedName::new(&ty.schema, &ty.name);
    // Deeper than any type Postgres would take.
    if depth > 64 {
        return Err(name());
    }
    if let Some(domain) = domain(ty, facts) {
        return stable(&domain.base, facts, depth + 1);
    }
    if facts.enums.iter().any(|found| found.schema == ty.schema && found.name == ty.name) {
        return Ok(());
    }
    if let Some(range) = range(ty, facts) {
        return stable(&range.subtype, facts, depth + 1);
    }
    if let Some(parts) = parts(&name(), facts) {
        return parts.iter().try_for_each(|(_, ty)| stable(ty, facts, depth + 1));
    }
    let fixed = match ty.name.as_str() {
        // Every value is printed with the declared number of digits, or blanks.
        "numeric" => ty.scale.is_some(),
        "bpchar" => ty.length.is_some(),
        _ => false,
    };
    match mapping(ty) {
        Some(row) if row.stable_key || (ty.schema == "pg_catalog" && fixed) => Ok(()),
        _ => Err(name()),
    }
}

fn mapping(ty: &TypeRef) -> Option<&'static Mapping> {
    match &ty.extension {
        _ if ty.schema == "pg_catalog" => built_in(&ty.name),
        Some(extension) => of_extension(extension, &ty.name),
        None => None,
    }
}

/// The row of a type of Postgres's own that is made from no other: nothing in the facts can have its name.
fn scalar(ty: &TypeRef) -> Option<&'static Mapping> {
    let found = if ty.schema == "pg_catalog" { built_in(&ty.name) } else { None };
    found.filter(|row| matches!(row.held, Held::Scalar(_)))
}

fn range<'f>(ty: &TypeRef, facts: &'f Facts) -> Option<&'f crate::facts::Range> {
    facts.ranges.iter().find(|range| {
        let multirange = range.multirange_name();
        (range.schema == ty.schema && range.name == ty.name)
            || (multirange.schema == ty.schema && multirange.name == ty.name)
    })
}

/// The attributes of a composite type, or the columns of a table whose row type it is.
pub(crate) fn parts<'f>(name: &QualifiedName, facts: &'f Facts) -> Option<Vec<(&'f str, &'f TypeRef)>> {
    let composite = facts.composites.iter().find(|ty| ty.schema == name.schema && ty.name == name.name);
    if let Some(composite) = composite {
        return Some(composite.attributes.iter().map(|part| (part.name.as_str(), &part.ty)).collect());
    }
    let table = facts.table(&name.schema, &name.name)?;
    Some(table.columns.iter().map(|column| (column.name.as_str(), &column.ty)).collect())
}

struct Resolver<'a> {
    facts: &'a Facts,
    uuid: UuidForm,
    /// The domains and composites being looked into: a file edited by hand may hold them in a circle.
    open: Vec<QualifiedName>,
}

impl Resolver<'_> {
    fn resolve(&mut self, ty: &TypeRef) -> Result<ColumnType, Unmapped> {
        let element = self.element(ty)?;
        // A domain over an array as the element of an array: one array of more dimensions would be another value.
        Ok(if ty.is_array() { ColumnType::Array(Box::new(element)) } else { element })
    }

    fn element(&mut self, ty: &TypeRef) -> Result<ColumnType, Unmapped> {
        if let Some(Mapping { held: Held::Scalar(scalar), .. }) = scalar(ty) {
            return Ok(ColumnType::Scalar(match (scalar, self.uuid) {
                (Scalar::Uuid, UuidForm::Text) => Scalar::UuidText,
                (scalar, _) => *scalar,
            }));
        }
        let name = QualifiedName::new(&ty.schema, &ty.name);
        let unmapped = || Unmapped { ty: name.clone(), path: Vec::new() };
        if self.open.contains(&name) {
            return Err(unmapped());
        }
        if let Some(domain) = domain(ty, self.facts) {
            self.open.push(name);
            let found = self.resolve(&domain.base);
            self.open.pop();
            return found;
        }
        if self.facts.enums.iter().any(|found| found.schema == ty.schema && found.name == ty.name) {
            return Ok(ColumnType::Enum(name));
        }
        if range(ty, self.facts).is_some() {
            return Ok(ColumnType::Text(name));
        }
        if let Some(parts) = parts(&name, self.facts) {
            self.open.push(name.clone());
            let attributes: Result<Vec<_>, _> = parts
                .into_iter()
                .map(|(part, ty)| match self.resolve(ty) {
                    Ok(ty) => Ok(Attribute { name: part.to_owned(), ty }),
                    Err(mut unmapped) => {
                        unmapped.path.insert(0, part.to_owned());
                        Err(unmapped)
                    }
                })
                .collect();
            self.open.pop();
            return Ok(ColumnType::Composite(name, attributes?));
        }
        match mapping(ty).map(|row| row.held) {
            Some(Held::Scalar(scalar)) => Ok(ColumnType::Scalar(scalar)),
            Some(Held::Text) => Ok(ColumnType::Text(name)),
            None => Err(unmapped()),
        }
    }
}
