#![allow(clippy::unwrap_used)]

use std::time::Duration;

use proptest::prelude::*;
use toml::de::{DeTable, DeValue};

use crate::config::{
    ClaimValue, Config, ConflictRule, GroupSelector, LocalType, Membership, OwnerNull, RowSecurityMode,
    Spanned, Stamps, TimeLibrary, Unowned, WriteMode,
};

const FULL: &str = include_str!("../../../Oosync.reference.toml");

fn names(list: &[Spanned<String>]) -> Vec<&str> {
    list.iter().map(|name| name.value.as_str()).collect()
}

fn errors(text: &str) -> String {
    Config::parse("Oosync.toml", text).unwrap_err().to_string()
}

#[test]
fn an_absent_file_means_the_documented_defaults() {
    let config = Config::default();
    assert_eq!(config, Config::parse("Oosync.toml", "").unwrap());
    assert_eq!(config.facts.to_str(), Some("oosync.facts.json"));
    assert_eq!(config.database.schemas(), ["public"]);
    assert_eq!(config.sync.unowned, Unowned::Error);
    assert_eq!(
        config.sync.owner_columns(),
        ["user_ref", "user_id", "owner_id", "private_to_user", "private_for"]
    );
    assert_eq!(config.sync.clock_skew, Duration::from_secs(2));
    assert_eq!(config.sync.retention, Duration::from_secs(30 * 86_400));
    assert!(config.sync.deny_delete && config.sync.conflict.is_none() && !config.diesel.enabled);
    assert_eq!((config.server.role.as_str(), config.claims.user_id.as_str()), ("oosync_server", "sub"));
}

