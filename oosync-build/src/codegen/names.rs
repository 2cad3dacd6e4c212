//! What everything generated is called.

use std::collections::BTreeMap;

use proc_macro2::{Ident, Span};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::facts::QualifiedName;
use crate::names::{Scope, assign, chosen, pascal, screaming, snake};
use crate::plan::{Plan, PlanTable};

/// The names of a whole plan.
pub(super) struct Names {
    /// One for each table, in the order of the plan.
    pub(super) tables: Vec<TableNames>,
    pub(super) enums: BTreeMap<QualifiedName, EnumNames>,
    pub(super) composites: BTreeMap<QualifiedName, CompositeNames>,
    /// Text types that the runtime has no tag for.
    pub(super) tags: BTreeMap<QualifiedName, Ident>,
}

/// The names of a table.
pub(super) struct TableNames {
    pub(super) module: Ident,
    pub(super) row: Ident,
    pub(super) key: Ident,
    pub(super) insert: Ident,
    pub(super) patch: Ident,
    /// One for each column.
    pub(super) fields: Vec<Ident>,
    /// One for each column: the associated constants of the row.
    pub(super) constants: Vec<Ident>,
}

/// The names of an enum.
pub(super) struct EnumNames {
    pub(super) name: Ident,
    /// One for each label.
    pub(super) variants: Vec<Ident>,
}

/// The names of a composite type.
pub(super) struct CompositeNames {
    pub(super) name: Ident,
    /// One for each attribute.
    pub(super) fields: Vec<Ident>,
}

/// Modules that are there beside those of tables.
pub(super) const ENUMS: &str = "enums";
pub(super) const COMPOSITES: &str = "composites";
pub(super) const TAGS: &str = "tags";
pub(super) const DIESEL_SQLITE: &str = "diesel_sqlite";
pub(super) const DIESEL_POSTGRES: &str = "diesel_postgres";

/// Names that no module's file can have: the index is `mod.rs`, and the others are devices on Windows.
const FILES: &[&str] = &["r#mod", "aux", "con", "nul", "prn"];

/// Names that generated code uses as they are: of the standard library, and of what each table has for itself.
const PRELUDE: &[&str] = &[
    "Option",
    "Vec",
    "String",
    "Result",
    "Ok",
    "Err",
    "Some",
    "None",
    "Self",
    "Clone",
    "Default",
    "PartialEq",
    "SqlTypes",
];

impl Names {
    /// Names for everything.
    ///
    /// # Errors
    ///
    /// Where two names that a person chose are the same.
    pub(super) fn new(plan: &Plan) -> Result<Self, Diagnostics> {
        let mut problems = Diagnostics::new();
        let mut types = Scope::with_reserved(PRELUDE.iter().copied());

        let rows = row_names(plan, &mut types, &mut problems);
        let forms = rows.iter().map(|row| {
            let plain = row.strip_prefix("r#").unwrap_or(row);
            ["Key", "Insert", "Patch"]
                .map(|suffix| ident(&types.take(format!("{plain}{suffix}"), "Form", "Table")))
        });
        let forms: Vec<_> = forms.collect();

        let enum_names = plan.enums.iter().map(|ty| ty.name.name.as_str());
        let enum_names = assign(&mut types, enum_names, pascal, "Enum", "Enum");
        let enums = plan.enums.iter().zip(enum_names).map(|(ty, name)| {
            let mut scope = Scope::with_reserved(["Unknown", "Self"]);
            let labels = ty.labels.iter().map(String::as_str);
            let variants = assign(&mut scope, labels, pascal, "Label", "Label");
            (ty.name.clone(), EnumNames { name: ident(&name), variants: idents(&variants) })
        });
        let enums = enums.collect();

        let composite_names = plan.composites.iter().map(|ty| ty.name.name.as_str());
        let composite_names = assign(&mut types, composite_names, pascal, "Composite", "Composite");
        let composites = plan.composites.iter().zip(composite_names).map(|(ty, name)| {
            let attributes = ty.attributes.iter().map(|(attribute, _)| attribute.name.as_str());
            let fields = assign(&mut Scope::default(), attributes, snake, "", "attribute");
            (ty.name.clone(), CompositeNames { name: ident(&name), fields: idents(&fields) })
        });
        let composites = composites.collect();

        let unknown: Vec<&QualifiedName> =
            plan.text_types.iter().filter(|name| super::types::runtime_tag(name).is_none()).collect();
        let tag_names =
            assign(&mut types, unknown.iter().map(|name| name.name.as_str()), pascal, "Tag", "Tag");
        let tags = unknown.into_iter().cloned().zip(idents(&tag_names)).collect();

        // A struct and a module are of one namespace, and a script without cases writes them alike.
        let mut modules = types;
        for name in [ENUMS, COMPOSITES, TAGS, DIESEL_SQLITE, DIESEL_POSTGRES].iter().chain(FILES) {
            modules.claim(name);
        }
        let local = plan.tables.iter().map(|table| table.local_name.as_str());
        let module_names = assign(&mut modules, local, snake, "_table", "table");
        let named = rows.iter().zip(forms).zip(module_names);
        let tables = plan.tables.iter().zip(named).map(|(table, ((row, [key, insert, patch]), module))| {
            let (fields, constants) = (field_names(table, &mut problems), constant_names(table));
            TableNames { module: ident(&module), row: ident(row), key, insert, patch, fields, constants }
        });
        let tables = tables.collect();

        let names = Self { tables, enums, composites, tags };
        if problems.has_errors() { Err(problems) } else { Ok(names) }
    }
}

