//! `with-postgres [--schema FILE]… COMMAND [ARGUMENT]…`: runs a command against a throwaway database.
//!
//! The command finds the database in `OOSYNC_DATABASE_URL`; its exit code is ours. Server and data are gone when
//! it ends.

#![allow(clippy::expect_used, reason = "a tool for our own scripts, whose messages are enough there")]

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};

use oosync_tests::TestDatabase;
use oosync_tests::postgres::psql;

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let database = TestDatabase::empty();
    while arguments.first().is_some_and(|argument| argument == "--schema") {
        let file = arguments.get(1).expect("--schema FILE").clone();
        database.execute_file(Path::new(&file));
        arguments.drain(..2);
    }
    let (program, rest) =
        arguments.split_first().expect("with-postgres [--schema FILE] COMMAND [ARGUMENT]...");
    let status = Command::new(program)
        .args(rest)
        .env("OOSYNC_DATABASE_URL", database.url())
        .env("PATH", with_client_programs())
        .status()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    status.code().map_or(ExitCode::FAILURE, |code| ExitCode::from(u8::try_from(code).unwrap_or(1)))
}

/// `PATH` with the folder of `psql` at its end.
fn with_client_programs() -> OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let client = psql().parent().map(Path::to_owned);
    std::env::join_paths(std::env::split_paths(&path).chain(client)).unwrap_or(path)
}
