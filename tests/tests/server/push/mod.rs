//! Devices that push.

mod allowed;
mod conflicts;
mod hooks;
mod model;
mod once;
mod order;
mod refused;
mod support;
mod together;
mod values;
