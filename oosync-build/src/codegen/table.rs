//! The structs of one table and what they implement.

use std::borrow::Cow;

use proc_macro2::{Ident, TokenStream};

use super::docs::{code, docs_lines};
use super::metadata;
use super::names::{Names, TableNames};
use super::text::{Code, List, tokens};
use super::types::{Place, column_type, marker, rust_type};
use crate::config::RustType;
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
    pub(super) field: &'a Ident,
    is_key: bool,
    /// The Rust type and the marker, with what null makes of them.
    rust: Cow<'static, str>,
    marker: String,
    /// The Rust type without null.
    inner: Cow<'static, str>,
    docs: Vec<String>,
    pub(super) form: Form,
}

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
    pub(super) fn tag(&self, name: &crate::facts::QualifiedName) -> Option<&Ident> {
        self.all.tags.get(name)
    }

    /// The content of the table's module, which stands in `depth` blocks; `runtime` and `derives` are paths.
    pub(super) fn module(
        &self,
        locals: &LocalNames<'_>,
        runtime: &str,
        derives: &[String],
        depth: usize,
    ) -> String {
        let mut code = Code::at(depth);
        code.line(format_args!("use {runtime}::{{self as oosync, sql, types}};"));
        self.row(&mut code, derives);
        self.row_impls(&mut code);
        self.key(&mut code);
        self.insert(&mut code);
        self.patch(&mut code);
        code.gap();
        let mut text = code.into_text();
        text.push_str(&metadata::table(locals, self.table, depth).into_text());
        text
    }

    fn heading(&self, code: &mut Code, what: &str, comment: Option<&str>) {
        code.gap();
        let name = self::code(&self.table.name.to_string());
        code.docs(&docs_lines(&[format!("{what} {name}.")], comment));
    }

    /// What forms are is said of their fields where the row is: twelve comments a form are what two of its functions
    /// cost the compiler.
    fn form_heading(&self, code: &mut Code, what: &str) {
        let (name, row) = (self::code(&self.table.name.to_string()), shown(&self.names.row));
        code.gap();
        code.docs(&[format!("{what} {name}; its fields are those of [`{row}`].")]);
    }

    /// A public field for each of these columns.
    fn fields<'c>(code: &mut Code, name: &Ident, fields: impl Iterator<Item = (&'c Ident, Cow<'c, str>)>) {
        code.open(format_args!("pub struct {name} {{"));
        for (field, ty) in fields {
            code.line(format_args!("pub {field}: {ty},"));
        }
        code.close("}");
    }

    fn row(&self, code: &mut Code, also: &[String]) {
        let row = &self.names.row;
        self.heading(code, "A row of", self.table.comment.as_deref());
        if !also.is_empty() {
            code.line(format_args!("#[derive({})]", also.join(", ")));
        }
        code.open(format_args!("pub struct {row} {{"));
        for column in &self.columns {
            code.docs(&column.docs);
            code.line(format_args!("pub {}: {},", column.field, column.rust));
        }
        code.close("}");
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
        let columns = || self.columns.iter();
        code.gap();
        let markers = List::of(columns().map(|column| column.marker.as_str().into()));
        code.list("type SqlTypes = ", &markers.map_groups("sql::Groups<", ">"), ";");
        code.gap();
        code.open(format_args!("impl oosync::Record for {row} {{"));
        code.line(format_args!("const TABLE: &'static oosync::schema::Table = &TABLE;"));
        code.line(format_args!("type Key = {key};"));
        code.gap();
        code.open(format_args!("fn read(row: &mut oosync::RowReader<'_>) -> Result<Self, oosync::Error> {{"));
        // Not `?`, which is a call, a branch and a conversion more.
        code.open(format_args!("match row.take_all::<_, SqlTypes>() {{"));
        let fields: Vec<Cow<'_, str>> = columns().map(|column| column.field.to_string().into()).collect();
        code.open_list("Ok(", &List::of(fields.iter().cloned()), ") =>");
        code.list("Ok(Self ", &List::struct_of(fields), ")");
        code.close("}");
        code.line(format_args!("Err(error) => Err(error),"));
        code.close("}");
        code.close("}");
        code.gap();
        self.row_key(code);
        code.gap();
        code.open(format_args!("fn pass<'v>(&'v self, other: &'v Self, pass: oosync::Pass<'_, 'v>) {{"));
        let refs = |of: &str| List::of(columns().map(|column| format!("&{of}.{}", column.field).into()));
        code.open(format_args!("pass.fields::<SqlTypes, _>("));
        code.list("", &refs("self"), ",");
        code.list("", &refs("other"), ",");
        code.close(");");
        code.close("}");
        code.close("}");

        clone(code, row, columns().map(|column| (column.field, column.is_copy())));
        debug(code, row, "debug_row");
        code.gap();
        code.open(format_args!("impl PartialEq for {row} {{"));
        code.open(format_args!("fn eq(&self, other: &Self) -> bool {{"));
        code.line(format_args!("oosync::same(self, other)"));
        code.close("}");
        code.close("}");
    }

    fn row_key(&self, code: &mut Code) {
        let key = &self.names.key;
        let columns: Vec<&ColumnCode<'_>> =
            self.table.primary_key.iter().map(|place| &self.columns[*place]).collect();
        code.open(format_args!("fn key(&self) -> {key} {{"));
        match columns.as_slice() {
            [one] => code.line(format_args!("{}", one.copied())),
            several => {
                let fields =
                    several.iter().map(|column| format!("{}: {}", column.field, column.copied()).into());
                code.list(&format!("{key} "), &List::struct_of(fields), "");
            }
        }
        code.close("}");
        code.gap();
        code.open(format_args!("fn write_key<'v>(key: &'v {key}, row: &mut oosync::RowWriter<'v>) {{"));
        match columns.as_slice() {
            [one] => code.line(format_args!("row.put::<{}, _>({}, key);", one.marker, one.place)),
            several => {
                for ColumnCode { marker, place, field, .. } in several {
                    code.line(format_args!("row.put::<{marker}, _>({place}, &key.{field});"));
                }
            }
        }
        code.close("}");
    }

    fn key(&self, code: &mut Code) {
        let key = &self.names.key;
        self.heading(code, "The primary key of", None);
        if let [one] = self.table.primary_key.as_slice() {
            code.line(format_args!("pub type {key} = {};", self.columns[*one].rust));
            return;
        }
        let columns = || self.table.primary_key.iter().map(|place| &self.columns[*place]);
        let hashed = if columns().all(ColumnCode::is_hashable) { ", Eq, Hash" } else { "" };
        code.line(format_args!("#[derive(Clone, Debug, PartialEq{hashed})]"));
        code.open(format_args!("pub struct {key} {{"));
        for column in columns() {
            code.docs(&column.docs);
            code.line(format_args!("pub {}: {},", column.field, column.rust));
        }
        code.close("}");
    }

    fn insert(&self, code: &mut Code) {
        let TableNames { row, insert, .. } = self.names;
        let columns: Vec<&ColumnCode<'_>> =
            self.columns.iter().filter(|column| column.form != Form::Absent).collect();
        self.form_heading(code, "A new row of");
        let fields = columns.iter().map(|column| {
            let written = column.written();
            let ty = match column.form {
                Form::Defaulted => format!("oosync::Defaulted<{written}>").into(),
                Form::ServerFilled => format!("oosync::ServerFilled<{written}>").into(),
                _ => Cow::Borrowed(written),
            };
            (column.field, ty)
        });
        Self::fields(code, insert, fields);

        code.gap();
        code.open(format_args!("impl {insert} {{"));
        code.line(format_args!("/// What a new row needs; everything else is null or left to its default."));
        let required = columns.iter().filter(|column| column.form == Form::Required);
        let parameters = required.map(|column| format!("{}: {}", column.field, column.written()).into());
        code.open_list("pub fn new", &List::of_parameters(parameters), " -> Self");
        let fields = columns.iter().map(|ColumnCode { field, form, .. }| match form {
            Form::Required => field.to_string().into(),
            Form::Nullable => format!("{field}: None").into(),
            Form::Defaulted => format!("{field}: oosync::Defaulted::Default").into(),
            _ => format!("{field}: oosync::ServerFilled::Default").into(),
        });
        code.list("Self ", &List::struct_of(fields), "");
        code.close("}");
        code.close("}");

        code.gap();
        code.open(format_args!("impl oosync::Insert for {insert} {{"));
        code.line(format_args!("type Row = {row};"));
        code.gap();
        self.write(code, |column| column.form != Form::Absent);
        code.close("}");
        clone(code, insert, columns.iter().map(|column| (column.field, column.is_copy())));
        debug(code, insert, "debug_insert");
    }

    fn patch(&self, code: &mut Code) {
        let TableNames { row, patch, .. } = self.names;
        let has = |column: &ColumnCode<'_>| column.form != Form::Absent && !column.is_key;
        let columns = || self.columns.iter().filter(|column| has(column));
        self.form_heading(code, "What changes of a row of");
        let fields = columns().map(|column| (column.field, format!("Option<{}>", column.rust).into()));
        Self::fields(code, patch, fields);

        code.gap();
        code.open(format_args!("impl ::core::default::Default for {patch} {{"));
        code.open(format_args!("fn default() -> Self {{"));
        code.list(
            "Self ",
            &List::struct_of(columns().map(|column| format!("{}: None", column.field).into())),
            "",
        );
        code.close("}");
        code.close("}");

        code.gap();
        code.open(format_args!("impl oosync::Patch for {patch} {{"));
        code.line(format_args!("type Row = {row};"));
        code.gap();
        self.write(code, has);
        code.close("}");
        clone(code, patch, columns().map(|column| (column.field, column.is_copy())));
        debug(code, patch, "debug_patch");
    }

    /// What a form writes; `()` stands where it has no field for a column.
    fn write(&self, code: &mut Code, has: impl Fn(&ColumnCode<'_>) -> bool) {
        code.open(format_args!("fn write<'v>(&'v self, row: &mut oosync::RowWriter<'v>) {{"));
        let fields = self.columns.iter().map(|column| match has(column) {
            true => format!("&self.{}", column.field).into(),
            false => "()".into(),
        });
        code.list("row.put_all::<SqlTypes, _, _>(", &List::of(fields), ");");
        code.close("}");
    }
}

