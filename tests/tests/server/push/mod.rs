//! Devices that push.

mod all_new;
mod allowed;
mod conflicts;
mod hooks;
mod included;
mod model;
mod once;
mod order;
mod refused;
pub(crate) mod support;
mod together;
mod values;
