//! Schemas, and what sessions do to them, made up: after every pull each device is what the model of the schema says.
//!
//! `OOSYNC_SECONDS=600 cargo test -p oosync-tests --test capture generated` goes on that long; `OOSYNC_SEED=…` begins
//! with other numbers. What fails is made small and printed as SQL.

mod oracle;
mod schema;
mod statements;

use std::cell::RefCell;
use std::fmt;
use std::time::{Duration, Instant};

use oosync_build::config::{Config, Tags};
use oosync_build::introspect::snapshot;
use oosync_build::plan::{Draft, Plan, Strictness};
use oosync_build::postgres::Installation;
use oosync_tests::TestDatabase;
use postgres::{Client, Transaction};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config as Cases, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use self::oracle::State;
use self::schema::{Schema, USERS};
use self::statements::Step;
use super::device::{Device, Rows, difference};
use super::under_fire::variable;

/// A schema, and what happens to it.
#[derive(Clone)]
struct Case {
    schema: Schema,
    steps: Vec<Step>,
}

impl fmt::Debug for Case {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} tables and {} steps", self.schema.tables.len(), self.steps.len())
    }
}

fn any_case() -> impl Strategy<Value = Case> {
    // What comes first is made small first.
    (prop::collection::vec(statements::any_step(), 0..120), schema::any_schema())
        .prop_map(|(steps, schema)| Case { schema, steps })
}

/// What an application may meet: constraints, serialization, deadlock, locks that are held.
fn is_expected(error: &postgres::Error) -> bool {
    let Some(code) = error.code() else { return false };
    let code = code.code();
    // 21000: a row that one statement would upsert twice; 27000: one that its own cascades have changed; 3B001: there
    // is no such savepoint; 55000: a row without parent
    // under an older snapshot; 55006: keys are yet to be checked in a table that is emptied.
    code.starts_with("23")
        || ["40001", "40P01", "55P03", "21000", "27000", "3B001", "55006", "55000"].contains(&code)
}

/// A session, which may be in a transaction.
struct Session {
    name: char,
    client: Client,
    open: bool,
}

impl Session {
    fn new(database: &TestDatabase, name: char) -> Self {
        let mut client = database.client();
        client
            .batch_execute(
                "set lock_timeout = '20ms'; set datestyle = 'SQL, DMY'; set timezone = 'Asia/Tokyo';
                 set bytea_output = 'escape'; set client_min_messages = 'warning'",
            )
            .unwrap();
        Self { name, client, open: false }
    }

    /// Runs SQL; what fails is undone alone, and is written down.
    fn run(&mut self, sql: &str, story: &mut Vec<String>) -> Result<(), String> {
        if self.open {
            self.client.batch_execute("savepoint oosync_step").unwrap();
        }
        let outcome = self.client.batch_execute(sql);
        let failed = match &outcome {
            Ok(()) => String::new(),
            Err(error) => {
                format!(" -- {}", error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string))
            }
        };
        story.push(format!("{}: {sql};{failed}", self.name));
        match outcome {
            Ok(()) if self.open => {
                self.client.batch_execute("release savepoint oosync_step").unwrap();
            }
            Ok(()) => {}
            Err(error) => {
                if self.open {
                    self.client
                        .batch_execute("rollback to savepoint oosync_step; release savepoint oosync_step")
                        .unwrap();
                }
                if !is_expected(&error) {
                    return Err(format!("{sql}: {error}: {:?}", error.as_db_error()));
                }
            }
        }
        Ok(())
    }

    fn turn(&mut self, how: u8, story: &mut Vec<String>) -> Result<(), String> {
        let sql = statements::turn(how, self.open);
        if sql.starts_with("savepoint") || sql.starts_with("rollback to") || sql.starts_with("set") {
            return match self.client.batch_execute(sql) {
                Ok(()) => {
                    story.push(format!("{}: {sql};", self.name));
                    Ok(())
                }
                Err(_) => {
                    // No such savepoint: the transaction is over.
                    story.push(format!("{}: rollback;", self.name));
                    self.open = false;
                    self.client.batch_execute("rollback").map_err(|error| error.to_string())
                }
            };
        }
        self.open = sql.starts_with("begin");
        let outcome = self.client.batch_execute(sql);
        let failed = match &outcome {
            Ok(()) => String::new(),
            Err(error) => {
                format!(" -- {}", error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string))
            }
        };
        story.push(format!("{}: {sql};{failed}", self.name));
        match outcome {
            Err(error) if !is_expected(&error) => Err(format!("{sql}: {error}: {:?}", error.as_db_error())),
            _ => Ok(()),
        }
    }
}

