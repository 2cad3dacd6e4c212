//! The structs of one table and what they implement.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::docs::{code, docs};
use super::metadata;
use super::names::{Names, TableNames};
use super::types::{Place, column_type, marker, rust_type};
use crate::plan::{Plan, PlanColumn, PlanColumnKind, PlanDefault, PlanTable};
use crate::types::{ColumnType, Scalar};

/// One table as its module sees it.
pub(super) struct TableCode<'a> {
    plan: &'a Plan,
    pub(super) all: &'a Names,
    table: &'a PlanTable,
    pub(super) names: &'a TableNames,
    pub(super) columns: Vec<ColumnCode<'a>>,
}

/// One column.
pub(super) struct ColumnCode<'a> {
    pub(super) place: usize,
    /// The same as code.
    at: Literal,
    pub(super) column: &'a PlanColumn,
    pub(super) field: &'a proc_macro2::Ident,
    /// The Rust type and the marker, with what null makes of them.
    rust: TokenStream,
    marker: TokenStream,
    /// The Rust type and the marker without null.
    pub(super) inner: TokenStream,
    inner_marker: TokenStream,
    docs: TokenStream,
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
        let root = quote!(super);
        let place = Place { names: all, root: &root };
        let columns = table.columns.iter().zip(&names.fields).enumerate();
        let columns = columns.map(|(number, (column, field))| ColumnCode::new(place, number, column, field));
        Self { plan, all, table, names, columns: columns.collect() }
    }

    /// What the tag of a text type is called that the runtime has none for.
    pub(super) fn tag(&self, name: &crate::facts::QualifiedName) -> Option<&proc_macro2::Ident> {
        self.all.tags.get(name)
    }

    /// The content of the table's module.
    pub(super) fn module(&self, runtime: &TokenStream, derives: &[TokenStream]) -> TokenStream {
        let parts = [
            self.row(derives),
            self.row_impls(),
            self.key(),
            self.insert(),
            self.patch(),
            metadata::table(self.plan, self.table),
        ];
        quote!(use #runtime::{self as oosync, sql, types}; #(#parts)*)
    }

    fn heading(&self, what: &str) -> Vec<String> {
        let name = code(&self.table.name.to_string());
        vec![if what.is_empty() { format!("A row of {name}.") } else { format!("{what} {name}.") }]
    }

    fn row(&self, derives: &[TokenStream]) -> TokenStream {
        let docs = docs(&self.heading(""), self.table.comment.as_deref());
        let row = &self.names.row;
        let fields =
            self.columns.iter().map(|ColumnCode { docs, field, rust, .. }| quote!(#docs pub #field: #rust,));
        let constants = self.columns.iter().zip(&self.names.constants).map(|(column, constant)| {
            let ColumnCode { marker, at, .. } = column;
            quote!(pub const #constant: oosync::RowColumn<Self, #marker> = oosync::RowColumn::new(#at);)
        });
        quote! {
            #docs
            #[derive(Clone, Debug, PartialEq #(, #derives)*)]
            pub struct #row { #(#fields)* }

            /// The columns, for queries.
            impl #row { #(#constants)* }
        }
    }

    fn row_impls(&self) -> TokenStream {
        let TableNames { row, key, .. } = self.names;
        let places = self.columns.iter().map(|column| &column.at);
        let reads = self
            .columns
            .iter()
            .map(|ColumnCode { field, marker, .. }| quote!(#field: row.take::<#marker, _>()?,));
        let puts = self.columns.iter().map(|column| column.put(&quote!(put), &quote!(self)));
        let key_columns: Vec<&ColumnCode<'_>> =
            self.table.primary_key.iter().map(|place| &self.columns[*place]).collect();
        let (key_value, write_key) = match key_columns.as_slice() {
            [one] => {
                let (field, marker, at) = (one.field, &one.marker, &one.at);
                let copied = if one.is_copy() { quote!() } else { quote!(.clone()) };
                (quote!(self.#field #copied), quote!(row.put::<#marker, _>(#at, key);))
            }
            several => {
                let fields = several.iter().map(|column| {
                    let field = column.field;
                    let copied = if column.is_copy() { quote!() } else { quote!(.clone()) };
                    quote!(#field: self.#field #copied)
                });
                let puts = several.iter().map(|column| column.put(&quote!(put), &quote!(key)));
                (quote!(#key { #(#fields),* }), quote!(#(#puts)*))
            }
        };
        quote! {
            impl oosync::Row for #row {
                const TABLE: &'static oosync::schema::Table = &TABLE;
                const COLUMNS: &'static [usize] = &[#(#places),*];

                fn read(row: &mut oosync::RowReader<'_>) -> Result<Self, oosync::Error> {
                    Ok(Self { #(#reads)* })
                }
            }

            impl oosync::Syncable for #row {
                type Key = #key;

                fn key(&self) -> #key {
                    #key_value
                }

                fn write_key<'v>(key: &'v #key, row: &mut oosync::RowWriter<'v>) {
                    #write_key
                }

                fn write<'v>(&'v self, row: &mut oosync::RowWriter<'v>) {
                    #(#puts)*
                }
            }

            impl oosync::Insert for #row {
                type Row = Self;

                fn write<'v>(&'v self, row: &mut oosync::RowWriter<'v>) {
                    oosync::Syncable::write(self, row);
                }
            }
        }
    }

    fn key(&self) -> TokenStream {
        let docs = docs(&self.heading("The primary key of"), None);
        let key = &self.names.key;
        if let [one] = self.table.primary_key.as_slice() {
            let rust = &self.columns[*one].rust;
            return quote!(#docs pub type #key = #rust;);
        }
        let fields = self.table.primary_key.iter().map(|place| {
            let ColumnCode { docs, field, rust, .. } = &self.columns[*place];
            quote!(#docs pub #field: #rust,)
        });
        let hashable = self.table.primary_key.iter().all(|place| self.columns[*place].is_hashable());
        let also = if hashable { quote!(, Eq, Hash) } else { quote!() };
        quote! {
            #docs
            #[derive(Clone, Debug, PartialEq #also)]
            pub struct #key { #(#fields)* }
        }
    }

    fn insert(&self) -> TokenStream {
        let docs = docs(&self.heading("A new row of"), None);
        let TableNames { row, insert, .. } = self.names;
        let columns: Vec<&ColumnCode<'_>> =
            self.columns.iter().filter(|column| column.form != Form::Absent).collect();
        let fields = columns.iter().map(|column| {
            let ColumnCode { docs, field, .. } = column;
            let (written, _) = column.written();
            match column.form {
                Form::Defaulted => quote!(#docs pub #field: oosync::Defaulted<#written>,),
                Form::ServerFilled => quote!(#docs pub #field: oosync::ServerFilled<#written>,),
                _ => quote!(#docs pub #field: #written,),
            }
        });
        let puts = columns.iter().map(|column| {
            let method = match column.form {
                Form::Defaulted => quote!(put_defaulted),
                Form::ServerFilled => quote!(put_server_filled),
                _ => quote!(put),
            };
            column.put_written(&method)
        });
        let required = columns.iter().filter(|column| column.form == Form::Required);
        let parameters = required.map(|column| {
            let (field, (written, _)) = (column.field, column.written());
            quote!(#field: #written)
        });
        let values = columns.iter().map(|column| {
            let field = column.field;
            match column.form {
                Form::Required => quote!(#field),
                Form::Nullable => quote!(#field: None),
                Form::Defaulted => quote!(#field: oosync::Defaulted::Default),
                _ => quote!(#field: oosync::ServerFilled::Default),
            }
        });
        quote! {
            #docs
            #[derive(Clone, Debug)]
            pub struct #insert { #(#fields)* }

            impl #insert {
                /// What a new row needs; everything else is null or left to its default.
                pub fn new(#(#parameters),*) -> Self {
                    Self { #(#values),* }
                }
            }

            impl oosync::Insert for #insert {
                type Row = #row;

                fn write<'v>(&'v self, row: &mut oosync::RowWriter<'v>) {
                    #(#puts)*
                }
            }
        }
    }

    fn patch(&self) -> TokenStream {
        let docs = docs(&self.heading("What changes of a row of"), None);
        let TableNames { row, patch, .. } = self.names;
        let columns: Vec<&ColumnCode<'_>> = self
            .columns
            .iter()
            .filter(|column| column.form != Form::Absent && !self.table.primary_key.contains(&column.place))
            .collect();
        let fields = columns
            .iter()
            .map(|ColumnCode { docs, field, rust, .. }| quote!(#docs pub #field: Option<#rust>,));
        let puts = columns.iter().map(|column| column.put(&quote!(put_some), &quote!(self)));
        // A table that is all key has nothing to change.
        let unused = if columns.is_empty() { quote!(let _ = row;) } else { quote!() };
        quote! {
            #docs
            #[derive(Clone, Debug, Default)]
            pub struct #patch { #(#fields)* }

            impl oosync::Patch for #patch {
                type Row = #row;

                fn write<'v>(&'v self, row: &mut oosync::RowWriter<'v>) {
                    #unused
                    #(#puts)*
                }
            }
        }
    }
}

impl<'a> ColumnCode<'a> {
    fn new(names: Place<'_>, place: usize, column: &'a PlanColumn, field: &'a proc_macro2::Ident) -> Self {
        let ty = column_type(column);
        let inner = rust_type(names, &ty, column.rust_type);
        let inner_marker = marker(names, &ty);
        let mut marker = inner_marker.clone();
        let mut rust = inner.clone();
        if column.nullable {
            marker = quote!(sql::Nullable<#marker>);
            rust = quote!(Option<#rust>);
        }
        let docs = docs(&[column_docs(column)], column.comment.as_deref());
        Self {
            place,
            at: Literal::usize_unsuffixed(place),
            column,
            field,
            rust,
            marker,
            inner,
            inner_marker,
            docs,
            form: form(column),
        }
    }

    /// `row.put::<sql::Uuid, _>(0, &self.id);`
    fn put(&self, method: &TokenStream, from: &TokenStream) -> TokenStream {
        let (at, field, marker) = (&self.at, self.field, &self.marker);
        quote!(row.#method::<#marker, _>(#at, &#from.#field);)
    }

    /// The type and marker of what a person writes: without the null that stands for a value that the server has not
    /// filled yet, or that not everyone may see.
    pub(super) fn written(&self) -> (&TokenStream, &TokenStream) {
        if self.nullable_in_postgres() {
            (&self.rust, &self.marker)
        } else {
            (&self.inner, &self.inner_marker)
        }
    }

    /// [`put`](Self::put) of a form.
    fn put_written(&self, method: &TokenStream) -> TokenStream {
        let (at, field, (_, marker)) = (&self.at, self.field, self.written());
        quote!(row.#method::<#marker, _>(#at, &self.#field);)
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
fn column_docs(column: &PlanColumn) -> String {
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
        PlanDefault::Server => docs.push_str(", filled by the server: null until then"),
        PlanDefault::Generated => docs.push_str(", computed by Postgres: null until then"),
        PlanDefault::Leased => docs.push_str(", from the numbers leased to the device"),
        _ => {}
    }
    docs
}
