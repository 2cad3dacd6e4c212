//! The text of what is generated: one file a table, and an index.

use proc_macro2::{Ident, TokenStream};
use quote::quote;

use super::diesel::DieselLeftOut;
use super::names::{COMPOSITES, ENUMS, Names, TAGS, ident};
use super::table::TableCode;
use super::{diesel, enums, names};
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
    /// How many columns a table can have that Diesel's forms are generated for: what the feature of diesel allows
    /// that the app uses, `32-column-tables`, `64-column-tables` or `128-column-tables`. Default: 32.
    pub diesel_columns: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            runtime: "::oosync_runtime".to_owned(),
            row_derives: Vec::new(),
            layout: Layout::OutDir,
            diesel_columns: 32,
        }
    }
}

impl Options {
    /// The defaults, for files that lie elsewhere.
    pub fn for_layout(layout: Layout) -> Self {
        Self { layout, ..Self::default() }
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
    /// In one file of the source tree, `schema.rs`.
    SingleFile,
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
const ALLOWED: &[&str] = &[
    "clippy::all",
    "clippy::pedantic",
    "clippy::nursery",
    "clippy::restriction",
    "dead_code",
    "missing_docs",
    "non_camel_case_types",
    "non_snake_case",
    "non_upper_case_globals",
    "rustdoc::all",
    "unreachable_pub",
    "unused_imports",
    "unused_qualifications",
];

/// Generates everything.
///
/// # Errors
///
/// Names that a person chose and that collide; options that are no path.
pub fn generate(plan: &Plan, options: &Options) -> Result<Vec<File>, Diagnostics> {
    let generator = Generator::new(plan, options)?;
    let modules = generator.modules();
    if options.layout == Layout::SingleFile {
        let text = formatted(generator.index(&modules))?;
        return Ok(vec![File { path: "schema.rs".to_owned(), text }]);
    }
    let (index, folder) = match options.layout {
        Layout::OutDir => ("oosync.rs", "oosync/"),
        _ => ("mod.rs", ""),
    };
    let mut files = vec![File { path: index.to_owned(), text: formatted(generator.index(&modules))? }];
    for module in modules {
        let path = format!("{folder}{}.rs", file_name(&module.name.to_string()));
        files.push(File { path, text: formatted(module.content)? });
    }
    files.push(File { path: format!("{folder}schema.sql"), text: schema_ddl(plan) });
    Ok(files)
}

/// The module of one table, by the place of the table in the plan.
///
/// # Errors
///
/// As [`generate`].
pub fn generate_table(plan: &Plan, number: usize, options: &Options) -> Result<String, Diagnostics> {
    let generator = Generator::new(plan, options)?;
    formatted(TableCode::new(plan, &generator.names, number).module(&generator.runtime, &generator.derives))
}

/// The tables that ask for Diesel's forms and cannot have one of them.
///
/// # Errors
///
/// As [`generate`].
pub fn diesel_left_out(plan: &Plan, options: &Options) -> Result<Vec<DieselLeftOut>, Diagnostics> {
    let generator = Generator::new(plan, options)?;
    Ok(diesel::left_out(plan, &generator.tables(), options.diesel_columns))
}

struct Generator<'a> {
    plan: &'a Plan,
    layout: Layout,
    names: Names,
    runtime: TokenStream,
    derives: Vec<TokenStream>,
    diesel_columns: usize,
}

/// A module and what is in it.
struct Module {
    name: Ident,
    /// Outside of the content: what is included has no room for docs of the whole.
    docs: TokenStream,
    content: TokenStream,
}

impl<'a> Generator<'a> {
    fn new(plan: &'a Plan, options: &Options) -> Result<Self, Diagnostics> {
        let derives = options.row_derives.iter().map(|derive| path(derive)).collect::<Result<_, _>>()?;
        let (runtime, names) = (path(&options.runtime)?, Names::new(plan)?);
        let diesel_columns = options.diesel_columns;
        Ok(Self { plan, layout: options.layout, names, runtime, derives, diesel_columns })
    }

