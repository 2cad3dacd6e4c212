//! Fields to columns, with every error at its place.

use std::sync::Arc;

use proc_macro2::Ident;
use syn::ext::IdentExt as _;
use syn::punctuated::Punctuated;
use syn::{Error, Field, Path, Token, Type};

use super::attributes::{FieldAttributes, StructAttributes};
use super::source::Source;
use crate::config::{TableName, TableNameError};
use crate::names::snake;
use crate::plan::{PlanColumn, PlanColumnKind, PlanDefault, PlanTable, Why};
use crate::suggest::did_you_mean;

/// A struct and the table it is a row of.
pub(super) struct Mapping {
    source: Arc<Source>,
    table: usize,
    /// Fields that have a column, in the order of the struct.
    pub(super) fields: Vec<MappedField>,
    /// Fields that have none.
    pub(super) skipped: Vec<Ident>,
    /// Fields with an error.
    pub(super) failed: Vec<Ident>,
    /// Whether a new row can be made of the struct.
    pub(super) insertable: bool,
}

/// A field that has a column.
pub(super) struct MappedField {
    pub(super) ident: Ident,
    pub(super) ty: Type,
    /// The place of the column.
    pub(super) place: usize,
    pub(super) with: Option<Path>,
}

impl Mapping {
    /// `None` where the table is not known; that is among the errors then.
    pub(super) fn new(
        name: &Ident,
        attributes: &StructAttributes,
        fields: &Punctuated<Field, Token![,]>,
        errors: &mut Vec<Error>,
    ) -> Option<Self> {
        let facts = attributes.facts.as_ref();
        let source = match Source::find(facts.map(syn::LitStr::value).as_deref()) {
            Ok(source) => source,
            Err(problem) => {
                errors.push(Error::new(facts.map_or_else(|| name.span(), syn::LitStr::span), problem));
                return None;
            }
        };
        let number = match find_table(name, attributes, &source) {
            Ok(number) => number,
            Err(error) => {
                errors.push(error);
                return None;
            }
        };
        let table = &source.plan.tables[number];
        let mut mapped: Vec<MappedField> = Vec::new();
        let (mut skipped, mut failed) = (Vec::new(), Vec::new());
        for field in fields {
            let Some(ident) = &field.ident else { continue };
            let of_field = FieldAttributes::read(field, errors);
            if of_field.skip.is_some() {
                skipped.push(ident.clone());
                continue;
            }
            let (wanted, span) = match &of_field.column {
                Some(column) => (column.value(), column.span()),
                None => (column_name(ident, attributes), ident.span()),
            };
            let Some(place) = table.columns.iter().position(|column| column.name == wanted) else {
                errors.push(Error::new(span, unknown_column(table, &source, &wanted)));
                failed.push(ident.clone());
                continue;
            };
            if let Some(other) = mapped.iter().find(|other| other.place == place) {
                let message = format!("column `{wanted}` has the field `{}` already", other.ident);
                errors.push(Error::new(span, message));
                failed.push(ident.clone());
                continue;
            }
            mapped.push(MappedField {
                ident: ident.clone(),
                ty: field.ty.clone(),
                place,
                with: of_field.with,
            });
        }
        // A field with an error was probably meant for one of them.
        let missing: Vec<&PlanColumn> = table
            .columns
            .iter()
            .enumerate()
            .filter(|(place, column)| is_required(column) && mapped.iter().all(|field| field.place != *place))
            .map(|(_, column)| column)
            .collect();
        let insertable = missing.is_empty() || attributes.insert.is_some() || !failed.is_empty();
        if let (Some(span), false, true) = (attributes.insert, missing.is_empty(), failed.is_empty()) {
            errors.push(Error::new(span, missing_columns(table, &missing)));
        }
        Some(Self { source, table: number, fields: mapped, skipped, failed, insertable })
    }

    /// What tells the compiler which files were read.
    pub(super) fn track(&self) -> proc_macro2::TokenStream {
        self.source.track()
    }

    pub(super) fn plan(&self) -> &crate::plan::Plan {
        &self.source.plan
    }

    pub(super) fn table(&self) -> &PlanTable {
        &self.source.plan.tables[self.table]
    }

    /// The fields of the primary key in its order; `None` if the struct lacks one of them.
    pub(super) fn key(&self) -> Option<Vec<&MappedField>> {
        let field = |place: &usize| self.fields.iter().find(|field| field.place == *place);
        self.table().primary_key.iter().map(field).collect()
    }
}

