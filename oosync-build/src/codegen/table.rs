//! The structs of one table and what they implement.

use std::borrow::Cow;

use proc_macro2::TokenStream;

use super::docs::{code, docs_lines};
use super::metadata;
use super::names::{Names, TableNames};
use super::text::{Code, list, tokens};
use super::types::{Place, column_type, marker, rust_type};
use crate::plan::{LocalNames, Plan, PlanColumn, PlanColumnKind, PlanDefault, PlanTable};
use crate::types::{ColumnType, Scalar};

/// One table as its module sees it.
pub(super) struct TableCode<'a> {
    pub(super) all: &'a Names,
    table: &'a PlanTable,
    pub(super) names: &'a TableNames,
    pub(super) columns: Vec<ColumnCode<'a>>,
}

/// One column.
pub(super) struct ColumnCode<'a> {
    pub(super) place: usize,
    pub(super) column: &'a PlanColumn,
    pub(super) field: &'a proc_macro2::Ident,
    is_key: bool,
    /// The Rust type and the marker, with what null makes of them.
    rust: Cow<'static, str>,
    marker: String,
    /// The Rust type and the marker without null.
    inner: Cow<'static, str>,
    inner_marker: String,
    docs: Vec<String>,
    pub(super) form: Form,
}

/// How many columns are read at once: the runtime reads tuples of up to this many.
const AT_ONCE: usize = 16;

/// How a column stands in the form of a new row.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// It must have a value.
    Required,
    /// It is null if it is left out.
    Nullable,
    /// The device fills it.
    Defaulted,
    /// The server fills it.
    ServerFilled,
    /// Nobody writes it.
    Absent,
}

impl<'a> TableCode<'a> {
    pub(super) fn new(plan: &'a Plan, all: &'a Names, number: usize) -> Self {
        let (table, names) = (&plan.tables[number], &all.tables[number]);
        let place = Place { names: all, root: "super" };
        let columns = table.columns.iter().zip(&names.fields).enumerate();
        let columns = columns.map(|(number, (column, field))| {
            let is_key = table.primary_key.contains(&number);
            ColumnCode::new(place, number, column, field, is_key)
        });
        Self { all, table, names, columns: columns.collect() }
    }

    /// What the tag of a text type is called that the runtime has none for.
    pub(super) fn tag(&self, name: &crate::facts::QualifiedName) -> Option<&proc_macro2::Ident> {
        self.all.tags.get(name)
    }

    /// The content of the table's module; `runtime` and `derives` are paths.
    pub(super) fn module(&self, locals: &LocalNames<'_>, runtime: &str, derives: &[String]) -> String {
        let mut code = Code::default();
        code.line(format_args!("use {runtime}::{{self as oosync, sql, types}};"));
        self.row(&mut code, derives);
        self.row_impls(&mut code);
        self.key(&mut code);
        self.insert(&mut code);
        self.patch(&mut code);
        code.gap();
        let mut text = code.into_text();
        text.push_str(&metadata::table(locals, self.table).into_text());
        text
    }

    /// A struct with a public field for each of these columns.
    fn record<'c>(
        &self,
        code: &mut Code,
        heading: (&str, Option<&str>),
        derives: &str,
        name: &dyn std::fmt::Display,
        fields: impl Iterator<Item = (&'c ColumnCode<'a>, Cow<'c, str>)>,
    ) where
        'a: 'c,
    {
        self.heading(code, heading.0, heading.1);
        code.line(format_args!("#[derive({derives})]"));
        code.open(format_args!("pub struct {name} {{"));
        for (column, ty) in fields {
            code.docs(&column.docs);
            code.line(format_args!("pub {}: {ty},", column.field));
        }
        code.close("}");
    }

    fn heading(&self, code: &mut Code, what: &str, comment: Option<&str>) {
        code.gap();
        let name = self::code(&self.table.name.to_string());
        code.docs(&docs_lines(&[format!("{what} {name}.")], comment));
    }

    fn row(&self, code: &mut Code, also: &[String]) {
        let row = &self.names.row;
        let derives =
            list(["Clone", "Debug", "PartialEq"].into_iter().chain(also.iter().map(String::as_str)));
        let fields = self.columns.iter().map(|column| (column, Cow::Borrowed(&*column.rust)));
        self.record(code, ("A row of", self.table.comment.as_deref()), &derives, row, fields);
        code.gap();
        code.line(format_args!("/// The columns, for queries."));
        code.open(format_args!("impl {row} {{"));
        for (column, constant) in self.columns.iter().zip(&self.names.constants) {
            let (marker, place) = (&column.marker, column.place);
            code.line(format_args!(
                "pub const {constant}: oosync::RowColumn<Self, {marker}> = oosync::RowColumn::new({place});"
            ));
        }
        code.close("}");
    }

