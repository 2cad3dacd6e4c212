//! A device that pushes: mutations in JSON, as a device of any language would send them.

use oosync_runtime::protocol::{
    Kept, Mutation, MutationResult, Push, PushReply, RawJson, ReasonCode, Status,
};
use oosync_runtime::server::{Error, auth::Identity};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::Server;

/// A UUID for tests, by kind and number.
pub(crate) fn id(kind: u8, number: usize) -> String {
    format!("{kind}0000000-0000-4000-8000-{number:012}")
}

/// A device of a user.
pub(crate) struct Device<'s> {
    pub(crate) server: &'s Server,
    pub(crate) identity: Identity,
    pub(crate) client: Uuid,
    next: u64,
}

impl<'s> Device<'s> {
    /// A new device of the user with this number.
    pub(crate) fn new(server: &'s Server, number: usize) -> Self {
        let (identity, client) = server.register(number);
        Self::known(server, identity, client)
    }

    /// A new device of this user.
    pub(crate) fn of(server: &'s Server, identity: Identity) -> Self {
        let client = server.register_as(&identity);
        Self::known(server, identity, client)
    }

    /// One that the server knows.
    pub(crate) fn known(server: &'s Server, identity: Identity, client: Uuid) -> Self {
        Self { server, identity, client, next: 1 }
    }

    /// Mutations in JSON, as they are.
    pub(crate) fn texts(&mut self, texts: &[String]) -> Vec<Mutation> {
        let mutations: Vec<Mutation> = texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
        self.next = mutations.last().map_or(self.next, |last| last.id + 1);
        mutations
    }

    /// The id that the next mutation gets.
    pub(crate) fn next_id(&self) -> u64 {
        self.next
    }

    /// Mutations with ids that go on from the last.
    pub(crate) fn mutations(&mut self, mutations: &[Value]) -> Vec<Mutation> {
        let mut made = Vec::new();
        for mutation in mutations {
            let mut mutation = mutation.clone();
            if mutation.get("id").is_none() {
                mutation["id"] = json!(self.next);
            }
            self.next = mutation["id"].as_u64().unwrap() + 1;
            // From text: a `Value` is not read as raw JSON.
            made.push(serde_json::from_str(&mutation.to_string()).unwrap());
        }
        made
    }

    pub(crate) fn request(&self, mutations: Vec<Mutation>) -> Push {
        Push {
            client: self.client,
            schema_hash: self.server.engine.schema().hash.to_owned(),
            mutations,
            acknowledged: None,
            lease: Vec::new(),
        }
    }

    pub(crate) fn send(&self, push: &Push) -> Result<PushReply, Error> {
        /// A web server takes only what goes from thread to thread.
        fn sent<T: Send>(future: T) -> T {
            future
        }
        self.server.wait(sent(self.server.engine.push(&self.identity, push)))
    }

    /// Pushes these, and gives the answers.
    pub(crate) fn push(&mut self, mutations: &[Value]) -> Vec<MutationResult> {
        let mutations = self.mutations(mutations);
        let count = mutations.len();
        let reply = self.send(&self.request(mutations));
        let results = reply.unwrap_or_else(|error| panic!("{error}: {:?}", error.detail())).results;
        assert_eq!(results.len(), count);
        results
    }

    /// Pushes one.
    pub(crate) fn one(&mut self, mutation: Value) -> MutationResult {
        self.push(&[mutation]).remove(0)
    }

    /// Pushes these, all of which go in.
    #[track_caller]
    pub(crate) fn applies(&mut self, mutations: &[Value]) {
        for result in self.push(mutations) {
            assert_eq!(result.status, Status::Applied, "{result:?}");
        }
    }

    /// Pushes one that is refused for good.
    #[track_caller]
    pub(crate) fn refuses(&mut self, mutation: Value) -> MutationResult {
        let result = self.one(mutation);
        assert_eq!(result.status, Status::RejectedTerminal, "{result:?}");
        result
    }
}

pub(crate) fn insert(table: &str, key: Value, values: Value) -> Value {
    json!({"table": table, "op": "insert", "key": key, "values": values})
}

pub(crate) fn update(table: &str, key: Value, values: Value, base: Value) -> Value {
    json!({"table": table, "op": "update", "key": key, "values": values, "base": base})
}

pub(crate) fn delete(table: &str, key: Value) -> Value {
    json!({"table": table, "op": "delete", "key": key})
}

/// A mutation with one more field.
pub(crate) fn with(mut mutation: Value, field: &str, value: Value) -> Value {
    mutation[field] = value;
    mutation
}

/// A list of a user.
pub(crate) fn list(number: usize, owner: usize) -> Value {
    insert(
        "lists",
        json!({"id": id(2, number)}),
        json!({"owner_id": crate::support::user(owner), "title": format!("list {number}")}),
    )
}

/// A todo in a list.
pub(crate) fn todo(number: usize, list: usize) -> Value {
    insert(
        "todos",
        json!({"id": id(3, number)}),
        json!({"list_id": id(2, list), "title": format!("todo {number}")}),
    )
}

/// The reasons of results; applied ones have none.
pub(crate) fn reasons(results: &[MutationResult]) -> Vec<Option<ReasonCode>> {
    results.iter().map(|result| result.reason.clone()).collect()
}

/// A row as JSON.
pub(crate) fn row(json: &Option<RawJson>) -> Value {
    serde_json::from_str(json.as_ref().unwrap().get()).unwrap()
}

/// Conflicts: column, base, mine, theirs, who won.
pub(crate) fn conflicts(result: &MutationResult) -> Vec<(String, Value, Value, Value, Kept)> {
    let value = |json: &Option<RawJson>| {
        json.as_ref().map_or(json!("-"), |json| serde_json::from_str(json.get()).unwrap())
    };
    let of = result.conflicts.iter();
    of.map(|conflict| {
        (
            conflict.column.clone(),
            value(&conflict.base),
            value(&conflict.mine),
            value(&conflict.theirs),
            conflict.kept.clone(),
        )
    })
    .collect()
}

/// One text of the database.
pub(crate) fn text(server: &Server, sql: &str) -> String {
    let row = server.database.client().query_one(sql, &[]).unwrap();
    row.get::<_, Option<String>>(0).unwrap_or_else(|| "null".to_owned())
}

pub(crate) fn count(server: &Server, table: &str) -> i64 {
    server.database.client().query_one(&format!("select count(*) from {table}"), &[]).unwrap().get(0)
}
