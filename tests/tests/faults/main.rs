//! Each family of faults for a few seconds; the program `faults` goes on for as long as one likes.

#![allow(clippy::unwrap_used, reason = "tests")]

mod demo;

use std::collections::BTreeSet;
use std::time::Duration;

use oosync_tests::faults::{Kind, RunOptions, cluster, run};

/// Short runs, one after the other. Each kind of fault happens at least once.
#[track_caller]
fn holds(runs: &[(u64, &[Kind])]) {
    let cluster = cluster();
    for (seed, kinds) in runs {
        let options = RunOptions {
            seed: *seed,
            kinds: kinds.to_vec(),
            devices: 3,
            time: Duration::from_secs(2),
            program: env!("CARGO_BIN_EXE_faults").into(),
        };
        let outcome = run(&cluster, &options);
        assert!(outcome.written > 0 && outcome.backend > 0, "something was written: {outcome:?}");
        let happened: BTreeSet<Kind> = outcome.faults.keys().copied().collect();
        assert_eq!(happened, kinds.iter().copied().collect(), "they happened");
        if kinds.contains(&Kind::Expiry) {
            assert!(outcome.refused > 0, "tokens are looked at: {outcome:?}");
        }
        assert!(outcome.anomalies.is_empty(), "{outcome:#?}");
    }
}

#[test]
fn whatever_the_network_loses_and_whoever_is_killed_nothing_is_lost_or_applied_twice() {
    holds(&[
        (1, &[Kind::Disconnect, Kind::AnswerLost, Kind::CutAnswer, Kind::CutRequest, Kind::Twice]),
        (2, &[Kind::Kill, Kind::KillInApply, Kind::KillInUpload, Kind::KillBeforeAnswer]),
    ]);
}

#[test]
fn servers_and_postgres_may_be_killed_and_files_restored_and_copied() {
    holds(&[
        (3, &[Kind::ServerKill, Kind::TwoServers, Kind::PostgresKill, Kind::Terminate]),
        (4, &[Kind::Restore, Kind::Clone]),
    ]);
}

#[test]
fn whoever_may_see_rows_no_longer_has_them_no_longer_and_transactions_are_whole() {
    holds(&[(5, &[Kind::Share, Kind::LongWriter, Kind::Bulk, Kind::Truncate])]);
}

#[test]
fn apps_and_servers_of_two_versions_sync_with_a_database_that_changes_under_them() {
    holds(&[(6, &[Kind::Upgrade, Kind::Ddl]), (7, &[Kind::Rolling, Kind::Late, Kind::Blink])]);
}

#[test]
fn what_a_restored_postgres_has_lost_is_lost_for_everybody_and_nothing_else_is() {
    holds(&[(8, &[Kind::PostgresRestore])]);
}

#[test]
fn clocks_may_jump_and_disks_fail_and_a_bit_that_flips_is_found() {
    holds(&[
        (9, &[Kind::Clock, Kind::ServerClock]),
        (10, &[Kind::DiskFull, Kind::DiskError, Kind::Pause, Kind::ServerPause]),
        (11, &[Kind::BitFlip]),
    ]);
}

#[test]
fn rows_that_move_in_the_middle_of_an_answer_are_where_they_belong() {
    holds(&[(12, &[Kind::Deadlock, Kind::OtherDatabase, Kind::Prepared, Kind::Reparent, Kind::ShareInPull])]);
}

#[test]
fn whose_token_is_refused_keeps_its_queue_and_comes_back_and_nobody_is_taken_for_somebody_else() {
    holds(&[
        (13, &[Kind::Expiry, Kind::KeyRotation, Kind::IssuerDown]),
        (14, &[Kind::Expiry, Kind::IssuerClock, Kind::ForgedToken, Kind::OtherAccount]),
    ]);
}