/// A copy of every field: one of those that are only bits costs the compiler half of what a call does.
fn clone<'c>(code: &mut Code, name: &Ident, fields: impl Iterator<Item = (&'c Ident, bool)>) {
    let mut copied = false;
    let mut values: Vec<Cow<'_, str>> = Vec::new();
    for (field, is_copy) in fields {
        match is_copy {
            true => copied = true,
            false => values.push(format!("{field}: self.{field}.clone()").into()),
        }
    }
    if copied {
        values.push("..*self".into());
    }
    code.gap();
    code.open(format_args!("impl Clone for {name} {{"));
    code.open(format_args!("fn clone(&self) -> Self {{"));
    code.list("Self ", &List::struct_of(values), "");
    code.close("}");
    code.close("}");
}

/// An identifier as a person says it.
fn shown(name: &Ident) -> String {
    let name = name.to_string();
    name.strip_prefix("r#").map_or_else(|| name.clone(), str::to_owned)
}

/// Rows and forms are shown by code that knows no table: that costs the compiler nothing for a column.
fn debug(code: &mut Code, name: &Ident, function: &str) {
    let shown = shown(name);
    code.gap();
    code.open(format_args!("impl ::core::fmt::Debug for {name} {{"));
    code.open(format_args!("fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {{"));
    code.line(format_args!("oosync::{function}(self, \"{shown}\", f)"));
    code.close("}");
    code.close("}");
}

