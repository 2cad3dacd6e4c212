//! What rows, insert forms and patches implement for the tables of a module.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::super::table::{ColumnCode, Form};
use super::Database;
use super::tables::{DieselTable, Tables};

/// The impls of one table.
pub(super) fn implement(tables: &Tables<'_>, table: &DieselTable<'_>, runtime: &TokenStream) -> TokenStream {
    let parts = match tables.database {
        Database::Sqlite => [
            read(table),
            insert_row(tables, table),
            insert_form(tables, table),
            changes(table),
            identify(table),
            belong(tables, table),
        ]
        .into_iter()
        .collect::<TokenStream>(),
        Database::Postgres => [insert_row(tables, table), insert_form(tables, table)].into_iter().collect(),
    };
    let module = &table.code.names.module;
    let name = &table.name;
    quote! {
        const _: () = {
            use #runtime::{self as oosync, sql, types};
            use ::diesel::dsl::Eq as Put;
            use ::diesel::ExpressionMethods as _;
            use super::#module as rows;
            use self::#name as table;

            #parts
        };
    }
}

/// Enums and composite types stand in queries as they are.
pub(super) fn own_types(tables: &Tables<'_>, runtime: &TokenStream) -> TokenStream {
    let Some(first) = tables.tables.first() else { return TokenStream::new() };
    let enums = first.code.all.enums.values().map(|names| &names.name);
    let enums = enums.map(|name| quote!([] super::enums::#name, #runtime::sql::Enum;));
    let composites = first.code.all.composites.values().map(|names| &names.name);
    let composites = composites.map(|name| quote!([] super::composites::#name, #runtime::sql::Composite;));
    let (enums, composites): (Vec<_>, Vec<_>) = (enums.collect(), composites.collect());
    let all = enums.iter().chain(&composites);
    let all: Vec<_> = all.collect();
    let alone = first.code.all.enums.values().map(|names| {
        let name = &names.name;
        quote!([] super::enums::#name;)
    });
    let alone = alone.chain(first.code.all.composites.values().map(|names| {
        let name = &names.name;
        quote!([] super::composites::#name;)
    }));
    let alone: Vec<_> = alone.collect();
    let mut code = TokenStream::new();
    if !all.is_empty() {
        code.extend(quote! {
            #runtime::diesel_own_type! { #(#all)* }
            #runtime::diesel_sqlite_column! { #(#all)* }
            #runtime::diesel_read_alone! { #(#alone)* }
        });
    }
    if !enums.is_empty() {
        code.extend(quote!(#runtime::diesel_postgres_column! { #(#enums)* }));
    }
    code
}

/// From both databases, by position; and by name from SQLite.
fn read(table: &DieselTable<'_>) -> TokenStream {
    let row = &table.code.names.row;
    let columns = &table.columns;
    let types = table.code.columns.iter().map(|column| {
        let inner = column.inner();
        if column.column.nullable {
            quote!(Option<oosync::diesel::Exact<#inner>>,)
        } else {
            quote!(oosync::diesel::Exact<#inner>,)
        }
    });
    let types: Vec<_> = types.collect();
    let fields = table.code.columns.iter().enumerate().map(|(place, column)| {
        let (field, place) = (column.field, Literal::usize_unsuffixed(place));
        if column.column.nullable {
            quote!(#field: row.#place.map(|value| value.0))
        } else {
            quote!(#field: row.#place.0)
        }
    });
    quote! {
        impl<ST, DB> ::diesel::deserialize::Queryable<ST, DB> for rows::#row
        where
            DB: ::diesel::backend::Backend,
            (#(#types)*): ::diesel::deserialize::FromStaticSqlRow<ST, DB>,
        {
            type Row = (#(#types)*);

            fn build(row: Self::Row) -> ::diesel::deserialize::Result<Self> {
                Ok(Self { #(#fields),* })
            }
        }

        impl<DB: ::diesel::backend::Backend> ::diesel::expression::Selectable<DB> for rows::#row {
            type SelectExpression = (#(table::#columns,)*);

            fn construct_selection() -> Self::SelectExpression {
                (#(table::#columns,)*)
            }
        }
    }
}

/// `&row` as a new row.
fn insert_row(tables: &Tables<'_>, table: &DieselTable<'_>) -> TokenStream {
    let row = &table.code.names.row;
    let columns: Vec<_> = parts(table)
        .filter(|(column, _)| tables.database == Database::Sqlite || column.form != Form::Absent)
        .collect();
    let types = columns.iter().map(|(column, name)| put_type(column, name));
    let values = columns.iter().map(|(column, name)| {
        let field = column.field;
        put(column, name, &quote!(&self.#field))
    });
    insertable(&quote!(rows::#row), types, values)
}

/// `&insert_form` as a new row: what is left to its default is left out.
fn insert_form(tables: &Tables<'_>, table: &DieselTable<'_>) -> TokenStream {
    let insert = &table.code.names.insert;
    let columns: Vec<_> = parts(table).filter(|(column, _)| column.form != Form::Absent).collect();
    let leased = |column: &ColumnCode<'_>| tables.database == Database::Sqlite && column.is_leased();
    let types = columns.iter().map(|(column, name)| {
        let written = written_type(column, name);
        match column.form {
            Form::Defaulted if leased(column) => {
                let inner = column.written_type();
                quote!(Put<table::#name, oosync::diesel::LeasedRef<'a, #inner>>)
            }
            Form::Defaulted | Form::ServerFilled => quote!(Option<#written>),
            _ => written,
        }
    });
    let values = columns.iter().map(|(column, name)| {
        let field = column.field;
        let value = put_written(column, name, &quote!(value));
        match column.form {
            Form::Defaulted if leased(column) => {
                quote!(table::#name.eq(oosync::diesel::LeasedRef(&self.#field)))
            }
            Form::Defaulted => quote!(match &self.#field {
                oosync::Defaulted::Value(value) => Some(#value),
                oosync::Defaulted::Default => None,
            }),
            Form::ServerFilled => quote!(match &self.#field {
                oosync::ServerFilled::Value(value) => Some(#value),
                oosync::ServerFilled::Default => None,
            }),
            _ => put_written(column, name, &quote!(&self.#field)),
        }
    });
    insertable(&quote!(rows::#insert), types, values)
}

fn insertable(
    form: &TokenStream,
    types: impl Iterator<Item = TokenStream>,
    values: impl Iterator<Item = TokenStream>,
) -> TokenStream {
    quote! {
        impl<'a> ::diesel::Insertable<table::table> for &'a #form {
            type Values = <(#(#types,)*) as ::diesel::Insertable<table::table>>::Values;

            fn values(self) -> Self::Values {
                ::diesel::Insertable::<table::table>::values((#(#values,)*))
            }
        }

        impl oosync::diesel::__private::UndecoratedInsertRecord<table::table> for &#form {}
    }
}

/// `&row` and `&patch` as changes; nothing where all is key.
fn changes(table: &DieselTable<'_>) -> TokenStream {
    let super::super::names::TableNames { row, patch, .. } = table.code.names;
    let key = &table.plan.primary_key;
    let of_row: Vec<_> = parts(table).filter(|(column, _)| !key.contains(&column.place)).collect();
    let of_patch: Vec<_> = of_row.iter().filter(|(column, _)| column.form != Form::Absent).collect();
    let mut code = TokenStream::new();
    if !of_row.is_empty() {
        let types = of_row.iter().map(|(column, name)| put_type(column, name));
        let values = of_row.iter().map(|(column, name)| {
            let field = column.field;
            put(column, name, &quote!(&self.#field))
        });
        code.extend(changeset(&quote!(rows::#row), types, values));
    }
    if !of_patch.is_empty() {
        let types = of_patch.iter().map(|(column, name)| {
            let ty = put_type(column, name);
            quote!(Option<#ty>)
        });
        let values = of_patch.iter().map(|(column, name)| {
            let (field, value) = (column.field, put(column, name, &quote!(value)));
            quote!(self.#field.as_ref().map(|value| #value))
        });
        code.extend(changeset(&quote!(rows::#patch), types, values));
    }
    code
}

fn changeset(
    form: &TokenStream,
    types: impl Iterator<Item = TokenStream>,
    values: impl Iterator<Item = TokenStream>,
) -> TokenStream {
    quote! {
        impl<'a> ::diesel::query_builder::AsChangeset for &'a #form {
            type Target = table::table;
            type Changeset = <(#(#types,)*) as ::diesel::query_builder::AsChangeset>::Changeset;

            fn as_changeset(self) -> Self::Changeset {
                ::diesel::query_builder::AsChangeset::as_changeset((#(#values,)*))
            }
        }
    }
}

/// `&row` as the row with its key.
fn identify(table: &DieselTable<'_>) -> TokenStream {
    if !table.is_identifiable() {
        return TokenStream::new();
    }
    let row = &table.code.names.row;
    let key: Vec<_> = table.plan.primary_key.iter().map(|place| &table.code.columns[*place]).collect();
    let types = key.iter().map(|column| {
        let inner = column.inner();
        quote!(oosync::diesel::ExactRef<'a, #inner>)
    });
    let values = key.iter().map(|column| {
        let field = column.field;
        quote!(oosync::diesel::ExactRef(&self.#field))
    });
    let (types, values) = match key.len() {
        1 => (quote!(#(#types)*), quote!(#(#values)*)),
        _ => (quote!((#(#types),*)), quote!((#(#values),*))),
    };
    quote! {
        impl ::diesel::associations::HasTable for rows::#row {
            type Table = table::table;

            fn table() -> Self::Table {
                table::table
            }
        }

        impl<'a> ::diesel::Identifiable for &'a rows::#row {
            type Id = #types;

            fn id(self) -> Self::Id {
                #values
            }
        }
    }
}

/// Children of a parent that is referenced once.
fn belong(tables: &Tables<'_>, table: &DieselTable<'_>) -> TokenStream {
    if !table.is_identifiable() {
        return TokenStream::new();
    }
    let row = &table.code.names.row;
    let keys = table.plan.foreign_keys.iter();
    let parents: Vec<_> = keys.filter_map(|key| tables.parent(table, key)).collect();
    let once = parents.iter().filter(|(parent, _)| {
        parent.is_identifiable() && parents.iter().filter(|(other, _)| other.name == parent.name).count() == 1
    });
    once.map(|(parent, place)| {
        let (column, name) = (&table.code.columns[*place], &table.columns[*place]);
        let (field, inner) = (column.field, column.inner());
        let (module, parent) = (&parent.code.names.module, &parent.code.names.row);
        let value =
            if column.column.nullable { quote!(self.#field.as_ref()) } else { quote!(Some(&self.#field)) };
        quote! {
            impl ::diesel::associations::BelongsTo<super::#module::#parent> for rows::#row {
                type ForeignKey = #inner;
                type ForeignKeyColumn = table::#name;

                fn foreign_key(&self) -> Option<&Self::ForeignKey> {
                    #value
                }

                fn foreign_key_column() -> Self::ForeignKeyColumn {
                    table::#name
                }
            }
        }
    })
    .collect()
}

impl DieselTable<'_> {
    /// Whether the key can be hashed and compared: each of its columns, and in a tuple, which the standard library
    /// does for up to twelve.
    fn is_identifiable(&self) -> bool {
        let key = &self.plan.primary_key;
        key.len() <= 12
            && key.iter().all(|place| {
                let column = &self.code.columns[*place];
                !column.column.nullable && column.is_hashable()
            })
    }
}

fn parts<'t>(
    table: &'t DieselTable<'_>,
) -> impl Iterator<Item = (&'t ColumnCode<'t>, &'t proc_macro2::Ident)> {
    table.code.columns.iter().zip(&table.columns)
}

/// The type of a column that gets the field of a row.
fn put_type(column: &ColumnCode<'_>, name: &proc_macro2::Ident) -> TokenStream {
    let inner = column.inner();
    if column.column.nullable {
        quote!(Put<table::#name, oosync::diesel::NullRef<'a, #inner>>)
    } else {
        quote!(Put<table::#name, oosync::diesel::ExactRef<'a, #inner>>)
    }
}

/// The column gets what the field of a row refers to.
fn put(column: &ColumnCode<'_>, name: &proc_macro2::Ident, field: &TokenStream) -> TokenStream {
    if column.column.nullable {
        quote!(table::#name.eq(oosync::diesel::NullRef(Option::as_ref(#field))))
    } else {
        quote!(table::#name.eq(oosync::diesel::ExactRef(#field)))
    }
}

/// As [`put_type`], for what a person writes into a form: see [`ColumnCode::written`].
fn written_type(column: &ColumnCode<'_>, name: &proc_macro2::Ident) -> TokenStream {
    let inner = column.inner();
    if column.nullable_in_postgres() && column.column.nullable {
        quote!(Put<table::#name, oosync::diesel::NullRef<'a, #inner>>)
    } else {
        quote!(Put<table::#name, oosync::diesel::ExactRef<'a, #inner>>)
    }
}

fn put_written(column: &ColumnCode<'_>, name: &proc_macro2::Ident, field: &TokenStream) -> TokenStream {
    if column.nullable_in_postgres() && column.column.nullable {
        quote!(table::#name.eq(oosync::diesel::NullRef(Option::as_ref(#field))))
    } else {
        quote!(table::#name.eq(oosync::diesel::ExactRef(#field)))
    }
}