fn find_table(name: &Ident, attributes: &StructAttributes, source: &Source) -> Result<usize, Error> {
    let (text, span) = match &attributes.table {
        Some(table) => (table.value(), table.span()),
        None => (snake(&name.to_string()), name.span()),
    };
    let unnamed = attributes.table.is_none();
    if text.is_empty() {
        return Err(Error::new(span, "the name of the table is empty"));
    }
    let wanted: TableName = text.parse().map_err(|error| Error::new(span, format!("`{text}` {error}")))?;
    let table = wanted.resolve(&source.facts).map_err(|error| {
        let called = if unnamed { " (called as the struct)" } else { "" };
        let write = |name: &str| format!("write `#[syncable(table = \"{}\")]`", name.replace('"', "\\\""));
        let message = match &error {
            TableNameError::Unknown { nearest: Some(nearest), .. } if unnamed => {
                format!("no table `{wanted}`{called} in {}: {}", source.shown, write(nearest))
            }
            TableNameError::Unknown { nearest: Some(nearest), .. } => {
                format!("no table `{wanted}` in {}: did you mean `{nearest}`?", source.shown)
            }
            TableNameError::Unknown { .. } if unnamed => {
                format!("no table `{wanted}`{called} in {}: {}", source.shown, write("…"))
            }
            TableNameError::Unknown { .. } => format!("no table `{wanted}` in {}", source.shown),
            TableNameError::Ambiguous { candidates, .. } => {
                let names: Vec<String> = candidates.iter().map(|name| format!("`{name}`")).collect();
                format!("{error}: write one of {}", names.join(", "))
            }
        };
        Error::new(span, message)
    })?;
    let planned = source.plan.tables.iter().position(|planned| planned.name == table.qualified_name());
    planned.ok_or_else(|| {
        let left_out = source.plan.not_synced.iter().find(|left_out| left_out.name == table.qualified_name());
        let reason = left_out.map_or_else(String::new, |left_out| {
            format!(": it {}", because(&left_out.reason, &left_out.why))
        });
        Error::new(span, format!("table `{}` is not synced{reason}", table.qualified_name()))
    })
}

fn column_name(field: &Ident, attributes: &StructAttributes) -> String {
    let name = field.unraw().to_string();
    attributes.rename_all.map_or(name.clone(), |rename| rename.apply(&name))
}

fn unknown_column(table: &PlanTable, source: &Source, wanted: &str) -> String {
    let name = &table.name;
    if let Some((_, why)) = table.excluded_columns.iter().find(|(excluded, _)| excluded == wanted) {
        return format!(
            "column `{wanted}` of `{name}` never leaves the server: {}",
            because("it is excluded", why)
        );
    }
    let near = did_you_mean(wanted, table.columns.iter().map(|column| column.name.as_str()));
    let near = near.unwrap_or_else(|| {
        let columns: Vec<String> =
            table.columns.iter().take(12).map(|column| format!("`{}`", column.name)).collect();
        let more = if table.columns.len() > 12 { ", …" } else { "" };
        format!("it has {}{more}", columns.join(", "))
    });
    format!("`{name}` has no column `{wanted}` in {}: {near}", source.shown)
}

/// What a person said, with the place; of what was inferred, where to read more.
fn because(said: &str, why: &Why) -> String {
    match why {
        Why::Config(place) | Why::Tag(place) => format!("{said} ({place})"),
        Why::Inferred(_) | Why::Default => format!("{said}; `cargo oosync plan` says more"),
    }
}

/// Whether a new row needs the column.
fn is_required(column: &PlanColumn) -> bool {
    match &column.kind {
        PlanColumnKind::Synced(synced) => {
            synced.not_null && !column.nullable && matches!(synced.default.value, PlanDefault::None)
        }
        PlanColumnKind::Local(_) => false,
    }
}

fn missing_columns(table: &PlanTable, missing: &[&PlanColumn]) -> String {
    let columns: Vec<String> = missing
        .iter()
        .filter_map(|column| match &column.kind {
            PlanColumnKind::Synced(synced) => {
                Some(format!("`{} {}`", crate::facts::quoted(&column.name), synced.declared))
            }
            PlanColumnKind::Local(_) => None,
        })
        .collect();
    let which = if missing.len() == 1 {
        "one more column, which is not null and has no default"
    } else {
        "more columns, which are not null and have no default"
    };
    format!("a new row of `{}` needs {which}: {}", table.name, columns.join(", "))
}
