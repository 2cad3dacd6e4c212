//! Devices that push.

mod conflicts;
mod hooks;
mod once;
mod order;
mod refused;
mod support;
