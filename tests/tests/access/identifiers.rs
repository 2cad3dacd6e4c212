//! Names that need quotes, and owners of every type.

use oosync_tests::TestDatabase;

use super::installed::{Outcome, ask, connect, installation, installed};

#[test]
fn names_that_could_end_a_string_or_a_body_are_names() {
    let database = TestDatabase::with_schema(
        r#"create table "My ""Table" ("select" int primary key, "the 'owner' \" uuid not null, "$oosync$" int, "a.b" text);
           create table "select" ("My ""Table" int primary key, "order" int references "My ""Table", "to_jsonb" text);
           create table "$oosync$ members" ("$1" uuid, "key 'of'" int, primary key ("$1", "key 'of'"));
           create table "function" ("group" int primary key, "user" uuid[], "function" text);
           create function "who's $oosync$ ""there"(text, text, jsonb, jsonb) returns setof text language sql as
             $$ select jsonb_array_elements_text(coalesce($3, $4) -> 'user') $$;
           insert into "My ""Table" values (1, '00000000-0000-4000-8000-000000000000', null), (2, '00000000-0000-4000-8000-000000000001', 7);
           insert into "select" values (1, 1), (2, 2), (3, null);
           insert into "$oosync$ members" values ('00000000-0000-4000-8000-000000000002', 7);
           insert into "function" values (1, '{00000000-0000-4000-8000-000000000002}')"#,
    );
    let config = r#"
        [tables.'"My ""Table"']
        owner_column = "the 'owner' \\"
        bucket = "it's $oosync$ \"x"
        bucket_column = "$oosync$"
        deny_delete = false
        [tables.'"$oosync$ members"']
        exclude = true
        [tables.'"function"']
        bucket = "by $1 %s"
        push = "members"
        [buckets.'it''s $oosync$ "x']
        members = { table = '"$oosync$ members"', user = "$1", key = "key 'of'" }
        write = "members"
        [buckets."by $1 %s"]
        function = '"who''s $oosync$ ""there"'
        fan_out_limit = 2
    "#
    .replace("[buckets.'it''s $oosync$ \"x']", "[buckets.\"it's $oosync$ \\\"x\"]")
    .replace("'\"who''s $oosync$ \"\"there\"'", "\"\\\"who's $oosync$ \\\"\\\"there\\\"\"");
    let (.., installation) = installation(&database, &config);
    database.execute(&installation.install_sql());
    let mut client = connect(&database, "oosync_server");
    let user = |number: usize| format!("00000000-0000-4000-8000-{number:012}");
    let rows = |client: &mut postgres::Client, number, sql: &str| ask(client, &user(number), sql);
    for (number, expected) in [(0, 1), (1, 1), (2, 1), (3, 0)] {
        assert_eq!(
            rows(&mut client, number, r#"select from "My ""Table""#),
            Outcome::Rows(expected),
            "{number}"
        );
        assert_eq!(rows(&mut client, number, r#"select from "select""#), Outcome::Rows(expected), "{number}");
    }
    assert_eq!(rows(&mut client, 2, r#"select from "function""#), Outcome::Rows(1));
    assert_eq!(rows(&mut client, 1, r#"select from "function""#), Outcome::Rows(0));
    assert_eq!(rows(&mut client, 2, r#"update "select" set "to_jsonb" = ''"#), Outcome::Rows(1));
    assert_eq!(rows(&mut client, 0, r#"delete from "My ""Table""#), Outcome::Error(
        "ERROR: update or delete on table \"My \"Table\" violates foreign key constraint \"select_order_fkey\" on table \"select\"\nDETAIL: Key is still referenced from table \"select\".".into()));
    // More than two are too many.
    let crowd = format!("update \"function\" set \"user\" = '{{{},{},{}}}'", user(2), user(3), user(4));
    let Outcome::Error(message) = rows(&mut client, 2, &crowd) else { panic!("a crowd is no error") };
    assert!(
        message.contains("more than 2 users have the row {1} of public.function, by the bucket by $1 %s"),
        "{message}"
    );
    database.execute(&installation.uninstall_sql());
}

#[test]
fn owners_are_of_any_type_and_ids_are_never_cut_or_rounded() {
    let cases = [
        ("text", "'ab c'", "ab c", "ab"),
        ("varchar(3)", "'abc'", "abc", "abcd"),
        ("char(3)", "'abc'", "abc", "abcd"),
        ("integer", "7", "7", "8"),
        ("bigint", "9007199254740993", "9007199254740993", "9007199254740992"),
        ("smallint", "7", "7", "70"),
        ("numeric(6,2)", "1.50", "1.50", "1.501"),
        (
            "uuid",
            "'00000000-0000-4000-8000-000000000000'",
            "00000000-0000-4000-8000-000000000000",
            "00000000-0000-4000-8000-000000000001",
        ),
        ("person", "'ann'", "ann", "bob"),
        ("short", "'abc'", "abc", "abcd"),
        ("nested", "'abc'", "abc", "abcd"),
        ("many", "7", "7", "8"),
        ("oid", "7", "7", "8"),
    ];
    for (ty, value, user, other) in cases {
        let database = installed(
            &format!(
                "create type person as enum ('ann', 'bob');
                 create domain short as varchar(3); create domain nested as short check (value <> '');
                 create domain many as bigint check (value > 0);
                 create table todos (id int primary key, user_id {ty} not null, title text);
                 create index on todos (user_id);
                 create table parts (id int primary key, todo_id int references todos);
                 insert into todos values (1, {value}); insert into parts values (1, 1)"
            ),
            "",
        );
        let mut client = connect(&database, "oosync_server");
        for table in ["todos", "parts"] {
            let mut rows = |user| ask(&mut client, user, &format!("select from {table}"));
            assert_eq!(rows(user), Outcome::Rows(1), "{table} {ty}");
            assert_eq!(rows(other), Outcome::Rows(0), "{table} {ty}");
            assert_eq!(rows(""), Outcome::Rows(0), "{table} {ty}");
        }
        assert_eq!(
            ask(&mut client, other, &format!("insert into todos values (2, {value})")),
            Outcome::Denied,
            "{ty}"
        );
        assert_eq!(
            ask(&mut client, user, &format!("insert into todos values (2, {value})")),
            Outcome::Rows(1),
            "{ty}"
        );
        // What the log calls the owner is a bucket of the owner's, and of nobody else.
        let found = "select count(*) from oosync.change_log where bucket in (select oosync.buckets())";
        database.execute("update todos set title = 'new'");
        for (who, expected) in [(user, true), (other, false)] {
            let mut transaction = client.transaction().unwrap();
            transaction.execute("select set_config('oosync.user_id', $1, true)", &[&who]).unwrap();
            let count: i64 = transaction.query_one(found, &[]).unwrap().get(0);
            assert_eq!(count > 0, expected, "{ty} {who}");
        }
    }
}

#[test]
fn keys_are_compared_as_the_type_that_the_table_has() {
    let schema = "
        create table members (tenant text, list varchar(10), user_id uuid);
        create table plain (id int primary key, tenant int, list text);
        create table indexed (id int primary key, tenant bigint, list char(5));
        create index on indexed (tenant, list);
        create table byquery (id int primary key, day date);
        create index on byquery (day);
        insert into members values ('1', 'a', '00000000-0000-4000-8000-000000000000'), ('2', 'b', '00000000-0000-4000-8000-000000000000');
        insert into plain values (1, 1, 'a'), (2, 2, 'a'), (3, 1, 'b'), (4, null, 'a'), (5, 1, null);
        insert into indexed select * from plain;
        insert into byquery values (1, '2024-03-04'), (2, '2024-04-03'), (3, null)";
    let config = "
        [sync]
        exclude = [\"members\"]
        [tables.plain]
        bucket = \"list\"
        [tables.indexed]
        bucket = \"list\"
        [tables.byquery]
        bucket = \"day\"
        bucket_column = \"day\"
        [buckets.list]
        members = { table = \"members\", user = \"user_id\", key = [\"tenant\", \"list\"] }
        [buckets.day]
        query = \"select date '2024-03-04' where $1 like '%0' -- one day; and no more\"";
    let database = installed(schema, config);
    let mut client = connect(&database, "oosync_server");
    let user = "00000000-0000-4000-8000-000000000000";
    for style in ["ISO, YMD", "SQL, DMY", "German"] {
        client.batch_execute(&format!("set datestyle = '{style}'")).unwrap();
        for table in ["plain", "indexed", "byquery"] {
            assert_eq!(
                ask(&mut client, user, &format!("select from {table}")),
                Outcome::Rows(1),
                "{table} {style}"
            );
            assert_eq!(
                ask(&mut client, "", &format!("select from {table}")),
                Outcome::Rows(0),
                "{table} {style}"
            );
        }
    }
}

#[test]
fn the_schema_of_extremes_is_installed_and_removed() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("generated/extremes.sql");
    let database = TestDatabase::empty();
    database.execute_file(&path);
    let facts = oosync_build::introspect::snapshot(&mut database.client(), &["public"]).unwrap();
    let config =
        oosync_build::config::Config::parse("Oosync.toml", "[sync]\nunowned = \"everyone\"").unwrap();
    let (tags, _) = oosync_build::config::Tags::read(&facts);
    let plan = oosync_build::plan::Draft::new(&facts, &config, &tags)
        .validate(oosync_build::plan::Strictness::Lenient)
        .unwrap()
        .plan;
    let installation = oosync_build::postgres::Installation::new(&plan, &facts, &config).unwrap();
    for _ in 0..2 {
        database.execute(&installation.install_sql());
    }
    let mut client = connect(&database, "oosync_server");
    for table in &plan.tables {
        let quoted = format!("\"{}\".\"{}\"", table.name.schema, table.name.name.replace('"', "\"\""));
        let found = ask(&mut client, "", &format!("select from {quoted}"));
        assert!(matches!(found, Outcome::Rows(_)), "{quoted}: {found:?}");
    }
    database.execute(&installation.uninstall_sql());
}
