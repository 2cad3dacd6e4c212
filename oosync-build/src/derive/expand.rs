//! The impls.

use std::collections::HashMap;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Field, GenericArgument, PathArguments, Token, Type};

use super::attributes::StructAttributes;
use super::columns::{MappedField, Mapping};
use crate::codegen::{Asked, hand_written, metadata_of};
use crate::diagnostic::one_line;
use crate::names;
use crate::plan::{PlanColumn, PlanColumnKind, PlanTable};

/// `impl Row`, and as far as the columns allow `impl Syncable` and `impl Insert`.
///
/// A struct with errors has them too, so that the code which uses it is not full of errors of its own.
pub(super) fn impls(name: &Ident, attributes: &StructAttributes, mapping: &Mapping) -> TokenStream {
    let runtime = &runtime(attributes);
    let key = mapping.key();
    let holds = trait_names(mapping);
    let code = |(field, holds)| Code { mapping, field, holds, runtime };
    let fields: Vec<Code<'_>> = mapping.fields.iter().zip(&holds).map(code).collect();
    let checks = fields.iter().map(|field| field.check(key.is_some()));
    let table = metadata_of(mapping.plan(), mapping.table());
    let places = mapping.fields.iter().map(|field| Literal::usize_unsuffixed(field.place));
    let reads = fields.iter().map(Code::read);
    let (skipped, failed) = (&mapping.skipped, &mapping.failed);
    // What follows a field with an error.
    let unreachable = (!failed.is_empty()).then(|| quote!(#[allow(unreachable_code)]));
    let syncable = key.as_deref().map(|key| syncable(name, mapping, &fields, key, runtime));
    let track = mapping.track();
    quote! {
        const _: () = {
            #track
            #(#checks)*

            impl #runtime::Row for #name {
                // Nothing of the user's is named in there: neither does a name in there hide one of theirs, nor may
                // theirs (`use Priority::*` with a `None` among them) hide one of those.
                const TABLE: &'static #runtime::schema::Table = {
                    use #runtime as oosync;
                    #[allow(unused_imports)]
                    use ::core::option::Option::{None, Some};
                    #table
                    &TABLE
                };
                const COLUMNS: &'static [usize] = &[#(#places),*];

                #unreachable
                fn read(
                    row: &mut #runtime::RowReader<'_>,
                ) -> ::core::result::Result<Self, #runtime::Error> {
                    ::core::result::Result::Ok(Self {
                        #(#reads,)*
                        #(#skipped: ::core::default::Default::default(),)*
                        #(#failed: loop {},)*
                    })
                }
            }

            #syncable
        };
    }
}

/// The impls of a struct whose table is not known, which is an error: nothing else has to be one because of it.
pub(super) fn stand_ins(
    name: &Ident,
    attributes: &StructAttributes,
    fields: &Punctuated<Field, Token![,]>,
) -> TokenStream {
    let runtime = runtime(attributes);
    let id = fields.iter().find(|field| field.ident.as_ref().is_some_and(|ident| ident == "id"));
    // Which field is the key is a guess, and which table it is does not matter.
    let key = id.or(fields.first()).map_or_else(|| quote!(()), |field| field.ty.to_token_stream());
    quote! {
        const _: () = {
            impl #runtime::Row for #name {
                const TABLE: &'static #runtime::schema::Table = ::core::panic!();
                const COLUMNS: &'static [usize] = &[];

                fn read(_: &mut #runtime::RowReader<'_>) -> ::core::result::Result<Self, #runtime::Error> {
                    loop {}
                }
            }

            impl #runtime::Syncable for #name {
                type Key = #key;

                fn key(&self) -> Self::Key {
                    loop {}
                }

                fn write_key<'v>(_: &'v Self::Key, _: &mut #runtime::RowWriter<'v>) {}

                fn write<'v>(&'v self, _: &mut #runtime::RowWriter<'v>) {}
            }

            impl #runtime::Insert for #name {
                type Row = Self;

                fn write<'v>(&'v self, _: &mut #runtime::RowWriter<'v>) {}
            }
        };
    }
}

