//! What is written in `#[syncable(…)]`.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned as _;
use syn::{Attribute, Error, Field, LitStr, Meta, Path, Token};

use crate::names;
use crate::suggest::did_you_mean;

/// The attributes of a struct.
pub(super) struct StructAttributes {
    /// The table, as in `Oosync.toml`.
    pub(super) table: Option<LitStr>,
    /// The facts, relative to the package.
    pub(super) facts: Option<LitStr>,
    /// The runtime crate.
    pub(super) runtime: Option<Path>,
    pub(super) rename_all: Option<Rename>,
    /// Set where a person wants new rows made of the struct.
    pub(super) insert: Option<Span>,
}

/// The attributes of a field.
#[derive(Default)]
pub(super) struct FieldAttributes {
    pub(super) column: Option<LitStr>,
    pub(super) skip: Option<Span>,
    pub(super) with: Option<Path>,
}

/// How a field's name becomes that of its column.
#[derive(Clone, Copy)]
pub(super) enum Rename {
    Lower,
    Upper,
    Pascal,
    Camel,
    Snake,
    ScreamingSnake,
    Kebab,
}

const OF_STRUCTS: &[&str] = &["table", "facts", "crate", "rename_all", "insert"];
const OF_FIELDS: &[&str] = &["column", "skip", "with"];

const RENAMES: &[(&str, Rename)] = &[
    ("lowercase", Rename::Lower),
    ("UPPERCASE", Rename::Upper),
    ("PascalCase", Rename::Pascal),
    ("camelCase", Rename::Camel),
    ("snake_case", Rename::Snake),
    ("SCREAMING_SNAKE_CASE", Rename::ScreamingSnake),
    ("kebab-case", Rename::Kebab),
];

impl Rename {
    pub(super) fn apply(self, field: &str) -> String {
        match self {
            Self::Lower => field.to_lowercase(),
            Self::Upper => field.to_uppercase(),
            Self::Pascal => names::pascal(field),
            Self::Camel => {
                let pascal = names::pascal(field);
                let mut letters = pascal.chars();
                letters.next().into_iter().flat_map(char::to_lowercase).chain(letters).collect()
            }
            Self::Snake => field.to_owned(),
            Self::ScreamingSnake => field.to_uppercase(),
            Self::Kebab => field.replace('_', "-"),
        }
    }
}

impl StructAttributes {
    /// Reads every `#[syncable(…)]` of a struct; all problems are put into `errors`.
    pub(super) fn read(attributes: &[Attribute], errors: &mut Vec<Error>) -> Self {
        let mut read = Self { table: None, facts: None, runtime: None, rename_all: None, insert: None };
        each(attributes, errors, |meta, errors| {
            if meta.path.is_ident("table") {
                once(&mut read.table, text(&meta)?, &meta, errors);
            } else if meta.path.is_ident("facts") {
                once(&mut read.facts, text(&meta)?, &meta, errors);
            } else if meta.path.is_ident("crate") {
                once(&mut read.runtime, path(&meta, "a crate or module")?, &meta, errors);
            } else if meta.path.is_ident("rename_all") {
                let text = text(&meta)?;
                let found = RENAMES.iter().find(|(word, _)| *word == text.value());
                let Some((_, rename)) = found else {
                    let words: Vec<String> = RENAMES.iter().map(|(word, _)| format!("`{word}`")).collect();
                    return Err(Error::new(
                        text.span(),
                        format!("`{}` is no style: there are {}", text.value(), words.join(", ")),
                    ));
                };
                once(&mut read.rename_all, *rename, &meta, errors);
            } else if meta.path.is_ident("insert") {
                once(&mut read.insert, meta.path.span(), &meta, errors);
            } else {
                return Err(unknown(&meta, OF_STRUCTS, "a struct", OF_FIELDS, "a field"));
            }
            Ok(())
        });
        read
    }
}

impl FieldAttributes {
    /// Reads every `#[syncable(…)]` of a field.
    pub(super) fn read(field: &Field, errors: &mut Vec<Error>) -> Self {
        let mut read = Self::default();
        each(&field.attrs, errors, |meta, errors| {
            if meta.path.is_ident("column") {
                once(&mut read.column, text(&meta)?, &meta, errors);
            } else if meta.path.is_ident("skip") {
                once(&mut read.skip, meta.path.span(), &meta, errors);
            } else if meta.path.is_ident("with") {
                once(&mut read.with, path(&meta, "a module")?, &meta, errors);
            } else {
                return Err(unknown(&meta, OF_FIELDS, "a field", OF_STRUCTS, "the struct"));
            }
            Ok(())
        });
        if let (Some(skip), true) = (read.skip, read.column.is_some() || read.with.is_some()) {
            errors.push(Error::new(
                skip,
                "a field that is skipped has no column: remove `skip`, or what else is written here",
            ));
        }
        read
    }
}

fn each(
    attributes: &[Attribute],
    errors: &mut Vec<Error>,
    mut key: impl FnMut(ParseNestedMeta<'_>, &mut Vec<Error>) -> syn::Result<()>,
) {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("syncable")) {
        let Meta::List(_) = &attribute.meta else {
            errors.push(Error::new_spanned(attribute, "write `#[syncable(…)]`"));
            continue;
        };
        if let Err(error) = attribute.parse_nested_meta(|meta| key(meta, errors)) {
            errors.push(error);
        }
    }
}

fn once<T>(slot: &mut Option<T>, value: T, meta: &ParseNestedMeta<'_>, errors: &mut Vec<Error>) {
    if slot.is_some() {
        errors.push(meta.error(format!("`{}` is written twice", word(meta))));
    } else {
        *slot = Some(value);
    }
}

/// The text of `key = "…"`.
fn text(meta: &ParseNestedMeta<'_>) -> syn::Result<LitStr> {
    let write = || format!("write `{} = \"…\"`", word(meta));
    if !meta.input.peek(Token![=]) {
        return Err(Error::new_spanned(&meta.path, write()));
    }
    meta.value()?.parse().map_err(|error: Error| Error::new(error.span(), write()))
}

/// A path in quotes: of `what`.
fn path(meta: &ParseNestedMeta<'_>, what: &str) -> syn::Result<Path> {
    let text = text(meta)?;
    text.parse_with(Path::parse_mod_style)
        .map_err(|_| Error::new(text.span(), format!("`{}` is not the path of {what}", text.value())))
}

fn word(meta: &ParseNestedMeta<'_>) -> String {
    meta.path.get_ident().map(ToString::to_string).unwrap_or_default()
}

fn unknown(meta: &ParseNestedMeta<'_>, keys: &[&str], of: &str, others: &[&str], there: &str) -> Error {
    let word = word(meta);
    let list: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    let hint = if others.contains(&word.as_str()) {
        format!("it is written at {there}")
    } else {
        did_you_mean(&word, keys.iter().copied()).unwrap_or_else(|| format!("there are {}", list.join(", ")))
    };
    Error::new_spanned(&meta.path, format!("`{word}` is no attribute of {of}: {hint}"))
}
