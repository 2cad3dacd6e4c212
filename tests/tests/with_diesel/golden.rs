//! The generated code is the code that is tested.

use std::path::{Path, PathBuf};

use oosync_build::codegen::{Layout, Options, diesel_left_out, generate};
use oosync_build::config::Config;
use oosync_build::introspect::snapshot;
use oosync_build::plan::{Draft, Plan, Strictness};
use oosync_tests::TestDatabase;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("diesel")
}

fn plan() -> Plan {
    let database = TestDatabase::with_schema(&std::fs::read_to_string(folder().join("schema.sql")).unwrap());
    let facts = snapshot(&mut database.client(), &["public"]).unwrap();
    let config = std::fs::read_to_string(folder().join("Oosync.toml")).unwrap();
    let config = Config::parse("Oosync.toml", &config).unwrap();
    let (tags, _) = oosync_build::config::Tags::read(&facts);
    Draft::new(&facts, &config, &tags).validate(Strictness::Strict).unwrap().plan
}

#[test]
fn the_tested_code_is_what_is_generated() {
    let mut options = Options::default();
    options.layout = Layout::Modules;
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/with_diesel/schema");
    let files = generate(&plan(), &options).unwrap();
    if std::env::var_os("OOSYNC_UPDATE").is_some() {
        std::fs::create_dir_all(&target).unwrap();
        for file in &files {
            std::fs::write(target.join(&file.path), &file.text).unwrap();
        }
    }
    for file in &files {
        let golden = std::fs::read_to_string(target.join(&file.path)).unwrap_or_default();
        assert_eq!(golden, file.text, "{} is not what is generated", file.path);
    }
}

#[test]
fn tables_that_diesel_cannot_have_are_listed() {
    let left_out = diesel_left_out(&plan(), &Options::default()).unwrap();
    let lines: Vec<String> = left_out.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    public.wide is not in `diesel_sqlite`: it has 33 columns, and Diesel is used with up to 32: Builder::diesel_columns and a feature of diesel allow 64 or 128
    public.todos is not in `diesel_postgres`: it has the column "moods" of type public.mood[], which has no binary form that every server reads
    public.wide is not in `diesel_postgres`: it has 33 columns, and Diesel is used with up to 32: Builder::diesel_columns and a feature of diesel allow 64 or 128
    "#);
}
