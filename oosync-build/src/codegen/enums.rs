//! Enums, composite types, and tags of types that are held in Postgres's own text form.

use proc_macro2::TokenStream;
use quote::quote;

use super::docs::{code, docs};
use super::names::Names;
use super::text::tokens;
use super::types::{Place, marker, rust_type, sql_name};
use crate::plan::Plan;

/// The content of the module of enums; `None` where there are none.
pub(super) fn enums(plan: &Plan, names: &Names, runtime: &TokenStream) -> Option<TokenStream> {
    let items = plan.enums.iter().filter_map(|ty| {
        let names = names.enums.get(&ty.name)?;
        let (name, variants) = (&names.name, &names.variants);
        let docs = docs(&[format!("The enum {}.", code(&ty.name.to_string()))], ty.comment.as_deref());
        let labels = &ty.labels;
        let variant_docs = labels.iter().map(|label| self::docs(&[code(label)], None));
        let pg_name = sql_name(&ty.name);
        Some(quote! {
            #docs
            #[derive(Clone, Debug, PartialEq, Eq, Hash)]
            #[non_exhaustive]
            pub enum #name {
                #(#variant_docs #variants,)*
                /// A label that the schema has got since this was generated.
                Unknown(String),
            }

            impl types::PgEnum for #name {
                const NAME: &'static str = #pg_name;

                fn as_label(&self) -> &str {
                    match self {
                        #(Self::#variants => #labels,)*
                        Self::Unknown(label) => label,
                    }
                }

                fn from_label(label: &str) -> Self {
                    match label {
                        #(#labels => Self::#variants,)*
                        _ => Self::Unknown(label.to_owned()),
                    }
                }
            }

            impl ::core::fmt::Display for #name {
                fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    f.write_str(types::PgEnum::as_label(self))
                }
            }
        })
    });
    module(items.collect(), runtime)
}

/// The content of the module of composite types; `None` where there are none.
pub(super) fn composites(plan: &Plan, names: &Names, runtime: &TokenStream) -> Option<TokenStream> {
    let place = Place { names, root: "super" };
    let items = plan.composites.iter().filter_map(|ty| {
        let names = names.composites.get(&ty.name)?;
        let (name, fields) = (&names.name, &names.fields);
        let docs =
            docs(&[format!("The composite type {}.", code(&ty.name.to_string()))], ty.comment.as_deref());
        let pg_name = sql_name(&ty.name);
        let attributes = ty.attributes.iter().zip(fields).map(|((attribute, declared), field)| {
            let docs =
                self::docs(&[code(&format!("{} {declared}", crate::facts::quoted(&attribute.name)))], None);
            let rust = tokens(&rust_type(place, &attribute.ty, None));
            quote!(#docs pub #field: Option<#rust>,)
        });
        let names: Vec<&String> = ty.attributes.iter().map(|(attribute, _)| &attribute.name).collect();
        let markers: Vec<TokenStream> =
            ty.attributes.iter().map(|(attribute, _)| tokens(&marker(place, &attribute.ty))).collect();
        // A type without attributes reads and writes nothing.
        let unused = fields.is_empty().then(|| quote!(let _ = object;));
        Some(quote! {
            #docs
            #[derive(Clone, Debug, PartialEq)]
            pub struct #name { #(#attributes)* }

            impl types::PgComposite for #name {
                const NAME: &'static str = #pg_name;

                fn write(&self, object: &mut types::ObjectWriter<'_>) -> Result<(), oosync::ValueError> {
                    #unused
                    #(object.attribute::<#markers, _>(#names, &self.#fields)?;)*
                    Ok(())
                }

                fn read(object: &mut types::ObjectReader<'_>) -> Result<Self, oosync::ValueError> {
                    #unused
                    Ok(Self { #(#fields: object.attribute::<#markers, _>(#names)?),* })
                }
            }
        })
    });
    module(items.collect(), runtime)
}

/// The content of the module of tags; `None` where the runtime has all that are needed.
pub(super) fn tags(names: &Names, runtime: &TokenStream) -> Option<TokenStream> {
    let items = names.tags.iter().map(|(ty, name)| {
        let docs = docs(&[format!("{} in Postgres's own text form.", code(&ty.to_string()))], None);
        let pg_name = sql_name(ty);
        quote! {
            #docs
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct #name;

            impl types::PgTextTag for #name {
                const NAME: &'static str = #pg_name;
            }
        }
    });
    module(items.collect(), runtime)
}

fn module(items: Vec<TokenStream>, runtime: &TokenStream) -> Option<TokenStream> {
    (!items.is_empty()).then(|| quote!(use #runtime::{self as oosync, sql, types}; #(#items)*))
}
