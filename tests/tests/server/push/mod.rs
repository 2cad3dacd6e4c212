//! Devices that push.

mod conflicts;
mod hooks;
mod included;
mod once;
mod order;
mod refused;
mod support;
