//! Many writers at once while devices pull, from the engine and by HTTP from servers that end and begin again; whenever
//! everybody pauses, each device is exact.
//!
//! `OOSYNC_ROUNDS=200 cargo test -p oosync-tests --test server fire` is a long run.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use oosync_tests::fire::{CONFIG, Dice, SCHEMA, USERS, user, write};

use super::device::{Device, Form};
use super::served::Served;
use super::support::Server;

const WRITERS: usize = 6;

fn variable(name: &str) -> Option<usize> {
    std::env::var(name).ok()?.parse().ok()
}

struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn no_device_is_wrong_under_fire() {
    let rounds = variable("OOSYNC_ROUNDS").unwrap_or(6);
    let seed = variable("OOSYNC_SEED").unwrap_or(1) as u64;
    let server = Server::with(SCHEMA, CONFIG);
    for number in 0..USERS {
        server.database.execute(&format!("insert into users values ('{}', 'user {number}')", user(number)));
    }
    let (stop, committed, turn) = (AtomicBool::new(false), AtomicUsize::new(0), RwLock::new(()));
    let served = Served::start(&server);
    let forms = [Form::Frames, Form::Json(40)];
    let mut devices: Vec<Device<'_>> = (0..USERS)
        .flat_map(|number| {
            let (server, served) = (&server, &served);
            let http = forms.map(|form| Device::over_http(server, served, number, form));
            forms.map(|form| Device::new(server, number, form)).into_iter().chain(http)
        })
        .collect();
    devices.iter_mut().for_each(Device::snapshot);
    let (pulls, anew, restarts) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let _at_the_end = Stop(&stop);
        for number in 0..WRITERS {
            let (stop, committed, turn, database) = (&stop, &committed, &turn, &server.database);
            let seed = seed.wrapping_mul(1_000).wrapping_add(number as u64);
            scope.spawn(move || write(database, number, seed, stop, committed, turn));
        }
        {
            let (stop, server) = (&stop, &server);
            scope.spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    // An ended connection is no reason to stop.
                    let _ = server.wait(server.engine.mark());
                    let _ = server.wait(server.engine.compact("2 s"));
                    std::thread::sleep(Duration::from_millis(100));
                }
            });
        }
        {
            let (stop, turn, server, served, restarts) = (&stop, &turn, &server, &served, &restarts);
            let (pulls, anew, devices) = (&pulls, &anew, devices.len());
            scope.spawn(move || {
                let done = || pulls.load(Ordering::Relaxed) + anew.load(Ordering::Relaxed);
                let mut before = done();
                while !stop.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_millis(50));
                    // However slow the machine is, some come to an end.
                    if done() < before + devices {
                        continue;
                    }
                    before = done();
                    // Whoever is looked at is answered.
                    let _everybody = turn.read().unwrap_or_else(PoisonError::into_inner);
                    served.restart(server);
                    restarts.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        for round in 0..rounds {
            let mut dice = Dice::new(seed.wrapping_add(round as u64));
            let counts: Vec<usize> = devices.iter().map(|_| 1 + dice.roll(5)).collect();
            std::thread::scope(|scope| {
                for (device, count) in devices.iter_mut().zip(counts) {
                    let (pulls, anew) = (&pulls, &anew);
                    scope.spawn(move || {
                        for _ in 0..count {
                            match device.try_pull() {
                                Ok(true) => drop(pulls.fetch_add(1, Ordering::Relaxed)),
                                Ok(false) => {
                                    device.snapshot();
                                    anew.fetch_add(1, Ordering::Relaxed);
                                }
                                // A backend was ended, or a table rewritten.
                                Err(_) => {}
                            }
                        }
                    });
                }
            });
            // Nobody is in the middle of a transaction now.
            let _nobody = turn.write().unwrap_or_else(PoisonError::into_inner);
            for device in &mut devices {
                while !device.try_pull().unwrap() {
                    device.snapshot();
                }
                device.is_exact();
            }
        }
    });
    println!(
        "{} pulls, {} anew, of {} servers, beside {} transactions",
        pulls.into_inner(),
        anew.into_inner(),
        1 + restarts.into_inner(),
        committed.into_inner()
    );
}