#[test]
fn every_key_is_read() {
    let config = Config::parse("Oosync.toml", FULL).unwrap();
    assert_eq!(config.database.schemas(), ["public", "app"]);
    let sync = &config.sync;
    assert_eq!((sync.unowned, sync.write_mode), (Unowned::Everyone, WriteMode::Confirmed));
    assert_eq!(sync.conflict.as_ref().map(|rule| rule.value), Some(ConflictRule::Lww));
    assert_eq!((sync.row_security, sync.deny_delete), (RowSecurityMode::Existing, false));
    assert_eq!(sync.clock_skew, Duration::from_millis(500));
    assert_eq!(sync.include[2].value.to_string(), r#""My App"."To.Dos""#);
    assert_eq!(config.types.date, TimeLibrary::Jiff);
    let tables: Vec<_> = config.tables.iter().map(|table| table.name.value.to_string()).collect();
    assert_eq!(tables, ["todos", "public.notes", "lists"]);
    let todos = &config.tables[0];
    assert_eq!(todos.rules.order.as_ref().map(|order| order.value), Some(10));
    assert_eq!(names(&todos.rules.bucket_column), ["list_id"]);
    assert_eq!(names(&todos.rules.conflict_target), ["list_id", "title"]);
    assert_eq!(todos.rules.stamps.as_ref().map(|rule| rule.value), Some(Stamps::None));
    let owner_null = config.tables[1].rules.owner_null.as_ref();
    assert_eq!(owner_null.map(|rule| rule.value), Some(OwnerNull::Nobody));
    let draft = todos.columns.iter().find(|column| column.name.value == "draft").unwrap();
    assert_eq!(draft.local.as_ref().map(|local| local.value), Some(LocalType::Text));
    assert_eq!(config.role_permissions[0].write[0].value, GroupSelector::All);
    let kinds: Vec<_> =
        config.buckets.iter().map(|bucket| (bucket.name.value.as_str(), &bucket.members)).collect();
    assert!(
        matches!(
            kinds.as_slice(),
            [
                ("list", Membership::Table { .. }),
                ("team", Membership::Query(_)),
                ("region", Membership::Function(_))
            ]
        ),
        "{kinds:?}"
    );
    assert_eq!(names(&config.row_security.keep), ["app_web"]);
    assert_eq!(names(&config.row_security.accept), ["reporting"]);
    assert_eq!(config.claims.settings[0].value.value, ClaimValue::All);
    assert_eq!(config.claims.settings[1].value.value, ClaimValue::Claim("tenant_id".to_owned()));
    assert_eq!(config.outputs.migration.as_ref().unwrap().value.to_str(), Some("migrations/oosync.sql"));
}

#[test]
fn a_span_points_at_what_was_written() {
    let config = Config::parse("Oosync.toml", FULL).unwrap();
    let parent = config.tables[0].rules.parent.as_ref().unwrap();
    assert_eq!(&config.source.text[parent.span.clone()], "\"list_id\"");
    assert_eq!(&config.source.text[config.tables[1].name.span.clone()], "\"public.notes\"");
}

#[test]
fn columns_of_a_key_are_one_or_a_list() {
    let config = Config::parse(
        "Oosync.toml",
        "[tables.a]\nbucket = \"b\"\nbucket_column = [\"x\", \"y\"]\nconflict_target = \"z\"\n\
         [buckets.b]\nmembers = { table = \"m\", user = \"u\", key = [\"k\", \"l\"] }\n",
    )
    .unwrap();
    let rules = &config.tables[0].rules;
    assert_eq!((names(&rules.bucket_column), names(&rules.conflict_target)), (vec!["x", "y"], vec!["z"]));
    let Membership::Table { key, .. } = &config.buckets[0].members else { panic!("{:?}", config.buckets) };
    assert_eq!(names(key), ["k", "l"]);
    insta::assert_snapshot!(
        errors(
            "[tables.a]\nparent = [1]\nbucket_column = []\nconflict_target = [\"x\", \"x\"]\nowner_null = \"no one\"\nstamps = false\n\
             [buckets.b]\nmembers = { table = \"m\", user = \"u\", key = [] }\n"
        ),
        @r#"
        error: `tables.a.parent` must be a string, not an integer
         --> Oosync.toml:2:11
          |
        2 | parent = [1]
          |           ^

        error: `tables.a.bucket_column` names no column
         --> Oosync.toml:3:17
          |
        3 | bucket_column = []
          |                 ^^

        error: `tables.a.conflict_target` names the same thing twice
         --> Oosync.toml:4:25
          |
        4 | conflict_target = ["x", "x"]
          |                         ^^^ is in the list already

        error: `tables.a.owner_null` cannot be `no one`
         --> Oosync.toml:5:14
          |
        5 | owner_null = "no one"
          |              ^^^^^^^^
          |
          = note: allowed: `everyone`, `nobody`

        error: `tables.a.stamps` must be a string, not a boolean
         --> Oosync.toml:6:10
          |
        6 | stamps = false
          |          ^^^^^

        error: `buckets.b.members.key` names no column
         --> Oosync.toml:8:44
          |
        8 | members = { table = "m", user = "u", key = [] }
          |                                            ^^
        "#
    );
}

#[test]
fn all_unknown_keys_are_shown_with_the_nearest() {
    insta::assert_snapshot!(errors("colour = 1\n[sync]\nunowed = \"error\"\n[tables.todos]\nowner-colum = \"u\"\n"), @r#"
    error: unknown key `colour` at the top level
     --> Oosync.toml:1:1
      |
    1 | colour = 1
      | ^^^^^^
      |
      = note: keys allowed here: `facts`, `buckets`, `database`, `sync`, `types`, `diesel`, `tables`, `field_groups`, `role_permissions`, `server`, `row_security`, `claims`, `outputs`

    error: unknown key `unowed` in `[sync]`
     --> Oosync.toml:3:1
      |
    3 | unowed = "error"
      | ^^^^^^ did you mean `unowned`?

    error: unknown key `owner-colum` in `[tables.todos]`
     --> Oosync.toml:5:1
      |
    5 | owner-colum = "u"
      | ^^^^^^^^^^^ did you mean `owner_column`?
    "#);
}

#[test]
fn a_table_header_with_a_schema_needs_quotes() {
    insta::assert_snapshot!(errors("[tables.app.todos]\nexclude = true\n"), @r#"
    error: unknown key `todos` in `[tables.app]`
     --> Oosync.toml:1:13
      |
    1 | [tables.app.todos]
      |             ^^^^^
      |
      = note: keys allowed here: `exclude`, `owner_column`, `owner_null`, `parent`, `bucket`, `bucket_column`, `unowned`, `order`, `push`, `deny_delete`, `write_mode`, `conflict`, `conflict_target`, `stamps`, `created_column`, `updated_column`, `deleted_column`, `change_category`, `normalize_datetime`, `protected`, `diesel`, `rust_name`, `columns`
      = help: a table of the schema `app` is written `[tables."app.todos"]`
    "#);
}

#[test]
fn a_wrong_type_and_a_wrong_word_say_what_is_allowed() {
    insta::assert_snapshot!(
        errors("[sync]\nunowned = \"eror\"\nclock_skew = 2\nretention = \"2 weeks\"\ninclude = \"todos\"\n[tables]\ntodos = 3\n"),
        @r#"
        error: `sync.unowned` cannot be `eror`
         --> Oosync.toml:2:11
          |
        2 | unowned = "eror"
          |           ^^^^^^ did you mean `error`?
          |
          = note: allowed: `error`, `everyone`, `exclude`

        error: `sync.clock_skew` must be a duration in quotes, such as `"2s"`, not an integer
         --> Oosync.toml:3:14
          |
        3 | clock_skew = 2
          |              ^

        error: `sync.retention` is not a duration: `2 weeks`
         --> Oosync.toml:4:13
          |
        4 | retention = "2 weeks"
          |             ^^^^^^^^^ a whole number and `ms`, `s`, `m`, `h` or `d`

        error: `sync.include` must be a list, not a string
         --> Oosync.toml:5:11
          |
        5 | include = "todos"
          |           ^^^^^^^

        error: `tables.todos` must be a table, not an integer
         --> Oosync.toml:7:9
          |
        7 | todos = 3
          |         ^
        "#
    );
}

#[test]
fn duplicates_in_lists_are_errors() {
    insta::assert_snapshot!(errors("[sync]\nexclude = [\"a\", \"b\", \"a\"]\n"), @r#"
    error: `sync.exclude` names the same thing twice
     --> Oosync.toml:2:22
      |
    2 | exclude = ["a", "b", "a"]
      |                      ^^^ is in the list already
    "#);
}

#[test]
fn every_syntax_error_is_shown_where_it_is() {
    insta::assert_snapshot!(errors("facts = nowhere\n[sync\nconflict = \"lww\n[types]\nuuid = \"text\"\nuuid = \"blob\"\n"), @r#"
    error: not TOML: invalid float, expected `nan`
     --> Oosync.toml:1:9
      |
    1 | facts = nowhere
      |         ^^^^^^^

    error: not TOML: unclosed table, expected `]`
     --> Oosync.toml:2:6
      |
    2 | [sync
      |      ^

    error: not TOML: duplicate key
     --> Oosync.toml:6:1
      |
    6 | uuid = "blob"
      | ^^^^
    "#);
}

#[test]
fn contradictions_are_errors() {
    insta::assert_snapshot!(
        errors(
            "[tables.a]\nowner_column = \"u\"\nparent = \"p\"\n[tables.b]\nunowned = \"everyone\"\nowner_column = \"u\"\n\
             [tables.c.columns.x]\nlocal_only = true\nexclude = true\n[tables.c.columns.y]\ntype = \"text\"\n\
             [tables.c]\nbucket = \"lst\"\nunowned = \"everyone\"\nowner_null = \"nobody\"\n[buckets.list]\nquery = \"q\"\nfunction = \"f\"\n[buckets.none]\n"
        ),
        @r#"
        error: `tables.a.parent` contradicts `owner_column`
         --> Oosync.toml:3:10
          |
        3 | parent = "p"
          |          ^^^ a row has one way to its owner: keep one of the two

        error: `tables.b.owner_column` contradicts `unowned`
         --> Oosync.toml:6:16
          |
        6 | owner_column = "u"
          |                ^^^ a row has one way to its owner: keep one of the two

        error: `tables.c.columns.x.local_only` needs a `type` beside it
         --> Oosync.toml:8:14
          |
        8 | local_only = true
          |              ^^^^
          |
          = note: allowed: `integer`, `real`, `text`, `blob`
          = help: add `type = "text"`

        error: `tables.c.columns.x.exclude` contradicts `local_only`
         --> Oosync.toml:9:11
          |
        9 | exclude = true
          |           ^^^^ the server does not know this column

        error: `tables.c.columns.y.type` without `local_only = true`
          --> Oosync.toml:11:1
           |
        11 | type = "text"
           | ^^^^ the type of this column is that in Postgres

        error: no bucket `lst`
          --> Oosync.toml:13:10
           |
        13 | bucket = "lst"
           |          ^^^^^ did you mean `list`?

        error: `tables.c.owner_null` contradicts `unowned`
          --> Oosync.toml:15:14
           |
        15 | owner_null = "nobody"
           |              ^^^^^^^^ a table that belongs to nobody has no owner to be null

        error: bucket `list` has both `query` and `function`
          --> Oosync.toml:18:1
           |
        18 | function = "f"
           | ^^^^^^^^ keep one of them

        error: bucket `none` does not say who its members are
          --> Oosync.toml:19:10
           |
        19 | [buckets.none]
           |          ^^^^
           |
           = help: add one of `members = { table = "…", user = "…", key = "…" }`, `query`, `function`
        "#
    );
}

#[test]
fn the_first_bucket_is_shown_how_to_be_declared() {
    let shown = errors("[tables.a]\nbucket = \"two words\"\n");
    assert!(shown.contains("= help: declare it: `[buckets.\"two words\"]`"), "{shown}");
}

#[test]
fn buckets_claims_and_outputs_are_checked_by_themselves() {
    insta::assert_snapshot!(
        errors(
            "[buckets.b]\nmembers = { table = \"m\", usr = \"u\" }\nfan_out_limit = 0\n[claims]\nroles = { a = \"b\" }\n\
             settings = { role = \"x\", \"oosync.user_id\" = \"y\" }\n[outputs]\nrust = \"x\"\nmigration = \"x\"\n\
             [role_permissions.r]\nread = [\"*\", \"g\"]\n[sync]\nretention = \"0s\"\n"
        ),
        @r#"
        error: `buckets.b.members` lacks `user`, `key`
         --> Oosync.toml:2:11
          |
        2 | members = { table = "m", usr = "u" }
          |           ^^^^^^^^^^^^^^^^^^^^^^^^^^ needs `table`, `user` and `key`

        error: unknown key `usr` in `[buckets.b.members]`
         --> Oosync.toml:2:26
          |
        2 | members = { table = "m", usr = "u" }
          |                          ^^^ did you mean `user`?

        error: `buckets.b.fan_out_limit` cannot be 0
         --> Oosync.toml:3:17
          |
        3 | fan_out_limit = 0
          |                 ^ from 1 to 4294967295

        error: `claims.roles` maps values of a claim that `claims.role` does not name
         --> Oosync.toml:5:1
          |
        5 | roles = { a = "b" }
          | ^^^^^
          |
          = help: add the claim: `role = "role"`

        error: `role` is not a setting of your own
         --> Oosync.toml:6:14
          |
        6 | settings = { role = "x", "oosync.user_id" = "y" }
          |              ^^^^ needs a prefix and a dot: `app.tenant`

        error: `oosync.user_id` is set by the server itself
         --> Oosync.toml:6:26
          |
        6 | settings = { role = "x", "oosync.user_id" = "y" }
          |                          ^^^^^^^^^^^^^^^^ choose another prefix

        error: `outputs.migration` and `outputs.rust` are the same file
         --> Oosync.toml:9:13
          |
        9 | migration = "x"
          |             ^^^ one would overwrite the other

        error: `role_permissions.r.read` names `*` beside other groups
          --> Oosync.toml:11:9
           |
        11 | read = ["*", "g"]
           |         ^^^ includes every group already

        error: `sync.retention` must be longer than nothing
          --> Oosync.toml:13:13
           |
        13 | retention = "0s"
           |             ^^^^ no device could ever sync twice
        "#
    );
}

/// Keys below these are names that a person chose.
const NAMED: [&str; 7] =
    ["tables", "columns", "field_groups", "role_permissions", "buckets", "roles", "settings"];

/// Every key of the language in the text, with its place.
fn known_keys(table: &DeTable<'_>, chosen: bool, keys: &mut Vec<std::ops::Range<usize>>) {
    for (key, value) in table.iter() {
        if !chosen {
            keys.push(key.span());
        }
        if let DeValue::Table(inner) = value.get_ref() {
            known_keys(inner, !chosen && NAMED.contains(&key.get_ref().as_ref()), keys);
        }
    }
}

#[test]
fn a_slip_in_any_key_is_an_error_that_suggests_the_key() {
    let mut keys = Vec::new();
    known_keys(DeTable::parse(FULL).unwrap().get_ref(), false, &mut keys);
    keys.retain(|span| !FULL[span.clone()].starts_with('"'));
    assert!(keys.len() > 60, "{}", keys.len());
    let words: Vec<&str> = keys.iter().map(|span| &FULL[span.clone()]).collect();
    for span in &keys {
        let key = &FULL[span.clone()];
        let dropped = (0..key.len()).map(|at| format!("{}{}", &key[..at], &key[at + 1..]));
        let swapped = (1..key.len()).map(|at| {
            let (a, b) = (&key[at - 1..at], &key[at..=at]);
            format!("{}{b}{a}{}", &key[..at - 1], &key[at + 1..])
        });
        for slip in dropped.chain(swapped) {
            if words.contains(&slip.as_str()) || slip.is_empty() {
                continue;
            }
            let text = format!("{}{slip}{}", &FULL[..span.start], &FULL[span.end..]);
            let shown = errors(&text);
            assert!(shown.contains(&format!("did you mean `{key}`?")), "`{slip}` for `{key}`:\n{shown}");
        }
    }
}

#[test]
fn case_and_separators_do_not_lead_to_another_key() {
    for (written, meant) in
        [("UUID", "uuid"), ("TimestampTZ", "timestamptz"), ("Time", "time"), ("Time_Stamp", "timestamp")]
    {
        let shown = errors(&format!("[types]\n{written} = \"text\"\n"));
        assert!(shown.contains(&format!("did you mean `{meant}`?")), "{shown}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = Config::parse("Oosync.toml", &text).map_err(|errors| errors.to_string());
    }

    #[test]
    fn no_damage_to_a_full_config_panics(at in 0..FULL.len(), length in 0_usize..20, with in "[\\PC\n]{0,4}") {
        let end = (at + length).min(FULL.len());
        let text = format!("{}{with}{}", &FULL[..at], &FULL[end..]);
        let _ = Config::parse("Oosync.toml", &text).map_err(|errors| errors.to_string());
    }

    #[test]
    fn no_value_in_any_place_panics(
        key in prop::sample::select(vec!["sync.unowned", "tables.a.parent", "buckets.b.members", "claims.settings",
            "tables.t.columns.c.type", "role_permissions.r.read", "outputs.rust", "sync.clock_skew", "facts"]),
        value in prop::sample::select(vec!["1", "-1", "1.5", "nan", "true", "[]", "{}", "[[]]", "[1]", "\"\"",
            "{ a = {} }", "1979-05-27", "99999999999999999999999", "0xff", "\"\\u0000\"", "['*']"]),
    ) {
        let _ = Config::parse("Oosync.toml", &format!("{key} = {value}\n")).map_err(|errors| errors.to_string());
    }
}

#[test]
fn no_role_of_the_sync_keeps_every_row() {
    insta::assert_snapshot!(
        errors(
            "[server]\nrole = \"sync\"\n[claims]\nrole = \"role\"\nroles = { a = \"app_user\" }\n\
             [row_security]\nkeep = [\"app_web\", \"sync\", \"public\"]\naccept = [\"app_web\", \"app_user\"]\n"
        ),
        @r#"
        error: requests of users run as the role `sync`
         --> Oosync.toml:7:20
          |
        7 | keep = ["app_web", "sync", "public"]
          |                    ^^^^^^ is what the server logs in as: `[server] role`
          |
          = note: under `[row_security]` are roles of other programs
          = help: remove it from the list

        error: `public` is every role, also those of the sync
         --> Oosync.toml:7:28
          |
        7 | keep = ["app_web", "sync", "public"]
          |                            ^^^^^^^^
          |
          = help: name the roles one by one

        error: the role `app_web` cannot keep every row and lose them
         --> Oosync.toml:8:11
          |
        8 | accept = ["app_web", "app_user"]
          |           ^^^^^^^^^ is in `row_security.keep` too

        error: requests of users run as the role `app_user`
         --> Oosync.toml:8:22
          |
        8 | accept = ["app_web", "app_user"]
          |                      ^^^^^^^^^^ is what a claim stands for: `[claims] roles`
          |
          = note: under `[row_security]` are roles of other programs
          = help: remove it from the list
        "#
    );
}

#[test]
fn only_a_function_has_a_limit_of_users() {
    insta::assert_snapshot!(
        errors("[buckets.b]\nmembers = { table = \"m\", user = \"u\", key = \"k\" }\nfan_out_limit = 5\n"),
        @r#"
        error: `fan_out_limit` of bucket `b` limits nothing
         --> Oosync.toml:3:17
          |
        3 | fan_out_limit = 5
          |                 ^ is for `function`
          |
          = note: by `members` a row is logged once, however many members read it
          = help: remove the line
        "#
    );
}