    fn row_impls(&self, code: &mut Code) {
        let TableNames { row, key, .. } = self.names;
        code.gap();
        code.open(format_args!("impl oosync::Row for {row} {{"));
        code.line(format_args!("const TABLE: &'static oosync::schema::Table = &TABLE;"));
        let places = list(0..self.columns.len());
        code.line(format_args!("const COLUMNS: &'static [usize] = &[{places}];"));
        code.gap();
        self.read(code);
        code.close("}");

        let key_columns: Vec<&ColumnCode<'_>> =
            self.table.primary_key.iter().map(|place| &self.columns[*place]).collect();
        code.gap();
        code.open(format_args!("impl oosync::Syncable for {row} {{"));
        code.line(format_args!("type Key = {key};"));
        code.gap();
        code.open(format_args!("fn key(&self) -> {key} {{"));
        match key_columns.as_slice() {
            [one] => code.line(format_args!("{}", one.copied())),
            several => {
                code.open(format_args!("{key} {{"));
                for column in several {
                    code.line(format_args!("{}: {},", column.field, column.copied()));
                }
                code.close("}");
            }
        }
        code.close("}");
        code.gap();
        code.open(format_args!("fn write_key<'v>(key: &'v {key}, row: &mut oosync::RowWriter<'v>) {{"));
        match key_columns.as_slice() {
            [one] => code.line(format_args!("row.put::<{}, _>({}, key);", one.marker, one.place)),
            several => several.iter().for_each(|column| column.put(code, "put", "key", &column.marker)),
        }
        code.close("}");
        code.gap();
        code.open(format_args!("fn write<'v>(&'v self, row: &mut oosync::RowWriter<'v>) {{"));
        for column in &self.columns {
            column.put(code, "put", "self", &column.marker);
        }
        code.close("}");
        code.close("}");

        code.gap();
        code.open(format_args!("impl oosync::Insert for {row} {{"));
        code.line(format_args!("type Row = Self;"));
        code.gap();
        code.open(format_args!("fn write<'v>(&'v self, row: &mut oosync::RowWriter<'v>) {{"));
        code.line(format_args!("oosync::Syncable::write(self, row);"));
        code.close("}");
        code.close("}");
    }