fn runtime(attributes: &StructAttributes) -> TokenStream {
    attributes.runtime.as_ref().map_or_else(|| quote!(::oosync_runtime), |path| quote!(#path))
}

fn syncable(
    name: &Ident,
    mapping: &Mapping,
    fields: &[Code<'_>],
    key: &[&MappedField],
    runtime: &TokenStream,
) -> TokenStream {
    let puts = fields.iter().map(|code| {
        let ident = &code.field.ident;
        code.put(&quote!(&self.#ident))
    });
    // Fields of the key are fields.
    let put = |key: &MappedField, from: &TokenStream| -> TokenStream {
        let of_key = fields.iter().filter(|code| code.field.place == key.place);
        of_key.map(|code| code.put(from)).collect()
    };
    let cloned = |field: &MappedField| {
        let ident = &field.ident;
        quote_spanned!(field.ty.span()=> ::core::clone::Clone::clone(&self.#ident))
    };
    let (key_type, key_value, write_key) = match key {
        [one] => (one.ty.to_token_stream(), cloned(one), put(one, &quote!(key))),
        several => {
            let types = several.iter().map(|field| &field.ty);
            let values = several.iter().copied().map(cloned);
            let puts = several.iter().enumerate().map(|(number, field)| {
                let number = syn::Index::from(number);
                put(field, &quote!(&key.#number))
            });
            (quote!((#(#types,)*)), quote!((#(#values,)*)), quote!(#(#puts)*))
        }
    };
    let insert = mapping.insertable.then(|| {
        quote! {
            impl #runtime::Insert for #name {
                type Row = Self;

                fn write<'v>(&'v self, row: &mut #runtime::RowWriter<'v>) {
                    #runtime::Syncable::write(self, row);
                }
            }
        }
    });
    quote! {
        impl #runtime::Syncable for #name {
            type Key = #key_type;

            fn key(&self) -> Self::Key {
                #key_value
            }

            fn write_key<'v>(key: &'v Self::Key, row: &mut #runtime::RowWriter<'v>) {
                #write_key
            }

            fn write<'v>(&'v self, row: &mut #runtime::RowWriter<'v>) {
                #(#puts)*
            }
        }

        #insert
    }
}

/// A field and its column as code.
struct Code<'a> {
    mapping: &'a Mapping,
    field: &'a MappedField,
    /// The name of the trait of its check.
    holds: &'a Ident,
    runtime: &'a TokenStream,
}

/// The names of the fields' traits; rustc shows them, so that they say something.
fn trait_names(mapping: &Mapping) -> Vec<Ident> {
    let names: Vec<String> =
        mapping.fields.iter().map(|field| names::pascal(&field.ident.to_string())).collect();
    let mut times: HashMap<&str, usize> = HashMap::new();
    for name in &names {
        *times.entry(name).or_default() += 1;
    }
    let named = mapping.fields.iter().zip(&names).map(|(field, name)| match times[name.as_str()] {
        _ if name.is_empty() => format!("Holds{}", field.place),
        1 => format!("Holds{name}"),
        // Two fields can have one name in Pascal case.
        _ => format!("Holds{name}_{}", field.place),
    });
    named.map(|name| Ident::new(&name, Span::call_site())).collect()
}

impl Code<'_> {
    fn table(&self) -> &PlanTable {
        self.mapping.table()
    }

    fn column(&self) -> &PlanColumn {
        &self.table().columns[self.field.place]
    }

    fn read(&self) -> TokenStream {
        let MappedField { ident, ty, with, .. } = self.field;
        match with {
            Some(with) => {
                let decode = quote_spanned!(with.span()=> #with::decode);
                quote!(#ident: row.take_with(#decode)?)
            }
            None => {
                let holds = self.holds;
                quote_spanned!(ty.span()=> #ident: <#ty as #holds>::take(row)?)
            }
        }
    }

    fn put(&self, from: &TokenStream) -> TokenStream {
        let MappedField { ty, place, with, .. } = self.field;
        match with {
            Some(with) => {
                let place = Literal::usize_unsuffixed(*place);
                let encode = quote_spanned!(with.span()=> #with::encode);
                quote!(row.put_with(#place, #from, #encode);)
            }
            None => {
                let holds = self.holds;
                quote_spanned!(ty.span()=> <#ty as #holds>::put(#from, row);)
            }
        }
    }

    /// A trait that only types have which can hold the column, so that rustc's message is about the column.
    ///
    /// Both methods are called with a type that does not have it: rustc shows equal errors at one place once.
    fn check(&self, written: bool) -> TokenStream {
        if self.field.with.is_some() {
            return TokenStream::new();
        }
        let (runtime, holds, place) = (self.runtime, self.holds, Literal::usize_unsuffixed(self.field.place));
        let Asked { marker, write, also } = hand_written(self.column(), runtime);
        let (what, null) = described(self.column());
        let column = format!("{}.{what}", self.table().name);
        let message = shown(format!("`{{Self}}` cannot hold the column `{column}`{null}"));
        let label = shown(format!("write `{write}`"));
        let mut notes: Vec<String> = also.into_iter().map(shown).collect();
        if is_own(&self.field.ty) {
            let path: String = marker.to_string().split_whitespace().collect();
            let path = path.replace("<::", "<");
            notes.push(shown(format!(
                "a type of your own implements `Field<{}>`, or is read and written by a module: `#[syncable(with = \"…\")]`",
                path.trim_start_matches("::")
            )));
        }
        let (declared, defined) = if written {
            (
                quote!(fn put<'v>(&'v self, row: &mut #runtime::RowWriter<'v>);),
                quote! {
                    fn put<'v>(&'v self, row: &mut #runtime::RowWriter<'v>) {
                        row.put::<#marker, T>(#place, self);
                    }
                },
            )
        } else {
            // Without the whole key, nothing is written.
            (TokenStream::new(), TokenStream::new())
        };
        quote! {
            #[diagnostic::on_unimplemented(message = #message, label = #label #(, note = #notes)*)]
            trait #holds: ::core::marker::Sized {
                fn take(row: &mut #runtime::RowReader<'_>) -> ::core::result::Result<Self, #runtime::Error>;
                #declared
            }

            #[diagnostic::do_not_recommend]
            impl<T: #runtime::Field<#marker>> #holds for T {
                fn take(row: &mut #runtime::RowReader<'_>) -> ::core::result::Result<Self, #runtime::Error> {
                    row.take::<#marker, T>()
                }
                #defined
            }
        }
    }
}

/// `budget numeric(12,2)`, and what is known of null.
fn described(column: &PlanColumn) -> (String, &'static str) {
    let name = crate::facts::quoted(&column.name);
    match &column.kind {
        PlanColumnKind::Synced(synced) => match (synced.not_null, column.nullable) {
            (true, false) => (format!("{name} {} not null", synced.declared), ""),
            (true, true) => (
                format!("{name} {} not null", synced.declared),
                ", which is null on a device until the server has filled it",
            ),
            (false, _) => (format!("{name} {}", synced.declared), ", which can be null"),
        },
        PlanColumnKind::Local(ty) => {
            (format!("{name} {ty}"), ", which only the device has and which can be null")
        }
    }
}

/// A text of the database's as rustc shows it: a brace would be taken for a parameter of the message.
fn shown(text: String) -> String {
    const SELF: &str = "{Self}";
    let parts: Vec<String> =
        one_line(text).split(SELF).map(|part| part.replace('{', "{{").replace('}', "}}")).collect();
    parts.join(SELF)
}

/// Whether a type is probably one of the user's, to whom it has to be said how such a type holds a column.
fn is_own(ty: &Type) -> bool {
    const KNOWN: &[&str] = &[
        "bool",
        "i8",
        "i16",
        "i32",
        "i64",
        "i128",
        "isize",
        "u8",
        "u16",
        "u32",
        "u64",
        "u128",
        "usize",
        "f32",
        "f64",
        "char",
        "str",
        "String",
        "Cow",
        "Box",
        "Vec",
        "Array",
        "Uuid",
        "Numeric",
        "Decimal",
        "BigDecimal",
        "Json",
        "JsonValue",
        "Value",
        "Money",
        "Date",
        "Time",
        "TimeTz",
        "Timestamp",
        "Timestamptz",
        "Interval",
        "PgText",
        "DateTime",
        "NaiveDateTime",
        "NaiveDate",
        "NaiveTime",
        "OffsetDateTime",
        "PrimitiveDateTime",
        "Zoned",
        "SystemTime",
        "Duration",
        "HashMap",
        "BTreeMap",
    ];
    let Type::Path(path) = ty else { return false };
    let Some(last) = path.path.segments.last() else { return false };
    if last.ident == "Option" {
        let PathArguments::AngleBracketed(inner) = &last.arguments else { return false };
        return inner.args.iter().any(|arg| matches!(arg, GenericArgument::Type(ty) if is_own(ty)));
    }
    KNOWN.iter().all(|known| last.ident != known)
}
