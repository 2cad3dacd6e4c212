//! What a person decided about syncing a schema: `Oosync.toml`, and `@oosync.*` tags in comments.
//!
//! Nothing is inferred here. [`Config::parse`] and [`Tags::read`] record what was written and where;
//! [`Config::check`] and [`Tags::check`] make sure that every name written means something. A key, a name or a tag
//! with a typo is an error at its place with the nearest name: a mistyped owner column must never turn into
//! rows that everyone sees.
//!
//! ```
//! use oosync_build::config::{Config, Unowned};
//!
//! let config = Config::parse("Oosync.toml", r#"
//!     [sync]
//!     unowned = "exclude"
//!     [tables.todos]
//!     owner_column = "user_id"
//! "#)?;
//! assert_eq!(config.sync.unowned, Unowned::Exclude);
//! assert_eq!(config.tables[0].rules.owner_column.as_ref().map(|c| c.value.as_str()), Some("user_id"));
//!
//! let wrong = Config::parse("Oosync.toml", "[sync]\nunowed = \"exclude\"\n").unwrap_err();
//! assert!(wrong.to_string().contains("did you mean `unowned`?"));
//! # Ok::<(), oosync_build::diagnostic::Diagnostics>(())
//! ```
//!
//! | module | what lives there |
//! | --- | --- |
//! | this file | [`Config`] |
//! | `sections`, `table`, `access` | the tables of `Oosync.toml`, each key with its meaning and default |
//! | `rules` | what can be said of a table or column in either place |
//! | `tags` | comments to rules |
//! | `words`, `name`, `refusal` | kinds of values, and why a text is none |
//! | `reader` | TOML, so that no key goes unnoticed |
//! | `check`, `lookup` | names against the facts |

mod access;
mod check;
mod lookup;
mod name;
mod reader;
mod refusal;
mod rules;
mod sections;
mod spanned;
mod table;
mod tags;
#[cfg(test)]
mod tests;
mod words;

use std::path::PathBuf;
use std::sync::Arc;

use toml::de::DeTable;

pub use self::access::{Bucket, FieldGroup, GroupSelector, Membership, RolePermissions};
use self::lookup::Declared;
pub use self::name::{ColumnPath, FunctionName, NameSyntaxError, TableName, TableNameError};
pub(crate) use self::reader::written_key;
use self::reader::{Problems, TableReader};
pub use self::rules::{ColumnRules, Parent, ParentError, TableRules};
pub use self::sections::{
    ClaimSetting, ClaimValue, ClaimsConfig, DatabaseConfig, DieselConfig, OutputsConfig, RowSecurityConfig,
    ServerConfig, SyncConfig, TypesConfig,
};
pub use self::spanned::Spanned;
pub use self::table::{ColumnConfig, TableConfig};
pub(crate) use self::tags::without_tags;
pub use self::tags::{ColumnTags, TableTags, Tags};
pub use self::words::{
    BucketWrite, ConflictRule, DefaultKind, LocalType, NumericLibrary, OwnerNull, Push, RowSecurityMode,
    RustType, Stamps, TableUnowned, TimeLibrary, Unowned, UuidForm, WriteMode,
};
use crate::diagnostic::{Diagnostics, Source};
use crate::facts::{Facts, Table};

/// The usual name of the config file.
pub const FILE_NAME: &str = "Oosync.toml";

/// The content of `Oosync.toml`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// The text it was read from, which every span here points into.
    pub source: Arc<Source>,
    /// The facts file, relative to the config. Default: [`facts::FILE_NAME`](crate::facts::FILE_NAME).
    pub facts: PathBuf,
    /// `[database]`
    pub database: DatabaseConfig,
    /// `[sync]`
    pub sync: SyncConfig,
    /// `[types]`
    pub types: TypesConfig,
    /// `[diesel]`
    pub diesel: DieselConfig,
    /// `[tables.*]`, in the order written.
    pub tables: Vec<TableConfig>,
    /// `[field_groups.*]`, in the order written.
    pub field_groups: Vec<FieldGroup>,
    /// `[role_permissions.*]`, in the order written.
    pub role_permissions: Vec<RolePermissions>,
    /// `[buckets.*]`, in the order written.
    pub buckets: Vec<Bucket>,
    /// `[server]`
    pub server: ServerConfig,
    /// `[row_security]`
    pub row_security: RowSecurityConfig,
    /// `[claims]`
    pub claims: ClaimsConfig,
    /// `[outputs]`
    pub outputs: OutputsConfig,
}

impl Config {
    /// Reads the text of an `Oosync.toml`; `name` is how messages call the file.
    ///
    /// # Errors
    ///
    /// Every problem of the text: if it is not TOML, all errors of syntax; otherwise all unknown keys, values
    /// of a wrong kind, and contradictions that show without looking at the database.
    pub fn parse(name: &str, text: &str) -> Result<Self, Diagnostics> {
        let source = Source::new(name, text);
        let problems = Problems::new(&source);
        let (document, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            // An error without a span is one at the end of the text.
            let span = error.span().unwrap_or(text.len()..text.len());
            problems.error(format!("not TOML: {}", error.message()), &span, "");
        }
        // What the parser made of broken text would give errors that are not the writer's.
        if !problems.is_empty() {
            return Err(problems.into_diagnostics());
        }
        let config =
            TableReader::document(&problems, document.get_ref(), |reader| Self::read(&source, reader));
        let diagnostics = problems.into_diagnostics();
        if diagnostics.has_errors() { Err(diagnostics) } else { Ok(config) }
    }

    fn read(source: &Arc<Source>, reader: &mut TableReader<'_>) -> Self {
        let facts = reader.get_or("facts", PathBuf::from(crate::facts::FILE_NAME));
        // The names also of buckets that cannot be read: tables that name them are not to blame.
        let mut bucket_names = Vec::new();
        let mut buckets = Vec::new();
        for (name, bucket) in reader.named_tables("buckets", |name: Spanned<String>, reader| {
            (name.value.clone(), Bucket::read(name, reader))
        }) {
            bucket_names.push(name);
            buckets.extend(bucket);
        }
        let config = Self {
            source: Arc::clone(source),
            facts,
            database: reader.section("database"),
            sync: reader.section("sync"),
            types: reader.section("types"),
            diesel: reader.section("diesel"),
            tables: reader.named_tables("tables", TableConfig::read),
            field_groups: reader.named_tables("field_groups", FieldGroup::read),
            role_permissions: reader.named_tables("role_permissions", RolePermissions::read),
            buckets,
            server: reader.section("server"),
            row_security: reader.section("row_security"),
            claims: reader.section("claims"),
            outputs: reader.section("outputs"),
        };
        config.row_security.check(&config.server, &config.claims, reader.problems);
        let bucket_names: Vec<_> = bucket_names.iter().map(String::as_str).collect();
        for bucket in config.tables.iter().filter_map(|table| table.rules.bucket.as_ref()) {
            lookup::declared(reader.problems, Declared::Bucket, bucket, &bucket_names);
        }
        config
    }

    /// What `[tables]` says about a table of `facts`.
    pub(crate) fn table(&self, facts: &Facts, table: &Table) -> Option<&TableConfig> {
        self.tables
            .iter()
            .find(|config| config.name.value.resolve(facts).is_ok_and(|found| std::ptr::eq(found, table)))
    }
}

/// What an absent file means.
impl Default for Config {
    fn default() -> Self {
        let source = Source::new(FILE_NAME, "");
        let empty = DeTable::new();
        TableReader::document(&Problems::new(&source), &empty, |reader| Self::read(&source, reader))
    }
}
