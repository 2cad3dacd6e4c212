//! Attributes: unknown, twice, without a value, with one that means nothing.

use oosync_runtime::Syncable;
use oosync_runtime::types::Uuid;

#[derive(Syncable)]
#[syncable(tabel = "notes")]
struct MistypedOnAStruct {
    id: Uuid,
}

#[derive(Syncable)]
#[syncable(table = "notes", column = "id")]
struct OfAField {
    id: Uuid,
}

#[derive(Syncable)]
#[syncable(table = "notes")]
struct MistypedOnAField {
    #[syncable(colum = "id")]
    id: Uuid,
}

#[derive(Syncable)]
#[syncable(table = "notes")]
struct OfAStruct {
    #[syncable(rename_all = "camelCase")]
    id: Uuid,
}

#[derive(Syncable)]
#[syncable(table = "notes", table = "stock")]
struct TableTwice {
    id: Uuid,
}

#[derive(Syncable)]
#[syncable(table = "notes")]
struct ColumnTwice {
    #[syncable(column = "id")]
    #[syncable(column = "user_id")]
    id: Uuid,
}

#[derive(Syncable)]
#[syncable(table = "notes")]
struct SkippedColumn {
    #[syncable(skip, column = "id")]
    id: Uuid,
}

#[derive(Syncable)]
#[syncable(table = "notes", rename_all = "camel")]
struct UnknownStyle {
    id: Uuid,
}

#[derive(Syncable)]
#[syncable(table)]
struct WithoutValue {
    id: Uuid,
}

#[derive(Syncable)]
#[syncable(table = notes)]
struct WithoutQuotes {
    id: Uuid,
}

#[derive(Syncable)]
#[syncable = "notes"]
struct WithoutParentheses {
    id: Uuid,
}

#[derive(Syncable)]
#[syncable(table = "notes", crate = "not a path")]
struct NoPath {
    id: Uuid,
}

fn main() {}
