//! The static data of a table.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use super::types::{column_type, metadata};
use crate::config::{ConflictRule, OwnerNull, Push, WriteMode};
use crate::plan::{Ownership, Plan, PlanColumn, PlanColumnKind, PlanDefault, PlanTable};
use crate::sqlite::table_ddl;

/// `pub static TABLE`.
pub(crate) fn table(plan: &Plan, table: &PlanTable) -> TokenStream {
    let (schema, pg_name, name) = (&table.name.schema, &table.name.name, &table.local_name);
    let columns = table.columns.iter().map(|column| self::column(table, column));
    let primary_key = table.primary_key.iter().map(|place| Literal::usize_unsuffixed(*place));
    let foreign_keys = table.foreign_keys.iter().filter_map(|key| {
        let target = plan.tables.iter().find(|target| target.name == key.table)?;
        let (columns, name, target) = (places(table, &key.columns), &target.local_name, &key.target);
        Some(quote!(oosync::schema::ForeignKey { columns: &[#(#columns),*], table: #name, target: &[#(#target),*] }))
    });
    let (rules, ddl) = (rules(table), table_ddl(plan, table));
    quote! {
        /// What is known of the table.
        pub static TABLE: oosync::schema::Table = oosync::schema::Table {
            pg_schema: #schema,
            pg_name: #pg_name,
            name: #name,
            columns: &[#(#columns),*],
            primary_key: &[#(#primary_key),*],
            foreign_keys: &[#(#foreign_keys),*],
            rules: #rules,
            ddl: #ddl,
        };
    }
}

fn column(table: &PlanTable, column: &PlanColumn) -> TokenStream {
    let (name, ty, nullable) = (&column.name, metadata(&column_type(column)), column.nullable);
    let PlanColumnKind::Synced(synced) = &column.kind else {
        return quote!(oosync::schema::Column {
            name: #name,
            ty: #ty,
            nullable: #nullable,
            default: oosync::schema::ColumnDefault::Local,
            access: oosync::schema::Access::PLAIN,
        });
    };
    let default = match synced.default.value {
        PlanDefault::None => quote!(None),
        PlanDefault::Literal(_) | PlanDefault::Now => quote!(Sqlite),
        PlanDefault::Uuid => quote!(Uuid),
        PlanDefault::Leased => quote!(Leased),
        PlanDefault::Server => quote!(Server),
        PlanDefault::Generated => quote!(Generated),
    };
    let protected = table.protected.contains(name);
    let (owner_only, groups) = (synced.owner_only, &synced.field_groups);
    let access = match (owner_only, protected, groups.is_empty()) {
        (false, false, true) => quote!(oosync::schema::Access::PLAIN),
        (false, true, true) => quote!(oosync::schema::Access::PROTECTED),
        _ => quote!(oosync::schema::Access {
            owner_only: #owner_only,
            protected: #protected,
            field_groups: &[#(#groups),*],
        }),
    };
    quote!(oosync::schema::Column {
        name: #name,
        ty: #ty,
        nullable: #nullable,
        default: oosync::schema::ColumnDefault::#default,
        access: #access,
    })
}

fn rules(table: &PlanTable) -> TokenStream {
    let owner = match &table.ownership.value {
        Ownership::Owner { column, null } => {
            let column = place(table, column);
            match null {
                Some(OwnerNull::Everyone) => quote!(ColumnOrEveryone(#column)),
                Some(OwnerNull::Nobody) | None => quote!(Column(#column)),
            }
        }
        Ownership::Parent { columns, .. } => {
            let columns = places(table, columns);
            quote!(Parent(&[#(#columns),*]))
        }
        Ownership::Bucket => quote!(Bucket),
        Ownership::Everyone => quote!(Everyone),
    };
    let bucket = match &table.bucket {
        Some(bucket) => {
            let (name, columns) = (&bucket.name, places(table, &bucket.columns));
            quote!(Some(oosync::schema::Bucket { name: #name, columns: &[#(#columns),*] }))
        }
        None => quote!(None),
    };
    let push = match table.push.value {
        Push::OwnerOnly => quote!(OwnerOnly),
        Push::Members => quote!(Members),
        Push::Disabled => quote!(Disabled),
    };
    let conflict = match table.conflict.value {
        ConflictRule::ServerWins => quote!(ServerWins),
        ConflictRule::ClientWins => quote!(ClientWins),
        ConflictRule::Lww => quote!(LastWriteWins),
        ConflictRule::Reject => quote!(Reject),
    };
    let deny_delete = table.deny_delete.value;
    let confirmed = table.write_mode.value == WriteMode::Confirmed;
    let stamp = |stamp: &Option<crate::plan::Decided<String>>| match stamp {
        Some(column) => {
            let column = place(table, column);
            quote!(Some(#column))
        }
        None => quote!(None),
    };
    let (created, updated, deleted) = (stamp(&table.created), stamp(&table.updated), stamp(&table.deleted));
    let conflict_target = places(table, &table.conflict_target);
    let normalize_datetime = places(table, &table.normalize_datetime);
    let order = Literal::i64_unsuffixed(table.order);
    let change_category = match &table.change_category {
        Some(category) => quote!(Some(#category)),
        None => quote!(None),
    };
    quote! {
        oosync::schema::Rules {
            owner: oosync::schema::Owner::#owner,
            bucket: #bucket,
            push: oosync::schema::Push::#push,
            deny_delete: #deny_delete,
            confirmed: #confirmed,
            conflict: oosync::schema::Conflict::#conflict,
            created: #created,
            updated: #updated,
            deleted: #deleted,
            conflict_target: &[#(#conflict_target),*],
            order: #order,
            change_category: #change_category,
            normalize_datetime: &[#(#normalize_datetime),*],
        }
    }
}

/// A plan is validated: every column that it names is there.
fn place(table: &PlanTable, name: &str) -> Literal {
    let place = table.columns.iter().position(|column| column.name == name);
    Literal::usize_unsuffixed(place.unwrap_or(usize::MAX))
}

fn places(table: &PlanTable, names: &[String]) -> Vec<Literal> {
    names.iter().map(|name| place(table, name)).collect()
}
