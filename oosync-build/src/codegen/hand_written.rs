//! What a column asks of a struct that a person wrote.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use super::types::{column_type, runtime_tag, scalar_name, scalar_type};
use crate::plan::PlanColumn;
use crate::types::ColumnType;

/// The marker of a column, and the type to write for it.
pub(crate) fn hand_written(column: &PlanColumn) -> (TokenStream, String) {
    let ty = column_type(column);
    let (marker, write) = (marker(ty), write(column, ty));
    if column.nullable {
        (quote!(oosync::sql::Nullable<#marker>), format!("Option<{write}>"))
    } else {
        (marker, write)
    }
}

fn marker(ty: &ColumnType) -> TokenStream {
    match ty {
        ColumnType::Scalar(scalar) => {
            let name = Ident::new(scalar_name(*scalar), Span::call_site());
            quote!(oosync::sql::#name)
        }
        ColumnType::Text(name) => {
            let tag = Ident::new(runtime_tag(name).as_deref().unwrap_or("Other"), Span::call_site());
            quote!(oosync::sql::PgText<oosync::types::tags::#tag>)
        }
        ColumnType::Enum(_) => quote!(oosync::sql::Enum),
        ColumnType::Composite(..) => quote!(oosync::sql::Composite),
        ColumnType::Array(element) => {
            let element = marker(element);
            quote!(oosync::sql::Array<#element>)
        }
    }
}

fn write(column: &PlanColumn, ty: &ColumnType) -> String {
    match ty {
        ColumnType::Scalar(scalar) => spelled(scalar_type(*scalar, column.rust_type)),
        ColumnType::Text(name) => match runtime_tag(name) {
            Some(tag) => format!("PgText<tags::{tag}>"),
            None => "String".to_owned(),
        },
        ColumnType::Enum(name) => crate::names::pascal(&name.name),
        ColumnType::Composite(name, _) => crate::names::pascal(&name.name),
        ColumnType::Array(element) => {
            let element = match element.as_ref() {
                // An array takes no choice of library.
                ColumnType::Scalar(scalar) => spelled(scalar_type(*scalar, None)),
                element => write(column, element),
            };
            format!("Array<{element}>")
        }
    }
}

/// `oosync::types::Numeric` as a person writes it: `Numeric`, with the crate's name where it is another's.
fn spelled(ty: &str) -> String {
    ty.replace("types::", "").replace("oosync::", "")
}