/// One pull of one device, if nothing that it reads is locked.
fn pull(schema: &Schema, plan: &Plan, client: &mut Client, device: &mut Device) -> Result<(), String> {
    let mut truth = |transaction: &mut Transaction<'_>, user: &str| -> Result<Rows, postgres::Error> {
        State::read(schema, transaction)?.rows_of(transaction, user)
    };
    match device.pull_beside(plan, client, &mut truth) {
        Ok(truth) => match difference(&device.rows, &truth) {
            wrong if wrong.is_empty() => Ok(()),
            wrong => Err(format!("the device of {}:\n{wrong}", device.user)),
        },
        Err(error) if is_expected(&error) => Ok(()),
        Err(error) => Err(format!("a pull of {}: {error}: {:?}", device.user, error.as_db_error())),
    }
}

fn play(case: &Case, story: &mut Vec<String>) -> Result<(), String> {
    let schema = &case.schema;
    let database = TestDatabase::empty();
    if let Err(error) = database.client().batch_execute(&schema.sql()) {
        return Err(format!("the schema: {error}: {:?}", error.as_db_error()));
    }
    let facts = snapshot(&mut database.client(), &["public"]).unwrap();
    let config = Config::parse("Oosync.toml", &schema.config()).map_err(|problems| problems.to_string())?;
    let (tags, _) = Tags::read(&facts);
    let validated = Draft::new(&facts, &config, &tags).validate(Strictness::Strict);
    let plan = validated.map_err(|problems| problems.to_string())?.plan;
    let installation = Installation::new(&plan, &facts, &config).map_err(|problems| problems.to_string())?;
    if let Err(error) = database.client().batch_execute(&installation.install_sql()) {
        return Err(format!("the installation: {error}: {:?}", error.as_db_error()));
    }
    let users: Vec<String> = (0..USERS).map(|number| schema.user_id(number)).collect();
    let mut devices: Vec<Device> = users.iter().cloned().map(Device::of).collect();
    let mut sessions = ['A', 'B'].map(|name| Session::new(&database, name));
    let mut reader = database.client();
    reader.batch_execute("set lock_timeout = '20ms'; set bytea_output = 'hex'").unwrap();
    for device in &mut devices {
        pull(schema, &plan, &mut reader, device)?;
    }
    for step in statements::beginning(schema).iter().chain(&case.steps) {
        match step {
            Step::Turn { session, how } => sessions[*session].turn(*how, story)?,
            Step::Run { session, numbers } => {
                sessions[*session].run(&statements::statement(schema, *numbers), story)?;
            }
            Step::Pull { user } => {
                story.push(format!("-- {} pulls", users[*user]));
                pull(schema, &plan, &mut reader, &mut devices[*user])?;
            }
        }
    }
    for session in sessions.iter_mut().filter(|session| session.open) {
        session.turn(0, story)?;
    }
    story.push("-- all pull".to_owned());
    for device in &mut devices {
        pull(schema, &plan, &mut reader, device)?;
    }
    oracle::compare(schema, &mut reader, &installation.server_role, &users)
}

#[test]
fn devices_of_any_schema_follow_whatever_happens() {
    let seconds = variable("OOSYNC_SECONDS").unwrap_or(12) as u64;
    let seed = variable("OOSYNC_SEED").unwrap_or(1) as u64;
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let cases = Cases { max_shrink_iters: 2_000, max_shrink_time: 60_000, ..Cases::default() };
    let mut runner = TestRunner::new_with_rng(cases, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let (strategy, began, mut played) = (any_case(), Instant::now(), 0);
    let last = RefCell::new(String::new());
    while began.elapsed() < Duration::from_secs(seconds) {
        let case = strategy.new_tree(&mut runner).unwrap();
        assert!(!case.current().schema.tables.is_empty());
        let outcome = runner.run_one(case, |case| {
            let mut story = Vec::new();
            play(&case, &mut story).map_err(|wrong| {
                let schema = &case.schema;
                let told = format!("{}\n{}\n{}\n\n{wrong}", schema.sql(), schema.config(), story.join("\n"));
                last.replace(told);
                TestCaseError::fail(wrong)
            })
        });
        match outcome {
            Ok(_) => played += 1,
            Err(TestError::Fail(_, case)) => {
                // The last failure is the smallest one, unless threads of the server changed their minds.
                panic!("after {played} cases, with seed {seed}: {case:?}\n{}", last.borrow());
            }
            Err(error) => panic!("{error}"),
        }
    }
    println!("{played} cases");
    assert!(played > 0);
}