impl<'a> ColumnCode<'a> {
    fn new(names: Place<'_>, place: usize, column: &'a PlanColumn, field: &'a Ident, is_key: bool) -> Self {
        let ty = column_type(column);
        let inner = rust_type(names, ty, column.rust_type);
        let inner_marker = marker(names, ty);
        let (rust, marker) = if column.nullable {
            (format!("Option<{inner}>").into(), format!("sql::Nullable<{inner_marker}>"))
        } else {
            (inner.clone(), inner_marker)
        };
        let docs = docs_lines(&[column_docs(column, is_key)], column.comment.as_deref());
        // A row without its key cannot be told from others: what only the server computes, the app names.
        let form = match form(column) {
            Form::ServerFilled if is_key => Form::Required,
            form => form,
        };
        Self { place, column, field, is_key, rust, marker, inner, docs, form }
    }

    /// The field of a row, as a value of its own.
    fn copied(&self) -> String {
        let copied = if self.is_copy() { "" } else { ".clone()" };
        format!("self.{}{copied}", self.field)
    }

    /// The type of what a person writes: without the null that stands for a value that the server has not filled yet, or
    /// that not everyone may see.
    fn written(&self) -> &str {
        if self.nullable_in_postgres() { &self.rust } else { &self.inner }
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
        tokens(self.written())
    }

    /// Whether a value of the Rust type is only bits; an `Option` of it and what stands in forms are, too.
    fn is_copy(&self) -> bool {
        let ColumnType::Scalar(scalar) = column_type(self.column) else { return false };
        match scalar {
            Scalar::Bytea | Scalar::Json | Scalar::Jsonb | Scalar::Text => false,
            Scalar::Numeric => self.column.rust_type == Some(RustType::RustDecimal),
            Scalar::Bool
            | Scalar::Int2
            | Scalar::Int4
            | Scalar::Int8
            | Scalar::Oid
            | Scalar::Float4
            | Scalar::Float8
            | Scalar::Uuid
            | Scalar::UuidText
            | Scalar::Timestamptz
            | Scalar::Timestamp
            | Scalar::Date
            | Scalar::Time
            | Scalar::TimeTz
            | Scalar::Interval
            | Scalar::Money => true,
        }
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
