//! What `#[derive(Syncable)]` expands to: a struct of a person's own, checked against the facts.
//!
//! - `attributes`: what is written in `#[syncable(…)]`
//! - `source`: finding, reading and caching facts and config
//! - `columns`: fields to columns, with every error at its place
//! - `expand`: the impls

mod attributes;
mod columns;
mod expand;
mod source;

use proc_macro2::TokenStream;
use syn::{Data, DeriveInput, Error, Fields};

use self::attributes::StructAttributes;
use self::columns::Mapping;

/// The impls of a struct; or everything that is wrong with it, as `compile_error!` at the places concerned.
///
/// `input` is the whole struct, as a derive macro gets it.
pub fn syncable(input: TokenStream) -> TokenStream {
    syn::parse2(input).and_then(|input| expand(&input)).unwrap_or_else(|error| error.to_compile_error())
}

fn expand(input: &DeriveInput) -> syn::Result<TokenStream> {
    let fields = match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => &fields.named,
            _ => return Err(Error::new_spanned(&input.ident, "a row has named fields, one for each column")),
        },
        _ => return Err(Error::new_spanned(&input.ident, "only a struct can be a row")),
    };
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(&input.generics, "a row has no type parameters and no lifetimes"));
    }
    let mut errors = Vec::new();
    let attributes = StructAttributes::read(&input.attrs, &mut errors);
    // Whoever mistyped `table` did not mean a table called as the struct.
    let readable = attributes.table.is_some() || errors.is_empty();
    let mapping = readable.then(|| Mapping::new(&input.ident, &attributes, fields, &mut errors)).flatten();
    let problems = errors.into_iter().map(Error::into_compile_error);
    let mut expanded: TokenStream = problems.collect();
    // With errors too: what uses the struct is not wrong because of them.
    expanded.extend(match mapping {
        Some(mapping) => expand::impls(&input.ident, &attributes, &mapping),
        None => expand::stand_ins(&input.ident, &attributes, fields),
    });
    Ok(expanded)
}
