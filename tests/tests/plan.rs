//! One folder per rule of the plan: `plan/<case>/{schema.sql,Oosync.toml}`, and the plan or the errors they lead to.
//!
//! Headers of `schema.sql`: `-- postgres: 15` is the oldest major that takes it, `-- schemas: a, b` what to read
//! instead of `public`. Every case is planned strictly; where that is an error, leniently as well.
//!
//! After a change that is meant: `INSTA_UPDATE=always cargo test -p oosync-tests --test plan`.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use oosync_build::config::{Config, Tags};
use oosync_build::diagnostic::Diagnostics;
use oosync_build::facts::{Facts, Table};
use oosync_build::introspect::snapshot;
use oosync_build::plan::{Draft, Plan, Strictness, Validated, server_config, table_meta};
use oosync_build::project::Project;
use oosync_tests::{Cluster, TestDatabase, each};

#[test]
fn every_case_leads_to_its_plan() {
    let mut folders: Vec<PathBuf> = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("plan"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    // A debugging aid: `OOSYNC_CASE=bucket` runs the cases whose names contain it.
    let filter = std::env::var("OOSYNC_CASE").unwrap_or_default();
    folders.retain(|folder| name(folder).contains(&filter));
    assert!(!folders.is_empty(), "no case has {filter:?} in its name");
    let version =
        Cluster::shared().client().query_one("select current_setting('server_version_num')::int4", &[]);
    let major = version.unwrap().get::<_, i32>(0) / 10_000;
    each(&folders, 4, |folder| name(folder), |folder| run(folder, major));
}

fn run(folder: &Path, major: i32) {
    let schema = std::fs::read_to_string(folder.join("schema.sql")).unwrap();
    let header = |key: &str| schema.lines().find_map(|line| line.strip_prefix(&format!("-- {key}: ")));
    if header("postgres").is_some_and(|oldest| major < oldest.trim().parse().unwrap()) {
        return;
    }
    let schemas: Vec<&str> = header("schemas").unwrap_or("public").split(',').map(str::trim).collect();
    let database = TestDatabase::empty();
    database.execute(&schema);
    let facts = snapshot(&mut database.client(), &schemas).unwrap();
    let config = std::fs::read_to_string(folder.join("Oosync.toml")).unwrap_or_default();
    let mut text = String::new();
    match plan(&facts, &config, Strictness::Strict) {
        Ok(validated) => shown(&validated, &mut text),
        Err(problems) => {
            write!(text, "strict:\n\n{problems}\n").unwrap();
            match plan(&facts, &config, Strictness::Lenient) {
                Ok(validated) => {
                    text.push_str("\n\nlenient:\n\n");
                    shown(&validated, &mut text);
                }
                Err(lenient) if lenient == problems => text.push_str("\n\nlenient: the same\n"),
                Err(lenient) => write!(text, "\n\nlenient:\n\n{lenient}\n").unwrap(),
            }
        }
    }
    insta::with_settings!({
        snapshot_path => folder,
        prepend_module_to_snapshot => false,
        omit_expression => true,
        input_file => folder.join("schema.sql"),
    }, {
        insta::assert_snapshot!("plan", text);
    });
}

fn plan(facts: &Facts, config: &str, strictness: Strictness) -> Result<Validated, Diagnostics> {
    let config = Config::parse("Oosync.toml", config)?;
    let (tags, read) = Tags::read(facts);
    let mut problems = config.check(facts, &tags);
    problems.extend(read);
    problems.extend(tags.check(&config, facts));
    if problems.has_errors() {
        return Err(problems);
    }
    let validated = Draft::new(facts, &config, &tags).validate(strictness)?;
    complete(facts, &validated.plan);
    Ok(validated)
}

/// What holds for every plan.
fn complete(facts: &Facts, plan: &Plan) {
    let mut names: Vec<_> = plan.tables.iter().map(|table| table.name.clone()).collect();
    names.extend(plan.not_synced.iter().map(|table| table.name.clone()));
    let all: BTreeSet<_> = facts.tables.iter().map(Table::qualified_name).collect();
    assert_eq!(names.len(), all.len(), "no table is there twice");
    assert_eq!(names.into_iter().collect::<BTreeSet<_>>(), all, "every table is in the plan or has a reason");
    for table in &plan.tables {
        assert!(!table.primary_key.is_empty(), "{}", table.name);
        let of_facts = facts.table(&table.name.schema, &table.name.name).unwrap();
        let mut columns: Vec<_> = table.excluded_columns.iter().map(|(name, _)| name.as_str()).collect();
        columns.extend(table.columns.iter().map(|column| column.name.as_str()));
        let missing: Vec<_> =
            of_facts.columns.iter().filter(|column| !columns.contains(&column.name.as_str())).collect();
        assert!(missing.is_empty(), "{}: {missing:?}", table.name);
    }
}

fn shown(validated: &Validated, text: &mut String) {
    let plan = &validated.plan;
    let overview = plan.overview();
    let (_, rest) = overview.split_once('\n').unwrap();
    text.push_str(rest.trim_start_matches('\n'));
    for table in &plan.tables {
        write!(text, "\n\n{}", table.describe()).unwrap();
    }
    for problem in validated.warnings.iter() {
        write!(text, "\n\n{problem}").unwrap();
    }
    text.push('\n');
}

fn name(folder: &Path) -> String {
    folder.file_name().unwrap().to_string_lossy().into_owned()
}

#[test]
fn the_example_is_planned_without_a_warning() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let project = Project::find(root).unwrap();
    let validated = project.plan(Strictness::Strict).unwrap();
    complete(&project.load_facts().unwrap(), &validated.plan);
    assert!(validated.warnings.is_empty(), "{}", validated.warnings);
    let mut text = String::new();
    shown(&validated, &mut text);
    // The config is shown relative to where a person stands.
    insta::assert_snapshot!("example", text.replace(&format!("{}/", root.display()), ""));
}

