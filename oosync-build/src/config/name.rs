//! Names of tables, columns and functions as a person writes them, and what they stand for in the facts.

use std::fmt;

use thiserror::Error;

use super::refusal::{FromText, Refusal};
use crate::facts::{Facts, QualifiedName, Table, quoted};
use crate::suggest::nearest;

/// A table as it is named in config: `todos`, `app.todos`, or with quoted parts `"My App"."To.Dos"`.
///
/// Unlike SQL, a part without quotes keeps its case: it is compared as it stands.
///
/// ```
/// use oosync_build::config::TableName;
///
/// let name: TableName = r#""My App"."To.Dos""#.parse()?;
/// assert_eq!((name.schema.as_deref(), name.name.as_str()), (Some("My App"), "To.Dos"));
/// # Ok::<(), oosync_build::config::NameSyntaxError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TableName {
    /// The schema, unquoted; `None`: the one schema that has such a table.
    pub schema: Option<String>,
    /// The name, unquoted.
    pub name: String,
}

impl TableName {
    /// The table of this name.
    ///
    /// # Errors
    ///
    /// No table has the name, or tables of several schemas have it.
    pub fn resolve<'f>(&self, facts: &'f Facts) -> Result<&'f Table, TableNameError> {
        if let Some(schema) = &self.schema {
            return facts.table(schema, &self.name).ok_or_else(|| self.unknown(facts));
        }
        let found: Vec<_> = facts.tables.iter().filter(|table| table.name == self.name).collect();
        match found.as_slice() {
            [table] => Ok(table),
            [] => Err(self.unknown(facts)),
            tables => Err(TableNameError::Ambiguous {
                name: self.clone(),
                candidates: tables.iter().map(|table| table.qualified_name()).collect(),
            }),
        }
    }

    fn unknown(&self, facts: &Facts) -> TableNameError {
        let qualified: Vec<_> = facts.tables.iter().map(|table| table.qualified_name().to_string()).collect();
        let nearest = if self.schema.is_some() {
            nearest(&self.to_string(), qualified.iter().map(String::as_str)).map(str::to_owned)
        } else {
            nearest(&self.name, facts.tables.iter().map(|table| table.name.as_str())).map(|name| {
                // As short as it may be written here.
                let mut same = facts.tables.iter().filter(|table| table.name == name);
                match (same.next(), same.next()) {
                    (Some(table), Some(_)) => table.qualified_name().to_string(),
                    _ => quoted(name).into_owned(),
                }
            })
        };
        TableNameError::Unknown { name: self.clone(), nearest }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{}.", quoted(schema))?;
        }
        f.write_str(&quoted(&self.name))
    }
}

impl std::str::FromStr for TableName {
    type Err = NameSyntaxError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::from_parts(parts(text)?, "table` or `schema.table")
    }
}

impl TableName {
    fn from_parts(parts: Vec<String>, form: &'static str) -> Result<Self, NameSyntaxError> {
        let mut parts = parts.into_iter().rev();
        match (parts.next(), parts.next(), parts.next()) {
            (Some(name), schema, None) => Ok(Self { schema, name }),
            _ => Err(NameSyntaxError::Parts { form }),
        }
    }
}

impl FromText for TableName {
    fn from_text(text: &str) -> Result<Self, Refusal> {
        text.parse().map_err(|error: NameSyntaxError| error.into())
    }
}

/// A column as it is named in config: `employees.salary`, `hr.employees.salary`, quoted like [`TableName`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ColumnPath {
    /// The table.
    pub table: TableName,
    /// The column, unquoted.
    pub column: String,
}

impl fmt::Display for ColumnPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.table, quoted(&self.column))
    }
}

impl std::str::FromStr for ColumnPath {
    type Err = NameSyntaxError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FORM: &str = "table.column` or `schema.table.column";
        let mut parts = parts(text)?;
        let column = parts.pop().filter(|_| !parts.is_empty());
        let column = column.ok_or(NameSyntaxError::Parts { form: FORM })?;
        Ok(Self { table: TableName::from_parts(parts, FORM)?, column })
    }
}

impl FromText for ColumnPath {
    fn from_text(text: &str) -> Result<Self, Refusal> {
        text.parse().map_err(|error: NameSyntaxError| error.into())
    }
}

/// A Postgres function: `buckets_of` or `app.buckets_of`, quoted like [`TableName`].
///
/// Facts hold no functions, so that the name is not looked up there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FunctionName {
    /// The schema, unquoted; `None`: `public`.
    pub schema: Option<String>,
    /// The name, unquoted.
    pub name: String,
}

