//! The fault suite: real clients, real servers, a real Postgres, everything that can go wrong, and an oracle.
//!
//! Devices and servers are processes of their own, which may be killed at any moment; between them is a proxy that loses,
//! cuts, delays and repeats. When nothing goes wrong any more, this must hold:
//!
//! | | |
//! | --- | --- |
//! | strong convergence | each table of each device has the rows that its user sees in Postgres, value by value |
//! | exactly once | the last text that a device wrote into a row was applied once, or is in its inbox; none was applied twice |
//! | whole transactions | rows that the backend writes in one transaction were never seen without each other, at any time |
//! | nothing of others | no byte of a device's file, at any time, is of a row that its user may never have |
//! | liveness | what was queued is sent within the bound, without anybody's doing |
//!
//! - [`run`]: one run; [`Kind`]: what can go wrong
//! - `world`: the database, the servers, the backend; `books.sql`: what the oracle knows beyond the tables
//! - [`device`]: a device's process; `handle`: how the harness has it; [`proxy`]: its network
//! - `oracle`: what must be true in the end
//!
//! `cargo run -p oosync-tests --bin faults -- --minutes 10 --seed 1` goes on for ten minutes.
//!
//! A seed decides what happens, in which order and to whom. How processes meet is the machine's doing, so that an anomaly
//! may need several runs of its seed to come again.

pub mod device;
mod handle;
mod inject;
mod kind;
mod machine;
mod oracle;
pub mod proxy;
mod run;
mod versions;
mod world;

pub use self::kind::Kind;
pub use self::run::{Outcome, RunOptions, run};
pub use self::world::cluster;
