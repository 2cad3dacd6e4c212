//! `#[derive(Syncable)]`: a thin shim over the schema compiler in `oosync-build`.

use proc_macro::TokenStream;

/// Makes a struct a row of a synced table, checked against the facts while it compiles.
///
/// ```ignore
/// #[derive(Syncable)]
/// #[syncable(table = "todos")]
/// struct OpenTodo {
///     id: Uuid,
///     title: String,
///     #[syncable(column = "due_on")]
///     due: Option<Date>,
/// }
/// ```
///
/// The struct may have fewer columns than the table, in any order. With every column of the primary key it can be
/// read by key, changed and deleted; with every column that a new row needs it can be inserted.
///
/// | on the struct | |
/// | --- | --- |
/// | `table = "todos"` | the table, with its schema where two have one of this name; without it, the struct's name in snake case |
/// | `facts = "…"` | the facts, relative to the package; without it, `OOSYNC_FACTS` (which `oosync_build::compile()` sets), then those of the nearest `Oosync.toml` upwards |
/// | `crate = "…"` | the path of `oosync_runtime`, where it has another name |
/// | `rename_all = "…"` | how columns are called: `snake_case` (as the fields), `camelCase`, `PascalCase`, `SCREAMING_SNAKE_CASE`, `kebab-case`, `lowercase`, `UPPERCASE` |
/// | `insert` | an error where the struct lacks a column that a new row needs |
///
/// | on a field | |
/// | --- | --- |
/// | `column = "…"` | the column, where it is not called as the field |
/// | `skip` | no column; `Default::default()` when a row is read |
/// | `with = "…"` | a module with `decode(Value<'_>) -> Result<T, ValueError>` and `encode(&T) -> Result<Value<'_>, ValueError>` |
///
/// # Errors
///
/// An unknown table or column (with the nearest name), a table that is not synced (with the reason), two fields with
/// one column, a type that cannot hold its column or its null (at the type, with the one to write), a missing column
/// for new rows.
#[proc_macro_derive(Syncable, attributes(syncable))]
pub fn derive_syncable(input: TokenStream) -> TokenStream {
    oosync_build::derive::syncable(input.into()).into()
}