    /// Everything but the index.
    fn modules(&self) -> Vec<Module> {
        let shared = [
            (ENUMS, enums::enums(self.plan, &self.names, &self.runtime)),
            (COMPOSITES, enums::composites(self.plan, &self.names, &self.runtime)),
            (TAGS, enums::tags(&self.names, &self.runtime)),
        ];
        let shared = shared.into_iter().filter_map(|(name, content)| {
            Some(Module { name: ident(name), docs: TokenStream::new(), content: content? })
        });
        let codes = self.tables();
        let tables = codes.iter().map(|table| Module {
            name: table.names.module.clone(),
            docs: TokenStream::new(),
            content: table.module(&self.runtime, &self.derives),
        });
        let diesel = diesel::modules(self.plan, &codes, &self.runtime, self.diesel_columns)
            .into_iter()
            .map(|(name, docs, content)| Module { name, docs, content });
        shared.chain(tables).chain(diesel).collect()
    }

    fn tables(&self) -> Vec<TableCode<'_>> {
        (0..self.plan.tables.len()).map(|number| TableCode::new(self.plan, &self.names, number)).collect()
    }

    fn index(&self, modules: &[Module]) -> TokenStream {
        let names = &self.names;
        let allowed: Vec<syn::Path> = ALLOWED.iter().filter_map(|lint| syn::parse_str(lint).ok()).collect();
        let modules = modules.iter().map(|Module { name, docs, content }| {
            let body = match self.layout {
                Layout::OutDir => {
                    let path = format!("/oosync/{}.rs", file_name(&name.to_string()));
                    quote!({
                        include!(concat!(env!("OUT_DIR"), #path));
                    })
                }
                Layout::Modules => quote!(;),
                Layout::SingleFile => quote!({ #content }),
            };
            quote!(#docs #[allow(#(#allowed),*)] pub mod #name #body)
        });
        let tables = names.tables.iter().map(|table| {
            let names::TableNames { module, row, key, insert, patch, .. } = table;
            quote!(#[allow(unreachable_pub, unused_imports)] pub use self::#module::{#row, #key, #insert, #patch};)
        });
        let shared = [
            (ENUMS, names.enums.values().map(|names| &names.name).collect::<Vec<_>>()),
            (COMPOSITES, names.composites.values().map(|names| &names.name).collect()),
            (TAGS, names.tags.values().collect()),
        ];
        let shared = shared.into_iter().filter(|(_, items)| !items.is_empty()).map(|(module, items)| {
            let module = ident(module);
            quote!(#[allow(unreachable_pub, unused_imports)] pub use self::#module::{#(#items),*};)
        });
        let statics = names.tables.iter().map(|table| {
            let module = &table.module;
            quote!(&#module::TABLE)
        });
        let (hash, runtime) = (&self.plan.hash, &self.runtime);
        let ddl = match self.layout {
            Layout::OutDir => quote!(include_str!(concat!(env!("OUT_DIR"), "/oosync/schema.sql"))),
            Layout::Modules => quote!(include_str!("schema.sql")),
            Layout::SingleFile => {
                let ddl = schema_ddl(self.plan);
                quote!(#ddl)
            }
        };
        quote! {
            #(#modules)*
            #(#shared)*
            #(#tables)*

            /// Every synced table, parents before children.
            #[allow(dead_code, unreachable_pub)]
            pub static SCHEMA: #runtime::schema::Schema = #runtime::schema::Schema {
                tables: &[#(#statics),*],
                hash: #hash,
            };

            /// Makes the tables of a device.
            #[allow(dead_code, unreachable_pub)]
            pub const SQLITE_DDL: &str = #ddl;
        }
    }
}

/// A module's file: cargo looks for `type.rs` where the code says `r#type`.
fn file_name(module: &str) -> &str {
    module.strip_prefix("r#").unwrap_or(module)
}

/// Tokens as a person would write them.
fn formatted(content: TokenStream) -> Result<String, Diagnostics> {
    let file: syn::File = syn::parse2(content).map_err(|error| internal(&error))?;
    let code = prettyplease::unparse(&file);
    let mut text = String::with_capacity(code.len() + 1024);
    text.push_str("// @generated by oosync from the facts. Do not edit.\n\n");
    let mut before = "";
    for line in code.lines() {
        // Items are set apart, where they begin; of a run of `use` or `mod` each is a line.
        let begins = line.starts_with("///") || line.starts_with("#[") || line.starts_with("impl ");
        let ended = before == "}" || before == "};" || (before.ends_with(';') && !before.starts_with(' '));
        if begins && ended && !(line.starts_with("#[") && before.ends_with(';')) {
            text.push('\n');
        }
        text.push_str(line);
        text.push('\n');
        before = line;
    }
    Ok(text)
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
