//! Devices that push.

mod conflicts;
mod hooks;
mod model;
mod once;
mod order;
mod refused;
mod support;
mod together;