impl FromText for FunctionName {
    fn from_text(text: &str) -> Result<Self, Refusal> {
        let TableName { schema, name } =
            TableName::from_parts(parts(text)?, "function` or `schema.function")?;
        Ok(Self { schema, name })
    }
}

/// Why a text is not the name of a table, column or function.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameSyntaxError {
    /// Nothing before, between or after the dots.
    #[error("has an empty part in its name")]
    Empty,
    /// Too many dots, or too few.
    #[error("is written `{form}`")]
    Parts {
        /// The forms allowed, with their inner back-ticks.
        form: &'static str,
    },
    /// A `"` opens a part and none closes it.
    #[error("has a quote that is never closed")]
    OpenQuote,
    /// Something other than a dot follows a closing `"`, or a `"` stands inside a part.
    #[error("has a quote in the middle of a part; a part is quoted whole")]
    StrayQuote,
    /// Postgres allows no NUL in a name.
    #[error("has a NUL in its name")]
    Nul,
}

impl From<NameSyntaxError> for Refusal {
    fn from(error: NameSyntaxError) -> Self {
        Self::text(error.to_string(), "")
    }
}

/// Why a name stands for no table.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TableNameError {
    /// There is none.
    #[error("no table `{name}` in the facts")]
    Unknown {
        /// The name looked for.
        name: TableName,
        /// The name that was probably meant, as it would be written.
        nearest: Option<String>,
    },
    /// Several schemas have one.
    #[error("`{name}` is a table in more than one schema")]
    Ambiguous {
        /// The name looked for.
        name: TableName,
        /// The tables that have it.
        candidates: Vec<QualifiedName>,
    },
}

/// Splits at dots outside quotes and takes the quotes off.
fn parts(text: &str) -> Result<Vec<String>, NameSyntaxError> {
    if text.contains('\0') {
        return Err(NameSyntaxError::Nul);
    }
    let mut parts = Vec::new();
    let mut rest = text;
    loop {
        let (part, after) = match rest.strip_prefix('"') {
            Some(quoted) => unquote(quoted).ok_or(NameSyntaxError::OpenQuote)?,
            None => {
                let end = rest.find('.').unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        if part.is_empty() {
            return Err(NameSyntaxError::Empty);
        }
        if !rest.starts_with('"') && part.contains('"') {
            return Err(NameSyntaxError::StrayQuote);
        }
        parts.push(part);
        if after.is_empty() {
            return Ok(parts);
        }
        rest = after.strip_prefix('.').ok_or(NameSyntaxError::StrayQuote)?;
    }
}

/// The text up to the closing `"` with `""` made one, and what follows; `None` if nothing closes it.
pub(super) fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = text;
    loop {
        let (before, after) = rest.split_once('"')?;
        value.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                value.push('"');
                rest = more;
            }
            None => return Some((value, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_are_split_at_dots_outside_quotes() {
        assert_eq!(parts("todos").unwrap(), ["todos"]);
        assert_eq!(parts(r#""My App"."To.""Dos""#).unwrap(), ["My App", "To.\"Dos"]);
        assert_eq!(parts(r#"app."T""#).unwrap(), ["app", "T"]);
        assert_eq!(parts(""), Err(NameSyntaxError::Empty));
        assert_eq!(parts("a..b"), Err(NameSyntaxError::Empty));
        assert_eq!(parts("a."), Err(NameSyntaxError::Empty));
        assert_eq!(parts(r#""a"#), Err(NameSyntaxError::OpenQuote));
        assert_eq!(parts(r#""a"b"#), Err(NameSyntaxError::StrayQuote));
        assert_eq!(parts(r#"a"b""#), Err(NameSyntaxError::StrayQuote));
        assert!("a.b.c".parse::<TableName>().is_err());
        assert!("salary".parse::<ColumnPath>().is_err());
        let path: ColumnPath = "hr.employees.salary".parse().unwrap();
        assert_eq!((path.table.to_string().as_str(), path.column.as_str()), ("hr.employees", "salary"));
    }

    proptest::proptest! {
        #[test]
        fn a_displayed_name_reads_back(schema in proptest::option::of("[^\0]{1,8}"), name in "[^\0]{1,8}") {
            let written = TableName { schema, name };
            proptest::prop_assert_eq!(written.to_string().parse::<TableName>().unwrap(), written);
        }
    }
}