    /// Reading takes several columns at once: every `?` is a branch and a place where what was read so far is
    /// dropped, and one for each column was a third of what a table cost.
    fn read(&self, code: &mut Code) {
        code.open(format_args!("fn read(row: &mut oosync::RowReader<'_>) -> Result<Self, oosync::Error> {{"));
        // One statement, whatever the number of parts: a column may be called `row`.
        let parts: Vec<_> = self.columns.chunks(AT_ONCE).collect();
        let fields = |part: &[ColumnCode<'_>]| list(part.iter().map(|column| column.field));
        let markers = |part: &[ColumnCode<'_>]| list(part.iter().map(|column| &column.marker));
        if let [part] = parts.as_slice() {
            let (fields, markers) = (fields(part), markers(part));
            code.line(format_args!("let ({fields},) = row.take_all::<_, ({markers},)>()?;"));
        } else {
            code.open(format_args!("let ("));
            for part in &parts {
                code.line(format_args!("({},),", fields(part)));
            }
            code.reopen(") = (");
            for part in &parts {
                code.line(format_args!("row.take_all::<_, ({},)>()?,", markers(part)));
            }
            code.close(");");
        }
        code.line(format_args!("Ok(Self {{ {} }})", fields(&self.columns)));
        code.close("}");
    }

    fn key(&self, code: &mut Code) {
        let key = &self.names.key;
        if let [one] = self.table.primary_key.as_slice() {
            self.heading(code, "The primary key of", None);
            code.line(format_args!("pub type {key} = {};", self.columns[*one].rust));
            return;
        }
        let columns = || self.table.primary_key.iter().map(|place| &self.columns[*place]);
        let derives = if columns().all(ColumnCode::is_hashable) {
            "Clone, Debug, PartialEq, Eq, Hash"
        } else {
            "Clone, Debug, PartialEq"
        };
        let fields = columns().map(|column| (column, Cow::Borrowed(&*column.rust)));
        self.record(code, ("The primary key of", None), derives, key, fields);
    }

    fn insert(&self, code: &mut Code) {
        let TableNames { row, insert, .. } = self.names;
        let columns: Vec<&ColumnCode<'_>> =
            self.columns.iter().filter(|column| column.form != Form::Absent).collect();
        let fields = columns.iter().map(|column| {
            let (written, _) = column.written();
            let ty = match column.form {
                Form::Defaulted => format!("oosync::Defaulted<{written}>").into(),
                Form::ServerFilled => format!("oosync::ServerFilled<{written}>").into(),
                _ => Cow::Borrowed(written),
            };
            (*column, ty)
        });
        self.record(code, ("A new row of", None), "Clone", insert, fields);

        code.gap();
        code.open(format_args!("impl {insert} {{"));
        code.line(format_args!("/// What a new row needs; everything else is null or left to its default."));
        let required = columns.iter().filter(|column| column.form == Form::Required);
        let parameters = list(required.map(|column| format!("{}: {}", column.field, column.written().0)));
        code.open(format_args!("pub fn new({parameters}) -> Self {{"));
        code.open(format_args!("Self {{"));
        for ColumnCode { field, form, .. } in &columns {
            match form {
                Form::Required => code.line(format_args!("{field},")),
                Form::Nullable => code.line(format_args!("{field}: None,")),
                Form::Defaulted => code.line(format_args!("{field}: oosync::Defaulted::Default,")),
                _ => code.line(format_args!("{field}: oosync::ServerFilled::Default,")),
            }
        }
        code.close("}");
        code.close("}");
        code.close("}");

        code.gap();
        code.open(format_args!("impl oosync::Insert for {insert} {{"));
        code.line(format_args!("type Row = {row};"));
        code.gap();
        code.open(format_args!("fn write<'v>(&'v self, row: &mut oosync::RowWriter<'v>) {{"));
        for column in &columns {
            let method = match column.form {
                Form::Defaulted => "put_defaulted",
                Form::ServerFilled => "put_server_filled",
                _ => "put",
            };
            column.put(code, method, "self", column.written().1);
        }
        code.close("}");
        code.close("}");
        debug(code, insert, "debug_insert");
    }

    fn patch(&self, code: &mut Code) {
        let TableNames { row, patch, .. } = self.names;
        let columns = || self.columns.iter().filter(|column| column.form != Form::Absent && !column.is_key);
        let fields = columns().map(|column| (column, format!("Option<{}>", column.rust).into()));
        self.record(code, ("What changes of a row of", None), "Clone", patch, fields);

        code.gap();
        code.open(format_args!("impl ::core::default::Default for {patch} {{"));
        code.open(format_args!("fn default() -> Self {{"));
        code.open(format_args!("Self {{"));
        for ColumnCode { field, .. } in columns() {
            code.line(format_args!("{field}: None,"));
        }
        code.close("}");
        code.close("}");
        code.close("}");

        code.gap();
        code.open(format_args!("impl oosync::Patch for {patch} {{"));
        code.line(format_args!("type Row = {row};"));
        code.gap();
        code.open(format_args!("fn write<'v>(&'v self, row: &mut oosync::RowWriter<'v>) {{"));
        if columns().next().is_none() {
            // A table that is all key has nothing to change.
            code.line(format_args!("let _ = row;"));
        }
        for column in columns() {
            column.put(code, "put_some", "self", &column.marker);
        }
        code.close("}");
        code.close("}");
        debug(code, patch, "debug_patch");
    }
}

/// Forms are shown as what they would write: that costs the compiler nothing for a column.
fn debug(code: &mut Code, name: &proc_macro2::Ident, function: &str) {
    let shown = name.to_string();
    let shown = shown.strip_prefix("r#").unwrap_or(&shown);
    code.gap();
    code.open(format_args!("impl ::core::fmt::Debug for {name} {{"));
    code.open(format_args!("fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{"));
    code.line(format_args!("oosync::{function}(self, \"{shown}\", f)"));
    code.close("}");
    code.close("}");
}

impl<'a> ColumnCode<'a> {
    fn new(
        names: Place<'_>,
        place: usize,
        column: &'a PlanColumn,
        field: &'a proc_macro2::Ident,
        is_key: bool,
    ) -> Self {
        let ty = column_type(column);
        let inner = rust_type(names, ty, column.rust_type);
        let inner_marker = marker(names, ty);
        let (rust, marker) = if column.nullable {
            (format!("Option<{inner}>").into(), format!("sql::Nullable<{inner_marker}>"))
        } else {
            (inner.clone(), inner_marker.clone())
        };
        let docs = docs_lines(&[column_docs(column, is_key)], column.comment.as_deref());
        // A row without its key cannot be told from others: what only the server computes, the app names.
        let form = match form(column) {
            Form::ServerFilled if is_key => Form::Required,
            form => form,
        };
        Self { place, column, field, is_key, rust, marker, inner, inner_marker, docs, form }
    }

    /// `row.put::<sql::Uuid, _>(0, &self.id);`
    fn put(&self, code: &mut Code, method: &str, from: &str, marker: &str) {
        let (place, field) = (self.place, &self.field);
        code.line(format_args!("row.{method}::<{marker}, _>({place}, &{from}.{field});"));
    }

    /// The field of a row, as a value of its own.
    fn copied(&self) -> String {
        let copied = if self.is_copy() { "" } else { ".clone()" };
        format!("self.{}{copied}", self.field)
    }

    /// The type and marker of what a person writes: without the null that stands for a value that the server has not
    /// filled yet, or that not everyone may see.
    fn written(&self) -> (&str, &str) {
        if self.nullable_in_postgres() {
            (&self.rust, &self.marker)
        } else {
            (&self.inner, &self.inner_marker)
        }
    }

    pub(super) fn nullable_in_postgres(&self) -> bool {
        match &self.column.kind {
            PlanColumnKind::Synced(synced) => !synced.not_null,
            PlanColumnKind::Local(_) => true,
        }
    }

    /// Whether the device takes its value from a block of numbers.
    pub(super) fn is_leased(&self) -> bool {
        matches!(&self.column.kind, PlanColumnKind::Synced(synced) if synced.default.value == PlanDefault::Leased)
    }

    /// The Rust type without null, as tokens.
    pub(super) fn inner(&self) -> TokenStream {
        tokens(&self.inner)
    }

    /// The type of what a person writes, as tokens.
    pub(super) fn written_type(&self) -> TokenStream {
        tokens(self.written().0)
    }

    fn is_copy(&self) -> bool {
        !self.column.nullable
            && matches!(
                column_type(self.column),
                ColumnType::Scalar(
                    Scalar::Bool
                        | Scalar::Int2
                        | Scalar::Int4
                        | Scalar::Int8
                        | Scalar::Oid
                        | Scalar::Uuid
                        | Scalar::UuidText
                )
            )
    }

    pub(super) fn is_hashable(&self) -> bool {
        matches!(
            column_type(self.column),
            ColumnType::Scalar(
                Scalar::Bool
                    | Scalar::Int2
                    | Scalar::Int4
                    | Scalar::Int8
                    | Scalar::Oid
                    | Scalar::Uuid
                    | Scalar::UuidText
                    | Scalar::Text
                    | Scalar::Bytea
            ) | ColumnType::Enum(_)
        )
    }
}

fn form(column: &PlanColumn) -> Form {
    let PlanColumnKind::Synced(synced) = &column.kind else { return Form::Nullable };
    match synced.default.value {
        PlanDefault::Literal(_) | PlanDefault::Now | PlanDefault::Uuid | PlanDefault::Leased => {
            Form::Defaulted
        }
        PlanDefault::Server => Form::ServerFilled,
        PlanDefault::Generated => Form::Absent,
        PlanDefault::None if !synced.not_null => Form::Nullable,
        PlanDefault::None => Form::Required,
    }
}

/// `numeric(12,2) not null default 0`, as the database has it.
fn column_docs(column: &PlanColumn, is_key: bool) -> String {
    let PlanColumnKind::Synced(synced) = &column.kind else {
        return "Only on this device.".to_owned();
    };
    let mut sql = format!("{} {}", crate::facts::quoted(&column.name), synced.declared);
    if synced.not_null {
        sql.push_str(" not null");
    }
    if let Some(expression) = &synced.expression {
        let word = if synced.default.value == PlanDefault::Generated { "generated as" } else { "default" };
        sql.push_str(&format!(" {word} {expression}"));
    }
    let mut docs = code(&sql);
    match synced.default.value {
        PlanDefault::Server if is_key => {
            docs.push_str(", which only the server computes: an insert names it");
        }
        PlanDefault::Server => docs.push_str(", filled by the server: null until then"),
        PlanDefault::Generated => docs.push_str(", computed by Postgres: null until then"),
        PlanDefault::Leased => docs.push_str(", from the numbers leased to the device"),
        _ => {}
    }
    docs
}
