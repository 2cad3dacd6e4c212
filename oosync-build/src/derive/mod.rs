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
    let mapping = Mapping::new(&input.ident, &attributes, fields, &mut errors);
    let errors = errors.into_iter().reduce(|mut all, error| {
        all.combine(error);
        all
    });
    match (mapping, errors) {
        (_, Some(errors)) => Err(errors),
        (Some(mapping), None) => Ok(expand::impls(&input.ident, &attributes, &mapping)),
        // A mapping that could not be made has said why.
        (None, None) => Ok(TokenStream::new()),
    }
}
