#![allow(clippy::unwrap_used)]

use super::{facts, facts_with};
use crate::config::{Config, TableNameError, Tags};
use crate::facts::{Facts, PartitionOf, Table, TableKind};

fn problems(text: &str) -> String {
    problems_in(text, &facts())
}

fn problems_in(text: &str, facts: &Facts) -> String {
    let config = Config::parse("Oosync.toml", text).unwrap();
    config.check(facts, &Tags::read(facts).0).to_string()
}

#[test]
fn a_config_whose_names_are_all_there_has_no_problems() {
    assert_eq!(problems(include_str!("../../../Oosync.reference.toml")), "");
    assert_eq!(Config::default().check(&facts(), &Tags::default()).to_string(), "");
}

#[test]
fn a_mistyped_owner_column_never_passes() {
    insta::assert_snapshot!(
        problems("[sync]\nowner_columns = [\"user_id\", \"onwer_id\"]\n[tables.todos]\nowner_column = \"user_ids\"\n"),
        @r#"
        error: no table in the facts has a column `onwer_id`
         --> Oosync.toml:2:29
          |
        2 | owner_columns = ["user_id", "onwer_id"]
          |                             ^^^^^^^^^^ did you mean `owner_id`?

        error: no column `user_ids` in table public.todos
         --> Oosync.toml:4:16
          |
        4 | owner_column = "user_ids"
          |                ^^^^^^^^^^ did you mean `user_id`?
        "#
    );
}

#[test]
fn a_table_that_is_not_there_is_an_error_with_the_nearest() {
    insta::assert_snapshot!(
        problems("[database]\nschemas = [\"publik\"]\n[sync]\nexclude = [\"tods\", \"app.note\", \"zebra\"]\n[tables.Todos]\nexclude = true\n"),
        @r#"
        error: no schema `publik` in the facts
         --> Oosync.toml:2:12
          |
        2 | schemas = ["publik"]
          |            ^^^^^^^^ did you mean `public`?
          |
          = help: if the schema is new, take the facts from the database again

        error: no table `tods` in the facts
         --> Oosync.toml:4:12
          |
        4 | exclude = ["tods", "app.note", "zebra"]
          |            ^^^^^^ did you mean `todos`?

        error: no table `app.note` in the facts
         --> Oosync.toml:4:20
          |
        4 | exclude = ["tods", "app.note", "zebra"]
          |                    ^^^^^^^^^^ did you mean `app.notes`?

        error: no table `zebra` in the facts
         --> Oosync.toml:4:32
          |
        4 | exclude = ["tods", "app.note", "zebra"]
          |                                ^^^^^^^
          |
          = note: the facts hold the tables of: My App, app, public

        error: no table `"Todos"` in the facts
         --> Oosync.toml:5:9
          |
        5 | [tables.Todos]
          |         ^^^^^ did you mean `todos`?
        "#
    );
}

