//! Devices that push.

mod conflicts;
mod included;
mod once;
mod refused;
mod support;
