//! The text of what is generated: one file a table, and an index.

use proc_macro2::TokenStream;
use quote::quote;

use super::names::{COMPOSITES, ENUMS, Names, TAGS, ident};
use super::table::TableCode;
use super::{enums, names};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::Plan;
use crate::sqlite::schema_ddl;

/// What the code depends on beside the plan.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// The path of the runtime crate. Default: `::oosync_runtime`.
    pub runtime: String,
    /// Further derives of row structs, as paths: `serde::Serialize`. Default: none.
    pub row_derives: Vec<String>,
    /// Where the files will lie. Default: `OUT_DIR`.
    pub layout: Layout,
}

impl Default for Options {
    fn default() -> Self {
        Self { runtime: "::oosync_runtime".to_owned(), row_derives: Vec::new(), layout: Layout::OutDir }
    }
}

/// Where generated files lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Layout {
    /// In cargo's `OUT_DIR`: the index is `oosync.rs`, to be included; the others are in `oosync/`.
    OutDir,
    /// In a folder of the source tree: the index is `mod.rs`.
    Modules,
}

/// A file that was generated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Relative to the output folder, with `/`.
    pub path: String,
    /// The content.
    pub text: String,
}

/// Lints that generated code need not obey, whatever the crate around it asks for.
const ALLOWED: &str = "clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction, dead_code, \
    missing_docs, missing_debug_implementations, missing_copy_implementations, non_ascii_idents, \
    non_camel_case_types, non_snake_case, non_upper_case_globals, rustdoc::all, single_use_lifetimes, \
    unnameable_types, unreachable_pub, unused_imports, unused_qualifications, unused_results";

/// Generates everything.
///
/// # Errors
///
/// Names that a person chose and that collide; options that are no path.
pub fn generate(plan: &Plan, options: &Options) -> Result<Vec<File>, Diagnostics> {
    let runtime = path(&options.runtime)?;
    let derives: Vec<TokenStream> =
        options.row_derives.iter().map(|derive| path(derive)).collect::<Result<_, _>>()?;
    let names = Names::new(plan)?;
    let mut files = vec![index(plan, &names, options, &runtime)?];
    let folder = match options.layout {
        Layout::OutDir => "oosync/",
        Layout::Modules => "",
    };
    let shared = [
        (ENUMS, enums::enums(plan, &names, &runtime)),
        (COMPOSITES, enums::composites(plan, &names, &runtime)),
        (TAGS, enums::tags(&names, &runtime)),
    ];
    for (module, content) in shared {
        if let Some(content) = content {
            files.push(File { path: format!("{folder}{module}.rs"), text: formatted(content)? });
        }
    }
    for number in 0..plan.tables.len() {
        let content = TableCode::new(plan, &names, number).module(&runtime, &derives);
        let module = names.tables[number].module.to_string();
        files.push(File { path: format!("{folder}{}.rs", file_name(&module)), text: formatted(content)? });
    }
    files.push(File { path: format!("{folder}schema.sql"), text: schema_ddl(plan) });
    Ok(files)
}

fn index(plan: &Plan, names: &Names, options: &Options, runtime: &TokenStream) -> Result<File, Diagnostics> {
    let allowed: TokenStream = ALLOWED.parse().map_err(|error| internal(&error))?;
    let modules = names.tables.iter().map(|table| &table.module);
    let has = |module: &str| match module {
        ENUMS => !names.enums.is_empty(),
        COMPOSITES => !names.composites.is_empty(),
        _ => !names.tags.is_empty(),
    };
    let shared: Vec<_> =
        [ENUMS, COMPOSITES, TAGS].into_iter().filter(|module| has(module)).map(ident).collect();
    let modules = shared.iter().chain(modules).map(|module| {
        let body = match options.layout {
            Layout::OutDir => {
                let path = format!("/oosync/{}.rs", file_name(&module.to_string()));
                quote!({
                    include!(concat!(env!("OUT_DIR"), #path));
                })
            }
            Layout::Modules => quote!(;),
        };
        quote!(#[allow(#allowed)] pub mod #module #body)
    });
    let exports = names.tables.iter().map(|table| {
        let names::TableNames { module, row, key, insert, patch, .. } = table;
        quote!(#[allow(unused_imports)] pub use self::#module::{#row, #key, #insert, #patch};)
    });
    let enum_names: Vec<_> = names.enums.values().map(|names| &names.name).collect();
    let composite_names: Vec<_> = names.composites.values().map(|names| &names.name).collect();
    let tag_names: Vec<_> = names.tags.values().collect();
    let shared_exports = [(ENUMS, enum_names), (COMPOSITES, composite_names), (TAGS, tag_names)];
    let shared_exports =
        shared_exports.into_iter().filter(|(_, items)| !items.is_empty()).map(|(module, items)| {
            let module = ident(module);
            quote!(#[allow(unused_imports)] pub use self::#module::{#(#items),*};)
        });
    let statics = names.tables.iter().map(|table| {
        let module = &table.module;
        quote!(&#module::TABLE)
    });
    let hash = &plan.hash;
    let ddl = match options.layout {
        Layout::OutDir => quote!(include_str!(concat!(env!("OUT_DIR"), "/oosync/schema.sql"))),
        Layout::Modules => quote!(include_str!("schema.sql")),
    };
    let content = quote! {
        #(#modules)*
        #(#shared_exports)*
        #(#exports)*

        /// Every synced table, parents before children.
        #[allow(dead_code, unreachable_pub)]
        pub static SCHEMA: #runtime::schema::Schema = #runtime::schema::Schema {
            tables: &[#(#statics),*],
            hash: #hash,
        };

        /// Makes the tables of a device.
        #[allow(dead_code, unreachable_pub)]
        pub const SQLITE_DDL: &str = #ddl;
    };
    let path = match options.layout {
        Layout::OutDir => "oosync.rs",
        Layout::Modules => "mod.rs",
    };
    Ok(File { path: path.to_owned(), text: formatted(content)? })
}

/// A module's file: cargo looks for `type.rs` where the code says `r#type`.
fn file_name(module: &str) -> &str {
    module.strip_prefix("r#").unwrap_or(module)
}

/// Tokens as a person would write them.
fn formatted(content: TokenStream) -> Result<String, Diagnostics> {
    let file: syn::File = syn::parse2(content).map_err(|error| internal(&error))?;
    Ok(format!("// @generated by oosync from the facts. Do not edit.\n\n{}", prettyplease::unparse(&file)))
}

fn path(text: &str) -> Result<TokenStream, Diagnostics> {
    let path: syn::Path = syn::parse_str(text).map_err(|error| {
        Diagnostic::error(format!("`{text}` is not the path of a crate or trait: {error}"))
    })?;
    Ok(quote!(#path))
}

fn internal(error: &dyn std::fmt::Display) -> Diagnostics {
    Diagnostic::error(format!("what was generated is not Rust: {error}"))
        .help("this is a defect of oosync: please report it with the facts")
        .into()
}
