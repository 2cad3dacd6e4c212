//! What waits to be sent, as text: to be kept elsewhere before it is thrown away, or to be looked at.

use serde::Serialize;

use super::Shared;
use crate::Value;
use crate::client::StoreError;
use crate::client::store::{PendingChange, SentChange};
use crate::client::sync::{mutation, mutations_of};
use crate::protocol::Mutation;

/// See [`Client::export_pending`](super::Client::export_pending).
#[derive(Serialize)]
struct Export {
    schema_hash: &'static str,
    client: Option<String>,
    user: Option<String>,
    /// Sent and not answered: the server may have them.
    sent: Vec<Mutation>,
    /// Not sent yet; their ids count from 1.
    unsent: Vec<Mutation>,
    /// What cannot be sent as it is.
    stuck: Vec<Stuck>,
}

#[derive(Serialize)]
struct Stuck {
    table: String,
    why: String,
    op: Option<&'static str>,
    /// Columns with what SQLite has in them.
    key: Vec<String>,
    values: Vec<(String, String)>,
}

impl Shared {
    pub(super) fn export_pending(&self) -> Result<String, StoreError> {
        let damaged = |what: String| StoreError::Damaged { what };
        self.ask(|store| {
            let schema = store.schema();
            let identity = store.identity()?;
            let mut sent = Vec::new();
            for batch in store.waiting()? {
                let mutations = mutations_of(&batch.body).map_err(damaged)?;
                sent.extend(mutations.into_iter().filter(|mutation| batch.unanswered.contains(&mutation.id)));
            }
            let pending = store.pending(usize::MAX)?;
            let (mut unsent, mut stuck) = (Vec::new(), Vec::new());
            for (id, change) in (1..).zip(pending.changes) {
                match mutation(schema, &SentChange { id, change: change.clone() }, None, 0) {
                    Ok(mutation) => unsent.push(mutation),
                    Err(error) => stuck.push(Stuck::of(&change, error.to_string())),
                }
            }
            stuck.extend(pending.unreadable.into_iter().map(|(table, why)| Stuck {
                table,
                why,
                op: None,
                key: Vec::new(),
                values: Vec::new(),
            }));
            let (client, user) = identity.map(|identity| (identity.client, identity.user)).unzip();
            let export = Export { schema_hash: schema.hash, client, user, sent, unsent, stuck };
            serde_json::to_string_pretty(&export).map_err(|error| damaged(error.to_string()))
        })
    }
}

impl Stuck {
    fn of(change: &PendingChange, why: String) -> Self {
        let shown = |value: &Value<'_>| format!("{value:?}");
        Self {
            table: change.table.to_owned(),
            why,
            op: Some(change.op.as_str()),
            key: change.key.iter().map(shown).collect(),
            values: change
                .changed
                .iter()
                .map(|column| (column.name.to_owned(), shown(&column.current)))
                .collect(),
        }
    }
}
