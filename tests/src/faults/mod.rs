//! The fault suite: real clients, real servers, a real Postgres, everything that can go wrong, and an oracle.
//!
//! Devices and servers are processes of their own, which may be killed at any moment; between them is a proxy that loses,
//! cuts, delays and repeats. When nothing goes wrong any more, this must hold:
//!
//! | | | checked |
//! | --- | --- | --- |
//! | strong convergence | each table of each device has the rows that its user sees in Postgres, value by value | at the end, by plain SQL on both sides, with the tables and columns of the device's own version |
//! | exactly once | the last text that a device wrote into a row was applied once, or is in its inbox; none was applied twice | at the end: Postgres's triggers keep a book of all texts, devices a journal |
//! | whole transactions | rows that the backend writes in one transaction are never seen without each other | every 25 ms on every device: two pairs of rows, and ten thousand of one transaction |
//! | causal consistency | a device's own writes do not come back undone, and a child is never there without its parent | by the two above and by foreign keys, which SQLite holds on the app's connections; no order between writes of different devices is checked |
//! | nothing of others | no byte of a device's file is of a row that its user may never have | every 200 ms on every device, and at the end: texts say who may have them |
//! | who is asking | no server takes a token that is forged, over, too early or of another issuer; whose token is refused keeps what it wrote | by intruders, and by all of the others |
//! | liveness | what was queued is sent within a minute of fine weather, without anybody's doing, and nothing is stuck | at the end, by each device for itself |
//!
//! Where Postgres is put back to an earlier copy, what it had been given since is lost: those texts may be there or not, and
//! all else is as above: devices have what the server has, and what it had not been given arrives.
//!
//! - [`run`]: one run; [`Kind`]: what can go wrong
//! - `inject`: what goes wrong, and what ends by itself; `versions`: a second version of schema and app
//! - `issuer`: who signs tokens and publishes keys, where it is no header that says whose a device is
//! - `machine`: clocks and disks of processes; `machine.c` is loaded before libc
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
mod issuer;
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