/// Names of row structs: those that a person chose first, then those that are made of the table's name.
fn row_names(plan: &Plan, types: &mut Scope, problems: &mut Diagnostics) -> Vec<String> {
    for table in &plan.tables {
        let Some(name) = &table.rust_name else { continue };
        if !types.claim(&chosen(name)) {
            problems.push(taken(name, &format!("struct of {}", table.name)));
        }
    }
    let inferred: Vec<&PlanTable> = plan.tables.iter().filter(|table| table.rust_name.is_none()).collect();
    let names = inferred.iter().map(|table| table.local_name.as_str());
    let mut inferred = assign(types, names, pascal, "Row", "Table").into_iter();
    plan.tables
        .iter()
        .filter_map(|table| table.rust_name.as_ref().map(|name| chosen(name)).or_else(|| inferred.next()))
        .collect()
}

fn field_names(table: &PlanTable, problems: &mut Diagnostics) -> Vec<Ident> {
    let mut scope = Scope::default();
    for column in &table.columns {
        let Some(name) = &column.rust_name else { continue };
        if !scope.claim(&chosen(name)) {
            problems.push(taken(name, &format!("field of {}.{}", table.name, column.name)));
        }
    }
    let inferred = table.columns.iter().filter(|column| column.rust_name.is_none());
    let mut inferred =
        assign(&mut scope, inferred.map(|column| column.name.as_str()), snake, "", "column").into_iter();
    let names = table
        .columns
        .iter()
        .filter_map(|column| column.rust_name.as_ref().map(|name| chosen(name)).or_else(|| inferred.next()));
    names.map(|name| ident(&name)).collect()
}

fn constant_names(table: &PlanTable) -> Vec<Ident> {
    // Those of the trait `Row`.
    let mut scope = Scope::with_reserved(["TABLE", "COLUMNS"]);
    let names = table.columns.iter().map(|column| match &column.rust_name {
        Some(name) => name.strip_prefix("r#").unwrap_or(name),
        None => column.name.as_str(),
    });
    let names: Vec<&str> = names.collect();
    idents(&assign(&mut scope, names, screaming, "_COLUMN", "COLUMN"))
}

fn taken(name: &str, what: &str) -> Diagnostic {
    Diagnostic::error(format!("`{name}` cannot be the name of the {what}: another one is called so"))
        .help("give one of them another `rust_name`")
}

fn idents(names: &[String]) -> Vec<Ident> {
    names.iter().map(|name| ident(name)).collect()
}

/// The identifier of a name that [`crate::names`] made, or that config has checked.
pub(super) fn ident(name: &str) -> Ident {
    match name.strip_prefix("r#") {
        Some(raw) => Ident::new_raw(raw, Span::call_site()),
        None => Ident::new(name, Span::call_site()),
    }
}
