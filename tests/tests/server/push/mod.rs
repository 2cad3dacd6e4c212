//! Devices that push.

mod conflicts;
mod once;
mod refused;
mod support;
