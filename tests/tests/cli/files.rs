//! Files that are broken, newer, in conflict, or cannot be written.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use oosync_build::facts::Facts;
use oosync_tests::TestDatabase;
use oosync_tests::postgres::effective_user;

use crate::project::{Project, SCHEMA, public_copy};

#[test]
fn a_merge_conflict_is_recognised_and_the_next_snapshot_settles_it() {
    let database = TestDatabase::with_schema(SCHEMA);
    let project = Project::with_facts_of(&database);
    let facts = project.read("oosync.facts.json");
    let marked = facts.replacen(
        "\n  \"enums\": [",
        "\n<<<<<<< HEAD\n  \"enums\": [\n=======\n  \"enums\": [\n>>>>>>> b",
        1,
    );
    project.write("oosync.facts.json", &marked);
    insta::assert_snapshot!(project.run(&["check", "--offline"]).all(), @r"
    exit code 4
    --- stderr
    error: a merge conflict is left in the facts
      --> oosync.facts.json:50:1
       |
    50 | <<<<<<< HEAD
       | ^^^^^^^^^^^^
       |
       = help: run `cargo oosync snapshot`: the database says which side is right
    ");
    assert_eq!(project.run(&["snapshot", "--database-url", &database.url()]).code, 0);
    assert_eq!(project.read("oosync.facts.json"), facts);
}

#[test]
fn broken_facts_are_replaced_by_those_of_the_same_schemas_and_newer_ones_never() {
    let database =
        TestDatabase::with_schema("create schema app; create table app.a (id int); create table p (id int)");
    let project = Project::new();
    let url = database.url();
    let both = ["snapshot", "--database-url", &url, "--schema", "app", "--schema", "public"];
    assert_eq!(project.run(&both).code, 0);
    let facts = project.read("oosync.facts.json");
    for broken in
        [facts.replace("\n  \"enums\"", "\n<<<<<<< HEAD\n  \"enums\""), facts[..facts.len() - 20].to_owned()]
    {
        project.write("oosync.facts.json", &broken);
        for command in ["snapshot", "init"] {
            let output = project.run(&[command, "--database-url", &url]);
            assert_eq!(output.code, 0, "{output:?}");
            assert_eq!(project.read("oosync.facts.json"), facts, "{command}");
            fs::remove_file(project.path("Oosync.toml")).ok();
            project.write("oosync.facts.json", &broken);
        }
    }
    let newer = "{\"format\": 2}";
    project.write("oosync.facts.json", newer);
    for command in ["snapshot", "init"] {
        let output = project.run(&[command, "--database-url", &url]);
        assert!(output.code == 4 && output.stderr.contains("upgrade oosync"), "{output:?}");
        assert_eq!(project.read("oosync.facts.json"), newer, "{command}");
    }
}

#[test]
fn a_truncated_file_is_told_from_a_wrong_one() {
    let database = TestDatabase::with_schema(SCHEMA);
    let project = Project::with_facts_of(&database);
    let facts = project.read("oosync.facts.json");
    for end in (0..facts.len() - 2).step_by(97) {
        project.write("oosync.facts.json", &facts[..end]);
        let output = project.run(&["check", "--offline"]);
        assert_eq!(output.code, 4, "{end}: {output:?}");
        assert!(output.stderr.contains("the facts end in the middle"), "{end}: {output:?}");
    }
    project.write("oosync.facts.json", &facts.replacen("\"not_null\": true", "\"not_nul\": true", 1));
    let output = project.run(&["check", "--offline"]);
    assert!(output.stderr.contains("unknown field `not_nul`"), "{output:?}");
    assert!(output.stderr.contains("--> oosync.facts.json:1"), "it has a line: {output:?}");
}

#[test]
fn facts_of_a_newer_version_are_refused_with_advice() {
    let project = Project::new();
    project.write("oosync.facts.json", "{\"format\": 2, \"something\": \"else\"}\n");
    insta::assert_snapshot!(project.run(&["check", "--offline"]).all(), @r"
    exit code 4
    --- stderr
    error: the facts have format 2, and this version reads format 1 (oosync.facts.json)
     |
     = help: upgrade oosync: `cargo update -p oosync-build`, `cargo install oosync-build --features cli`
    ");
}

#[test]
fn missing_facts_name_the_command_that_makes_them() {
    insta::assert_snapshot!(Project::new().run(&["check", "--offline"]).all(), @r"
    exit code 4
    --- stderr
    error: oosync.facts.json does not exist
     |
     = help: make it with `cargo oosync snapshot`, or with `cargo oosync init` in a new project
    ");
}

#[test]
fn a_config_with_a_typo_points_at_it() {
    let database = TestDatabase::with_schema(SCHEMA);
    let project = Project::with_facts_of(&database);
    project
        .write("Oosync.toml", "[sync]\nunowed = \"error\"\n\n[tables.ordres]\nowner_column = \"user_id\"\n");
    insta::assert_snapshot!(project.run(&["check", "--offline"]).all(), @r#"
    exit code 4
    --- stderr
    error: unknown key `unowed` in `[sync]`
     --> Oosync.toml:2:1
      |
    2 | unowed = "error"
      | ^^^^^^ did you mean `unowned`?
    "#);
    project.write(
        "Oosync.toml",
        "[tables.ordres]\nowner_column = \"user_id\"\n[tables.orders]\nowner_column = \"usr_id\"\n",
    );
    let output = project.run_with(&[("GITHUB_ACTIONS", "true")], &["check", "--offline"]);
    assert_eq!(output.code, 4);
    assert!(output.stderr.contains("did you mean `orders`?"), "{output:?}");
    assert!(output.stderr.contains("did you mean `user_id`?"), "all of them at once: {output:?}");
    assert!(output.stderr.contains("::error file=Oosync.toml,line=4,col="), "{output:?}");
    // The snapshot is taken all the same: it is what the config is to be held against.
    let snapshot = project.run(&["snapshot", "--database-url", &database.url()]);
    assert!(snapshot.code == 4 && snapshot.stdout.contains("is up to date"), "{snapshot:?}");
}

#[test]
fn a_tag_with_a_typo_points_into_the_comment() {
    let database = TestDatabase::with_schema(&SCHEMA.replace("ownerColumn", "ownerColum"));
    let project = Project::new();
    let output = project.run(&["snapshot", "--database-url", &database.url()]);
    assert_eq!(output.code, 4, "{output:?}");
    assert!(output.stderr.contains("comment on table public.orders:1:26"), "{output:?}");
    assert!(output.stderr.contains("did you mean `ownerColumn`?"), "{output:?}");
}

#[test]
fn a_folder_that_cannot_be_written_leaves_everything_as_it_was() {
    let database = TestDatabase::with_schema(SCHEMA);
    let project = Project::with_facts_of(&database);
    database.execute("alter table orders add note text");
    let before = project.read("oosync.facts.json");
    fs::set_permissions(&project.folder, fs::Permissions::from_mode(0o555)).unwrap();
    // Root may write anywhere, so the command runs as somebody else then.
    let root = effective_user().0 == 0;
    let programs = Project::new();
    let program = public_copy(Path::new(env!("CARGO_BIN_EXE_cargo-oosync-under-test")), &programs.folder);
    let mut command = Command::new(program);
    command.args(["snapshot", "--database-url", &database.url()]).current_dir(&project.folder);
    command.env_clear().stdin(Stdio::null());
    if root {
        command.uid(65_534).gid(65_534);
    }
    let output = project.finish(&mut command);
    fs::set_permissions(&project.folder, fs::Permissions::from_mode(0o755)).unwrap();
    insta::assert_snapshot!(output.all(), @r"
    exit code 5
    --- stderr
    error: cannot write oosync.facts.json: Permission denied (os error 13)
     |
     = note: the old facts, if there were any, are as they were
     = help: choose another place with `--facts FILE`, or `facts` in Oosync.toml
    ");
    assert_eq!(project.read("oosync.facts.json"), before);
}

#[test]
fn an_interrupted_snapshot_leaves_the_old_file_or_the_new_one_whole() {
    let many: String =
        (0..150).map(|i| format!("create table t{i} (id int primary key, note text);")).collect();
    let database = TestDatabase::with_schema(&many);
    let project = Project::with_facts_of(&database);
    let url = database.url();
    let mut texts = vec![project.read("oosync.facts.json")];
    let mut interrupted = 0;
    for round in 0..40_u64 {
        database.execute(&format!("alter table t0 add column c{round} int"));
        let mut child = project.command(&["snapshot", "--database-url", &url]);
        let mut child = child.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(round * 5));
        let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
        let status = child.wait().unwrap();
        interrupted += u32::from(killed.unwrap().success() && !status.success());
        let text = project.read("oosync.facts.json");
        if texts.last() != Some(&text) {
            let columns = Facts::from_json(&text).unwrap().table("public", "t0").unwrap().columns.len();
            assert_eq!(u64::try_from(columns).unwrap(), round + 3, "the new file is the new state");
            texts.push(text);
        }
    }
    assert!(interrupted > 0, "no run was caught in the middle");
    database.execute("alter table t0 add column last int");
    assert_eq!(project.run(&["snapshot", "--database-url", &url]).code, 0, "and the next one works");
    let left: BTreeSet<_> =
        fs::read_dir(&project.folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(
        left,
        ["Cargo.toml", "oosync.facts.json"].map(Into::into).into(),
        "what the killed ones left is removed"
    );
}

#[test]
fn no_message_shows_a_password_or_colors_nobody_wants() {
    let project = Project::new();
    for url in [
        "postgres://app:s3cret@127.0.0.1:1/shop",
        "postgres://app:s3@cret@127.0.0.1:1/shop",
        "postgres://app:s3cret@127.0.0.1:port/shop",
        "host=127.0.0.1 port=1 user=app password=s3cret",
        "host=127.0.0.1 port=1 password='s3cret",
        "postgres://127.0.0.1:1/shop?password=s3&cret=1",
        "host=127.0.0.1 port=1 password=my s3cret=x",
        "s3cret",
    ] {
        for command in ["snapshot", "check", "doctor", "init"] {
            project.write("oosync.facts.json", "{}");
            for format in ["human", "json"] {
                let output = project.run(&[command, "--database-url", url, "--format", format, "--verbose"]);
                assert!(!output.all().contains("cret"), "{output:?}");
            }
        }
    }
    let escape = '\u{1b}';
    let arguments = ["snapshot", "--database-url", "postgres://127.0.0.1:1/shop"];
    assert!(!project.run(&arguments).stderr.contains(escape), "not a terminal");
    let always = [&arguments[..], &["--color", "always"]].concat();
    assert!(project.run(&always).stderr.contains(escape));
    let forced = [("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")];
    assert!(!project.run_with(&forced, &arguments).stderr.contains(escape), "NO_COLOR is honoured");
}
