//! Code of an application that takes part in a push.

use std::pin::Pin;

use tokio_postgres::Transaction;
use uuid::Uuid;

use crate::protocol::{Mutation, MutationResult};
use crate::schema::Table;
use crate::server::auth::Identity;

/// A push whose mutations are applied and not yet committed.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Pushed<'a> {
    /// Whose push it is.
    pub identity: &'a Identity,
    /// The device.
    pub client: Uuid,
    /// The transaction in which all of it happens, with the rights of the server's role, for reading and writing. A
    /// statement that fails in it fails the push.
    pub transaction: &'a Transaction<'a>,
    /// The mutations that went in, conflicts that were settled among them; not those answered before.
    pub written: &'a [Written<'a>],
}

/// A mutation that went in.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Written<'a> {
    /// What the device sent.
    pub mutation: &'a Mutation,
    /// Its table.
    pub table: &'static Table,
    /// What the device will be told.
    pub result: &'a MutationResult,
}

/// Why a hook does not let a push through.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// None of it: every mutation is rejected for good, with this message, and everything is rolled back.
    Push(String),
    /// Not this mutation: it is rejected for good, with this message. Everything is rolled back and applied again without
    /// it, and the hook is called again.
    Mutation {
        /// Its id.
        id: u64,
        /// What a person reads.
        message: String,
    },
    /// Not now: everything is rolled back, nothing is remembered, and the device tries again. The text is for the log.
    Later(String),
}

/// An answer that is being found.
pub type Hooking<'a> = Pin<Box<dyn Future<Output = Result<(), Refusal>> + Send + 'a>>;

/// Is called in the transaction of every push that wrote something, after its mutations were applied.
///
/// It may be called several times for one push, each time after everything was rolled back: what it does outside of the
/// transaction, it cannot take back.
pub trait PushHook: Send + Sync + 'static {
    /// Looks at what was written, and may write more.
    ///
    /// # Errors
    ///
    /// Where the push may not go through.
    fn on_push<'a>(&'a self, pushed: Pushed<'a>) -> Hooking<'a>;
}

impl<F> PushHook for F
where
    F: for<'a> Fn(Pushed<'a>) -> Hooking<'a> + Send + Sync + 'static,
{
    fn on_push<'a>(&'a self, pushed: Pushed<'a>) -> Hooking<'a> {
        self(pushed)
    }
}
