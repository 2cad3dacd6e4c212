//! The impls.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned as _;

use super::attributes::StructAttributes;
use super::columns::{MappedField, Mapping};
use crate::codegen::{hand_written, metadata_of};
use crate::diagnostic::one_line;
use crate::plan::{PlanColumn, PlanColumnKind};

/// `impl Row`, and as far as the columns allow `impl Syncable` and `impl Insert`.
pub(super) fn impls(name: &Ident, attributes: &StructAttributes, mapping: &Mapping) -> TokenStream {
    let runtime = attributes.runtime.as_ref().map_or_else(|| quote!(::oosync_runtime), |path| quote!(#path));
    let table = metadata_of(mapping.plan(), mapping.table());
    let places = mapping.fields.iter().map(|field| field.place);
    let holds: Vec<Ident> = (0..mapping.fields.len()).map(|number| format_ident!("Holds{number}")).collect();
    let checks = mapping.fields.iter().zip(&holds).map(|(field, holds)| check(mapping, field, holds));
    let reads = mapping.fields.iter().zip(&holds).map(|(field, holds)| {
        let (ident, ty) = (&field.ident, &field.ty);
        match &field.with {
            Some(with) => quote!(#ident: row.take_with(#with::decode)?),
            None => quote_spanned!(ty.span()=> #ident: <#ty as #holds>::take(row)?),
        }
    });
    let skipped = &mapping.skipped;
    let row = quote! {
        impl oosync::Row for #name {
            const TABLE: &'static oosync::schema::Table = &TABLE;
            const COLUMNS: &'static [usize] = &[#(#places),*];

            fn read(row: &mut oosync::RowReader<'_>) -> ::core::result::Result<Self, oosync::Error> {
                ::core::result::Result::Ok(Self {
                    #(#reads,)*
                    #(#skipped: ::core::default::Default::default(),)*
                })
            }
        }
    };
    let syncable = mapping.key().map(|key| syncable(name, mapping, &key, &holds));
    quote! {
        const _: () = {
            use #runtime as oosync;
            #table
            #(#checks)*
            #row
            #syncable
        };
    }
}

fn syncable(name: &Ident, mapping: &Mapping, key: &[&MappedField], holds: &[Ident]) -> TokenStream {
    let put = |field: &MappedField, from: TokenStream| {
        let number = mapping.fields.iter().position(|other| other.place == field.place).unwrap_or_default();
        let (ty, place, holds) = (&field.ty, field.place, &holds[number]);
        match &field.with {
            Some(with) => quote!(row.put_with(#place, #from, #with::encode);),
            None => quote_spanned!(ty.span()=> <#ty as #holds>::put(#from, row);),
        }
    };
    let puts = mapping.fields.iter().map(|field| {
        let ident = &field.ident;
        put(field, quote!(&self.#ident))
    });
    let (key_type, key_value, write_key) = match key {
        [one] => {
            let (ty, ident) = (&one.ty, &one.ident);
            (quote!(#ty), quote!(::core::clone::Clone::clone(&self.#ident)), put(one, quote!(key)))
        }
        several => {
            let types = several.iter().map(|field| &field.ty);
            let idents = several.iter().map(|field| &field.ident);
            let puts = several.iter().enumerate().map(|(number, field)| {
                let number = syn::Index::from(number);
                put(field, quote!(&key.#number))
            });
            (
                quote!((#(#types,)*)),
                quote!((#(::core::clone::Clone::clone(&self.#idents),)*)),
                quote!(#(#puts)*),
            )
        }
    };
    let insert = mapping.insertable.then(|| {
        quote! {
            impl oosync::Insert for #name {
                type Row = Self;

                fn write<'v>(&'v self, row: &mut oosync::RowWriter<'v>) {
                    oosync::Syncable::write(self, row);
                }
            }
        }
    });
    quote! {
        impl oosync::Syncable for #name {
            type Key = #key_type;

            fn key(&self) -> Self::Key {
                #key_value
            }

            fn write_key<'v>(key: &'v Self::Key, row: &mut oosync::RowWriter<'v>) {
                #write_key
            }

            fn write<'v>(&'v self, row: &mut oosync::RowWriter<'v>) {
                #(#puts)*
            }
        }

        #insert
    }
}

/// A trait that only types have which can hold the column, so that rustc's message is about the column.
fn check(mapping: &Mapping, field: &MappedField, holds: &Ident) -> TokenStream {
    if field.with.is_some() {
        return TokenStream::new();
    }
    let (table, column, place) = (mapping.table(), &mapping.table().columns[field.place], field.place);
    let (marker, write) = hand_written(column);
    let message = format!("`{{Self}}` cannot hold the column `{}.{}`", table.name, described(column));
    let label = format!("write `{write}`");
    quote! {
        #[diagnostic::on_unimplemented(message = #message, label = #label)]
        trait #holds: ::core::marker::Sized {
            fn take(row: &mut oosync::RowReader<'_>) -> ::core::result::Result<Self, oosync::Error>;
            fn put<'v>(&'v self, row: &mut oosync::RowWriter<'v>);
        }

        #[diagnostic::do_not_recommend]
        impl<T: oosync::Field<#marker>> #holds for T {
            fn take(row: &mut oosync::RowReader<'_>) -> ::core::result::Result<Self, oosync::Error> {
                row.take::<#marker, T>()
            }

            fn put<'v>(&'v self, row: &mut oosync::RowWriter<'v>) {
                row.put::<#marker, T>(#place, self);
            }
        }
    }
}

/// `budget numeric(12,2)`, and what is known of null. Braces would be taken for a parameter of the message.
fn described(column: &PlanColumn) -> String {
    let name = crate::facts::quoted(&column.name);
    let text = match &column.kind {
        PlanColumnKind::Synced(synced) => {
            let null = match (synced.not_null, column.nullable) {
                (true, false) => "not null",
                (true, true) => "not null, but null until the server has filled it",
                (false, _) => "null",
            };
            format!("{name} {} {null}", synced.declared)
        }
        PlanColumnKind::Local(ty) => format!("{name} {ty}, only on the device"),
    };
    one_line(text).replace(['{', '}'], "_")
}
