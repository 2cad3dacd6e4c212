//! The time.

use std::fmt::Debug;
use std::time::{Instant, SystemTime};

/// Where the time comes from. Servers use [`SystemClock`]; tests set one by hand.
pub trait Clock: Debug + Send + Sync + 'static {
    /// The time of day, which tokens expire by.
    fn now(&self) -> SystemTime;

    /// A clock that never goes back, which intervals are measured by.
    fn instant(&self) -> Instant;
}

/// The clocks of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn instant(&self) -> Instant {
        Instant::now()
    }
}
