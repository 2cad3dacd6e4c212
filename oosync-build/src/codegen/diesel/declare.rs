//! `table!`, and the joins along foreign keys.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use super::super::types::{column_type, runtime_tag, scalar_name};
use super::Database;
use super::tables::{DieselTable, Tables, built_in};
use crate::facts::QualifiedName;
use crate::types::{ColumnType, Scalar};

/// Every table of the module.
pub(super) fn declare(tables: &Tables<'_>, runtime: &TokenStream) -> TokenStream {
    let tags = super::super::names::ident(super::super::names::TAGS);
    // Generated only where the runtime lacks a tag.
    let own_tags = tables
        .plan
        .text_types
        .iter()
        .any(|name| runtime_tag(name).is_none())
        .then(|| quote!(pub use super::super::#tags as schema_tags;));
    let declared = tables.tables.iter().map(|table| self::table(tables, table));
    let joins = joins(tables);
    quote! {
        /// The types of columns, by names that no column has.
        mod markers {
            pub use ::diesel::sql_types as diesel_sql;
            pub use #runtime::diesel::sql_types as oosync_sql;
            pub use #runtime::types::tags as oosync_tags;
            #own_tags
        }

        #(#declared)*
        #joins
    }
}

fn table(tables: &Tables<'_>, table: &DieselTable<'_>) -> TokenStream {
    let name = &table.name;
    let (sql_name, path) = match tables.database {
        Database::Sqlite => (&table.plan.local_name, quote!(#name)),
        Database::Postgres => {
            let schema = super::super::names::ident(&table.plan.name.schema);
            (&table.plan.name.name, quote!(#schema.#name))
        }
    };
    let key = table.plan.primary_key.iter().map(|place| &table.columns[*place]);
    let columns = table.plan.columns.iter().zip(&table.columns).map(|(column, name)| {
        let (sql_name, ty) = (&column.name, sql_type(tables, column_type(column)));
        let ty = if column.nullable { quote!(diesel_sql::Nullable<#ty>) } else { ty };
        quote!(#[sql_name = #sql_name] #name -> #ty,)
    });
    quote! {
        ::diesel::table! {
            use super::markers::*;

            #[sql_name = #sql_name]
            #path (#(#key),*) { #(#columns)* }
        }
    }
}

/// The type of a column that is not null, inside `table!`.
pub(super) fn sql_type(tables: &Tables<'_>, ty: &ColumnType) -> TokenStream {
    match ty {
        ColumnType::Scalar(scalar) => {
            let (module, name) = match built_in(*scalar, tables.database) {
                Some(name) => (quote!(diesel_sql), name),
                None => return marker(tables, ty),
            };
            let name = Ident::new(name, Span::call_site());
            quote!(#module::#name)
        }
        other => marker(tables, other),
    }
}

fn marker(tables: &Tables<'_>, ty: &ColumnType) -> TokenStream {
    match ty {
        ColumnType::Scalar(scalar) => {
            // `table!` would give these operators by their names, with what SQLite makes of them.
            let prefix = match scalar {
                Scalar::Float4
                | Scalar::Float8
                | Scalar::Numeric
                | Scalar::Date
                | Scalar::Time
                | Scalar::Timestamp
                | Scalar::Timestamptz => "Pg",
                _ => "",
            };
            let name = Ident::new(&format!("{prefix}{}", scalar_name(*scalar)), Span::call_site());
            quote!(oosync_sql::#name)
        }
        ColumnType::Text(name) => {
            let tag = tag(tables, name);
            quote!(oosync_sql::PgText<#tag>)
        }
        ColumnType::Enum(_) => quote!(oosync_sql::Enum),
        ColumnType::Composite(..) => quote!(oosync_sql::Composite),
        ColumnType::Array(element) => {
            let element = marker(tables, element);
            quote!(oosync_sql::Array<#element>)
        }
    }
}

fn tag(tables: &Tables<'_>, name: &QualifiedName) -> TokenStream {
    if let Some(tag) = runtime_tag(name) {
        let tag = Ident::new(&tag, Span::call_site());
        return quote!(oosync_tags::#tag);
    }
    let tag = tables.tables.iter().find_map(|table| table.code.tag(name));
    tag.map_or_else(|| quote!(()), |tag| quote!(schema_tags::#tag))
}

/// Joins where one foreign key, and only one, leads from one of two tables to the other.
fn joins(tables: &Tables<'_>) -> TokenStream {
    let mut keys = Vec::new();
    for table in &tables.tables {
        for key in &table.plan.foreign_keys {
            if let Some((parent, place)) = tables.parent(table, key) {
                keys.push((&table.name, &parent.name, &table.columns[place]));
            }
        }
    }
    let alone = keys.iter().filter(|(child, parent, _)| {
        let pairs =
            keys.iter().filter(|(a, b, _)| (a == child && b == parent) || (a == parent && b == child));
        child != parent && pairs.count() == 1
    });
    alone
        .map(|(child, parent, column)| {
            quote! {
                ::diesel::joinable!(#child -> #parent (#column));
                ::diesel::allow_tables_to_appear_in_same_query!(#child, #parent);
            }
        })
        .collect()
}
