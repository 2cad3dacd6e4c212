//! Diesel's forms: `table!` for both databases, and what rows and forms implement.
//!
//! - `tables`: which tables have them, and what they are called
//! - `declare`: `table!` and joins
//! - `implement`: the traits, written out: a derive a table and trait would cost more than what it saves, and
//!   could not lead every value through `Field`

mod declare;
mod implement;
mod tables;

use proc_macro2::TokenStream;
use quote::quote;

use self::tables::Tables;
use super::docs::{code, docs_lines, prose};
use super::names::{DIESEL_POSTGRES, DIESEL_SQLITE};
use super::table::TableCode;
use crate::plan::Plan;

/// The database that a module is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Database {
    Sqlite,
    Postgres,
}

/// A table without Diesel's forms for some database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DieselLeftOut {
    /// The table in Postgres.
    pub table: crate::facts::QualifiedName,
    /// The module that it is not in: `diesel_sqlite`, `diesel_postgres`.
    pub module: &'static str,
    /// Why, in words: `has 40 columns, …`.
    pub reason: String,
}

impl std::fmt::Display for DieselLeftOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} is not in `{}`: it {}", self.table, self.module, self.reason)
    }
}

/// Modules with their documentation and content; none where no table asks for Diesel.
pub(super) fn modules(
    plan: &Plan,
    codes: &[TableCode<'_>],
    runtime: &TokenStream,
    columns: usize,
) -> Vec<(&'static str, Vec<String>, TokenStream)> {
    if !plan.tables.iter().any(|table| table.diesel) {
        return Vec::new();
    }
    [Database::Sqlite, Database::Postgres]
        .into_iter()
        .map(|database| {
            let tables = Tables::new(plan, codes, database, columns);
            (database.module(), about(&tables), module(&tables, runtime))
        })
        .collect()
}

/// The tables that ask for a form they cannot have.
pub(super) fn left_out(plan: &Plan, codes: &[TableCode<'_>], columns: usize) -> Vec<DieselLeftOut> {
    let databases = [Database::Sqlite, Database::Postgres].into_iter();
    databases.flat_map(|database| Tables::new(plan, codes, database, columns).left_out).collect()
}

/// What a module has, and what it lacks.
fn about(tables: &Tables<'_>) -> Vec<String> {
    let (what, implemented) = match tables.database {
        Database::Sqlite => (
            "Tables of the device for Diesel.",
            "Rows are `Queryable` and `Selectable`; `&` of a row or insert form is `Insertable`; `&` of a row or patch \
             is a change; `&` of a row whose key can be hashed is `Identifiable`.",
        ),
        Database::Postgres => (
            "Tables of the server for Diesel.",
            "Rows are read from all columns, by position, and `&` of a row or insert form is `Insertable`. \
             `Selectable`, changes and `Identifiable` can name but one table: that of SQLite.",
        ),
    };
    let mut about = vec![what.to_owned(), implemented.to_owned()];
    let left_out = tables.left_out.iter();
    about.extend(
        left_out.map(|table| {
            format!("{} is not here: it {}", code(&table.table.to_string()), prose(&table.reason))
        }),
    );
    docs_lines(&about, None)
}

fn module(tables: &Tables<'_>, runtime: &TokenStream) -> TokenStream {
    let declared = declare::declare(tables, runtime);
    let implemented = tables.tables.iter().map(|table| implement::implement(tables, table, runtime));
    let own = (tables.database == Database::Sqlite).then(|| implement::own_types(tables, runtime));
    quote!(#declared #(#implemented)* #own)
}

impl Database {
    pub(super) const fn module(self) -> &'static str {
        match self {
            Self::Sqlite => DIESEL_SQLITE,
            Self::Postgres => DIESEL_POSTGRES,
        }
    }
}