#[test]
fn a_name_in_two_schemas_needs_its_schema() {
    insta::assert_snapshot!(problems("[tables.notes]\nexclude = true\n"), @r#"
    error: `notes` is a table in more than one schema
     --> Oosync.toml:1:9
      |
    1 | [tables.notes]
      |         ^^^^^ write the schema too
      |
      = note: there are: `app.notes`, `public.notes`
    "#);
}

#[test]
fn two_names_of_one_table_are_an_error() {
    insta::assert_snapshot!(
        problems("[tables.todos]\norder = 1\n[tables.\"public.todos\"]\norder = 2\n[sync]\ninclude = [\"lists\", \"public.lists\"]\n"),
        @r#"
        error: `[tables]` speaks of public.todos twice
         --> Oosync.toml:3:9
          |
        3 | [tables."public.todos"]
          |         ^^^^^^^^^^^^^^ is the same table as `todos` above

        error: `sync.include` names public.lists twice
         --> Oosync.toml:6:21
          |
        6 | include = ["lists", "public.lists"]
          |                     ^^^^^^^^^^^^^^ is in the list already
        "#
    );
}

#[test]
fn a_table_cannot_be_excluded_and_included() {
    insta::assert_snapshot!(
        problems("[sync]\ninclude = [\"todos\", \"lists\"]\nexclude = [\"public.todos\"]\n[tables.lists]\nexclude = true\n"),
        @r#"
        error: public.todos is both excluded and included
         --> Oosync.toml:3:12
          |
        3 | exclude = ["public.todos"]
          |            ^^^^^^^^^^^^^^ is in `sync.include` too

        error: public.lists is both excluded and included
         --> Oosync.toml:5:11
          |
        5 | exclude = true
          |           ^^^^ is in `sync.include` too
        "#
    );
}

#[test]
fn only_tables_with_a_primary_key_are_synced() {
    let mut facts = facts();
    let mut add = |name: &str, kind, partition_of: Option<&str>| {
        let partition_of = partition_of
            .map(|parent| serde_json::json!({"schema": "public", "name": parent, "bound": "DEFAULT"}));
        let mut table = Table::new("public", name, kind);
        table.partition_of = partition_of.map(|of| serde_json::from_value::<PartitionOf>(of).unwrap());
        facts.tables.push(table);
    };
    add("active", TableKind::View, None);
    add("totals", TableKind::MaterializedView, None);
    add("remote", TableKind::ForeignTable, None);
    add("events", TableKind::PartitionedTable, None);
    add("events_2026", TableKind::PartitionedTable, Some("events"));
    add("events_2026_01", TableKind::Table, Some("events_2026"));
    insta::assert_snapshot!(
        problems_in(
            "[sync]\ninclude = [\"active\", \"remote\", \"events_2026\", \"list_members\", \"todos\"]\n\
             [tables.totals]\norder = 1\n[tables.events_2026_01.columns.x]\nlocal_only = true\ntype = \"text\"\n",
            &facts
        ),
        @r#"
        error: `public.active` is a view: only tables are synced
         --> Oosync.toml:2:12
          |
        2 | include = ["active", "remote", "events_2026", "list_members", "todos"]
          |            ^^^^^^^^

        error: `public.remote` is a foreign table: only tables are synced
         --> Oosync.toml:2:22
          |
        2 | include = ["active", "remote", "events_2026", "list_members", "todos"]
          |                      ^^^^^^^^

        error: `public.events_2026` is a partition: rules are written for `public.events`, its partitions follow
         --> Oosync.toml:2:32
          |
        2 | include = ["active", "remote", "events_2026", "list_members", "todos"]
          |                                ^^^^^^^^^^^^^

        error: `public.list_members` has no primary key, so its rows cannot be told apart
         --> Oosync.toml:2:47
          |
        2 | include = ["active", "remote", "events_2026", "list_members", "todos"]
          |                                               ^^^^^^^^^^^^^^

        error: `public.totals` is a materialized view: only tables are synced
         --> Oosync.toml:3:9
          |
        3 | [tables.totals]
          |         ^^^^^^

        error: `public.events_2026_01` is a partition: rules are written for `public.events`, its partitions follow
         --> Oosync.toml:5:9
          |
        5 | [tables.events_2026_01.columns.x]
          |         ^^^^^^^^^^^^^^
        "#
    );
    let excluded = "[sync]\nexclude = [\"active\", \"events_2026\"]\n[tables.remote]\nexclude = true\n\
                    [tables.totals]\nrust_name = \"Total\"\n[tables.events]\norder = 1\n[tables.list_members]\norder = 2\n";
    assert_eq!(problems_in(excluded, &facts), "");
}

#[test]
fn the_column_of_a_bucket_needs_the_bucket_in_either_place() {
    let bucket =
        "[buckets.list]\nmembers = { table = \"list_members\", user = \"user_id\", key = \"list_id\" }\n";
    let both = |table: &str, comment| {
        let facts = facts_with(comment, None);
        let config = Config::parse("Oosync.toml", &format!("[tables.todos]\n{table}\n{bucket}")).unwrap();
        let tags = Tags::read(&facts).0;
        format!("{}{}", config.check(&facts, &tags), tags.check(&config, &facts))
    };
    for (table, comment) in [
        ("bucket = \"list\"\nbucket_column = \"list_id\"", None),
        ("bucket = \"list\"", Some("@oosync.bucketColumn=list_id")),
        ("bucket_column = \"list_id\"", Some("@oosync.bucket=list")),
        ("", Some("@oosync.bucket=list @oosync.bucketColumn=list_id")),
        // Laid over by the tag.
        ("bucket_column = [\"list_id\", \"id\"]", Some("@oosync.bucket=list @oosync.bucketColumn=list_id")),
    ] {
        assert_eq!(both(table, comment), "", "{table} {comment:?}");
    }
    insta::assert_snapshot!(both("bucket_column = \"list_id\"", None), @r#"
    error: `bucket_column` of a table that is in no bucket
     --> Oosync.toml:2:17
      |
    2 | bucket_column = "list_id"
      |                 ^^^^^^^^^ name the bucket too
    "#);
    insta::assert_snapshot!(both("", Some("@oosync.bucketColumn=list_id")), @r#"
    error: `@oosync.bucketColumn` of a table that is in no bucket
     --> comment on table public.todos:1:22
      |
    1 | @oosync.bucketColumn=list_id
      |                      ^^^^^^^ name the bucket too
      |
      = help: comment on table public.todos is '…'
    "#);
    insta::assert_snapshot!(both("bucket = \"list\"\nbucket_column = [\"list_id\", \"id\"]", None), @r#"
    error: `list_id`, `id` cannot hold the key of bucket `list`, which is `list_id`
     --> Oosync.toml:3:18
      |
    3 | bucket_column = ["list_id", "id"]
      |                  ^^^^^^^^^^^^^^^ one column for each of the key, in its order
    "#);
    insta::assert_snapshot!(both("bucket = \"list\"", Some("@oosync.bucketColumn=id,list_id")), @r#"
    error: `id`, `list_id` cannot hold the key of bucket `list`, which is `list_id`
     --> comment on table public.todos:1:22
      |
    1 | @oosync.bucketColumn=id,list_id
      |                      ^^^^^^^^^^ one column for each of the key, in its order
      |
      = help: comment on table public.todos is '…'
    "#);
}

#[test]
fn columns_of_buckets_and_conflict_targets_are_looked_up() {
    insta::assert_snapshot!(
        problems(
            "[tables.todos]\nbucket = \"b\"\nbucket_column = \"list_di\"\nconflict_target = [\"id\", \"titel\"]\n\
             [buckets.b]\nmembers = { table = \"list_members\", user = \"user_id\", key = [\"list_id\", \"lst_id\"] }\n"
        ),
        @r#"
        error: no column `list_di` in table public.todos
         --> Oosync.toml:3:17
          |
        3 | bucket_column = "list_di"
          |                 ^^^^^^^^^ did you mean `list_id`?

        error: `list_di` cannot hold the key of bucket `b`, which is `list_id`, `lst_id`
         --> Oosync.toml:3:17
          |
        3 | bucket_column = "list_di"
          |                 ^^^^^^^^^ one column for each of the key, in its order

        error: no column `titel` in table public.todos
         --> Oosync.toml:4:26
          |
        4 | conflict_target = ["id", "titel"]
          |                          ^^^^^^^ did you mean `title`?

        error: no column `lst_id` in table public.list_members
         --> Oosync.toml:6:73
          |
        6 | members = { table = "list_members", user = "user_id", key = ["list_id", "lst_id"] }
          |                                                                         ^^^^^^^^ did you mean `list_id`?
        "#
    );
}

#[test]
fn a_parent_is_a_foreign_key_by_its_columns_or_its_name() {
    assert_eq!(problems("[tables.todos]\nparent = [\"list_id\"]\n"), "");
    assert_eq!(problems("[tables.todos]\nparent = \"todos_list_id_fkey\"\n"), "");
    insta::assert_snapshot!(problems("[tables.todos]\nparent = \"lists_id\"\n"), @r#"
    error: no column or foreign key `lists_id` in table public.todos
     --> Oosync.toml:2:10
      |
    2 | parent = "lists_id"
      |          ^^^^^^^^^^ did you mean `list_id`?
    "#);
    insta::assert_snapshot!(problems("[tables.todos]\nparent = \"user_id\"\n"), @r#"
    error: no foreign key of public.todos is on `user_id` alone
     --> Oosync.toml:2:10
      |
    2 | parent = "user_id"
      |          ^^^^^^^^^
      |
      = note: its foreign keys: todos_list_id_fkey (list_id) to public.lists
    "#);
}

#[test]
fn columns_are_looked_up_and_local_ones_must_not_be_there() {
    insta::assert_snapshot!(
        problems(
            "[tables.todos]\nprotected = [\"state\", \"xyz\"]\n[tables.todos.columns.titel]\nexclude = true\n\
             [tables.todos.columns.status]\nlocal_only = true\ntype = \"text\"\n[tables.todos.columns.seen_at]\nrust_type = \"rust_decimal\"\n\
             [tables.todos.columns.title]\nrust_type = \"chrono\"\n"
        ),
        @r#"
        error: no column `state` in table public.todos
         --> Oosync.toml:2:14
          |
        2 | protected = ["state", "xyz"]
          |              ^^^^^^^
          |
          = note: there are: `id`, `title`, `user_id`, `list_id`, `practiced`, `status`, `created_at`, `updated_at`, `deleted_at`, `amount`, `two words`, `seen_at`

        error: no column `xyz` in table public.todos
         --> Oosync.toml:2:23
          |
        2 | protected = ["state", "xyz"]
          |                       ^^^^^
          |
          = note: there are: `id`, `title`, `user_id`, `list_id`, `practiced`, `status`, `created_at`, `updated_at`, `deleted_at`, `amount`, `two words`, `seen_at`

        error: no column `titel` in table public.todos
         --> Oosync.toml:3:23
          |
        3 | [tables.todos.columns.titel]
          |                       ^^^^^ did you mean `title`?

        error: the column `status` is in table public.todos: it does not exist on the device alone
         --> Oosync.toml:5:23
          |
        5 | [tables.todos.columns.status]
          |                       ^^^^^^ is declared `local_only`

        error: `rust_decimal` is no type for the column `seen_at`, which is public.stamp
         --> Oosync.toml:9:13
          |
        9 | rust_type = "rust_decimal"
          |             ^^^^^^^^^^^^^^
          |
          = note: allowed: `oosync`, `chrono`, `time`, `jiff`, `text`

        error: `chrono` is no type for the column `title`, which is text
          --> Oosync.toml:11:13
           |
        11 | rust_type = "chrono"
           |             ^^^^^^^^
           |
           = note: allowed: `text`
        "#
    );
}

#[test]
fn groups_and_buckets_name_what_is_there() {
    insta::assert_snapshot!(
        problems(
            "[field_groups.pay]\ncolumns = [\"employees.salry\", \"employes.bonus\", \"employees.bonus\", \"public.employees.bonus\"]\n\
             [role_permissions.manager]\nread = [\"pya\"]\n\
             [buckets.list]\nmembers = { table = \"list_member\", user = \"user_id\", key = \"id\" }\n\
             [buckets.two]\nmembers = { table = \"list_members\", user = \"user\", key = \"list_id\" }\n"
        ),
        @r#"
        error: no column `salry` in table public.employees
         --> Oosync.toml:2:12
          |
        2 | columns = ["employees.salry", "employes.bonus", "employees.bonus", "public.employees.bonus"]
          |            ^^^^^^^^^^^^^^^^^ did you mean `salary`?

        error: no table `employes` in the facts
         --> Oosync.toml:2:31
          |
        2 | columns = ["employees.salry", "employes.bonus", "employees.bonus", "public.employees.bonus"]
          |                               ^^^^^^^^^^^^^^^^ did you mean `employees`?

        error: field group `pay` names public.employees.bonus twice
         --> Oosync.toml:2:68
          |
        2 | columns = ["employees.salry", "employes.bonus", "employees.bonus", "public.employees.bonus"]
          |                                                                    ^^^^^^^^^^^^^^^^^^^^^^^^ is in the list already

        error: no field group `pya`
         --> Oosync.toml:4:9
          |
        4 | read = ["pya"]
          |         ^^^^^ did you mean `pay`?

        error: no table `list_member` in the facts
         --> Oosync.toml:6:21
          |
        6 | members = { table = "list_member", user = "user_id", key = "id" }
          |                     ^^^^^^^^^^^^^ did you mean `list_members`?

        error: no column `user` in table public.list_members
         --> Oosync.toml:8:44
          |
        8 | members = { table = "list_members", user = "user", key = "list_id" }
          |                                            ^^^^^^
          |
          = note: there are: `list_id`, `user_id`
        "#
    );
}

#[test]
fn a_group_may_be_opened_by_a_tag() {
    let facts = facts_with(None, Some("@oosync.fieldGroup=secret"));
    assert_eq!(problems_in("[role_permissions.manager]\nread = [\"secret\"]\n", &facts), "");
}

#[test]
fn a_name_resolves_to_its_table_or_says_why_not() {
    let facts = facts();
    let resolve = |name: &str| name.parse::<crate::config::TableName>().unwrap().resolve(&facts).cloned();
    assert_eq!(resolve("app.notes").unwrap().schema, "app");
    assert_eq!(resolve(r#""To.Dos""#).unwrap().schema, "My App");
    assert!(
        matches!(resolve("notes"), Err(TableNameError::Ambiguous { candidates, .. }) if candidates.len() == 2)
    );
    assert!(
        matches!(resolve("ntoes"), Err(TableNameError::Unknown { nearest: Some(name), .. }) if name == "app.notes")
    );
}

#[test]
fn a_bucket_by_a_function_has_no_key() {
    insta::assert_snapshot!(
        problems("[tables.todos]\nbucket = \"b\"\nbucket_column = \"id\"\n[buckets.b]\nfunction = \"f\"\n"),
        @r#"
        error: bucket `b` has no key
         --> Oosync.toml:3:17
          |
        3 | bucket_column = "id"
          |                 ^^^^
          |
          = note: its function says of each row who has it
          = help: remove the line
        "#
    );
}