#[test]
fn what_others_are_told_of_the_example() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let plan = Project::find(root).unwrap().plan(Strictness::Strict).unwrap().plan;
    let meta = table_meta(&plan);
    assert_eq!(meta["syncableTables"].as_array().unwrap().len(), plan.tables.len());
    let lists = &meta["tables"]["lists"];
    insta::assert_snapshot!(serde_json::to_string_pretty(lists).unwrap());
    assert_eq!(meta["tables"]["todo_labels"]["primaryKey"], serde_json::json!(["todo_id", "label_id"]));
    assert_eq!(meta["tables"]["todos"]["pull"]["collection"], "lists");
    assert_eq!(meta["tables"]["todos"]["booleanColumns"], serde_json::json!(["done"]));
    assert_eq!(meta["tableSyncOrder"]["labels"], 1);
    let server = server_config(&plan);
    assert_eq!(server["schemaHash"], plan.hash.as_str());
    assert_eq!(server["tables"][0]["name"], "labels");
}

#[test]
fn whole_schemas_are_planned_where_everyone_reads_what_belongs_to_nobody() {
    let Some(schemas) = oosync_tests::corpus::schemas() else { return };
    each(
        &schemas,
        2,
        |schema| schema.name.clone(),
        |schema| {
            let database = TestDatabase::empty();
            database.execute_file(&schema.schema);
            let facts = snapshot(&mut database.client(), &["public"]).unwrap();
            let validated = plan(&facts, "[sync]\nunowned = \"everyone\"\n", Strictness::Strict).unwrap();
            assert!(!validated.plan.tables.is_empty());
            // A debugging aid: `OOSYNC_SHOW=1 … -- --nocapture` prints the plans.
            if std::env::var_os("OOSYNC_SHOW").is_some() {
                let mut text = String::new();
                shown(&validated, &mut text);
                println!("# {}\n\n{text}", schema.name);
            }
        },
    );
}

#[test]
fn the_hash_is_of_what_is_synced_and_of_nothing_else() {
    const SCHEMA: &str =
        "create table todos (id uuid primary key, user_id uuid not null, title text, note text)";
    let hash = |change: &str, config: &str| {
        let database = TestDatabase::with_schema(SCHEMA);
        database.execute(change);
        let facts = snapshot(&mut database.client(), &["public"]).unwrap();
        plan(&facts, config, Strictness::Strict).unwrap().plan.hash
    };
    let as_it_is = hash("", "");
    let same = [
        ("create index on todos (title)", ""),
        ("comment on table todos is 'Things. @oosync.order=9'", ""),
        ("alter table todos alter title set default 'x'", ""),
        ("create table other (user_id uuid)", ""),
        ("alter table todos add check (title <> '')", ""),
        ("", "[types]\nuuid = \"text\"\n[tables.todos]\nrust_name = \"Task\"\n"),
        ("", "[tables.todos.columns.draft]\nlocal_only = true\ntype = \"text\"\n"),
        ("alter table todos add secret text", "[tables.todos.columns.secret]\nexclude = true\n"),
    ];
    for (change, config) in same {
        assert_eq!(hash(change, config), as_it_is, "{change} {config}");
    }
    let other = [
        ("alter table todos alter title type varchar(3)", true),
        ("alter table todos alter title type int using 1", false),
        ("alter table todos alter title set not null", false),
        ("alter table todos rename title to name", false),
        ("alter table todos add more text", false),
        ("alter table todos drop constraint todos_pkey, add primary key (id, user_id)", false),
        ("create table other (id uuid primary key, user_id uuid)", false),
        ("alter table todos rename to tasks", false),
    ];
    for (change, equal) in other {
        assert_eq!(hash(change, "") == as_it_is, equal, "{change}");
    }
}
