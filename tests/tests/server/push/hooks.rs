//! Code of an application that takes part: hooks and resolvers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use oosync_runtime::protocol::{ErrorCode, Kept, RawJson, ReasonCode, Status};
use oosync_runtime::server::{Clash, Hooking, Pushed, Refusal, Resolution};
use serde_json::json;

use super::support::{Device, count, delete, id, insert, list, reasons, text, todo, update, with};
use crate::support::Server;

/// Writes what it saw into a table, and refuses what is called so.
fn audit(pushed: Pushed<'_>) -> Hooking<'_> {
    Box::pin(async move {
        for written in pushed.written {
            let title = written.mutation.values.get("title").map_or("", RawJson::get);
            let refused = |kind: &str| title == format!("\"{kind}\"");
            let message = || "not today".to_owned();
            let sql = "insert into public.audit values ($1, $2)";
            let saved =
                pushed.transaction.execute(sql, &[&written.table.name, &pushed.identity.user()]).await;
            saved.map_err(|error| Refusal::Later(error.to_string()))?;
            if refused("all") {
                return Err(Refusal::Push(message()));
            }
            if refused("one") {
                return Err(Refusal::Mutation { id: written.mutation.id, message: message() });
            }
            if refused("later") {
                return Err(Refusal::Later("the audit is full".to_owned()));
            }
        }
        Ok(())
    })
}

fn audited() -> Server {
    let server = Server::todo_built(|builder| builder.on_push(audit));
    server
        .database
        .execute("create table audit (tbl text, who text); grant insert on audit to oosync_server");
    server
}

fn named(number: usize, title: &str) -> serde_json::Value {
    let mut made = list(number, 0);
    made["values"]["title"] = json!(title);
    made
}

#[test]
fn a_hook_writes_in_the_same_transaction() {
    let server = audited();
    let mut device = Device::new(&server, 0);
    let results = device.push(&[list(1, 0), todo(1, 1), insert("nothing", json!({"id": 1}), json!({}))]);
    assert_eq!(results[2].reason, Some(ReasonCode::UnknownTable));
    assert_eq!(text(&server, "select string_agg(tbl, ',') from audit"), "lists,todos");
    // A replay is answered without it.
    let mutations = device.mutations(&[list(2, 0)]);
    let push = device.request(mutations);
    assert_eq!(device.send(&push).unwrap(), device.send(&push).unwrap());
    assert_eq!(count(&server, "audit"), 3);
}

#[test]
fn a_hook_refuses_one_mutation_and_the_rest_go_in() {
    let server = audited();
    let mut device = Device::new(&server, 0);
    let results = device.push(&[named(1, "fine"), named(2, "one"), todo(1, 2), todo(2, 1), named(3, "one")]);
    let refused = Some(ReasonCode::HookRejected);
    assert_eq!(reasons(&results), [None, refused.clone(), Some(ReasonCode::NotAuthorized), None, refused]);
    assert_eq!(results[1].message.as_deref(), Some("not today"));
    assert_eq!(text(&server, "select string_agg(title, ',') from lists"), "fine");
    assert_eq!(count(&server, "audit"), 2);
}

#[test]
fn a_hook_refuses_a_push_and_nothing_of_it_stays() {
    let server = audited();
    let mut device = Device::new(&server, 0);
    let results = device.push(&[named(1, "fine"), named(2, "all")]);
    assert!(results.iter().all(|result| result.reason == Some(ReasonCode::HookRejected)));
    assert_eq!((count(&server, "lists"), count(&server, "audit")), (0, 0));
    assert_eq!(count(&server, "oosync.mutation"), 2);
}

#[test]
fn a_hook_puts_a_push_off_and_nothing_is_remembered() {
    let server = audited();
    let mut device = Device::new(&server, 0);
    let mutations = device.mutations(&[named(1, "later")]);
    let error = device.send(&device.request(mutations)).unwrap_err();
    assert_eq!(error.body().code, ErrorCode::Unavailable);
    assert!(error.body().retry_after.is_some());
    assert!(!error.body().message.contains("audit"));
    assert_eq!((count(&server, "lists"), count(&server, "oosync.mutation")), (0, 0));
}

/// Settles titles by their length, and leaves other columns to the rule.
fn by_length(clash: &Clash<'_>) -> Resolution {
    if clash.column.name != "title" {
        return Resolution::ByRule;
    }
    let (Some(mine), Some(theirs)) = (clash.mine, clash.theirs) else { return Resolution::Theirs };
    match mine.get().len().cmp(&theirs.get().len()) {
        std::cmp::Ordering::Greater => Resolution::Mine,
        std::cmp::Ordering::Less => Resolution::Theirs,
        std::cmp::Ordering::Equal if mine.get() == "\"worst!\"" => Resolution::Reject("no".to_owned()),
        std::cmp::Ordering::Equal => Resolution::Value(RawJson::parse("\"both\"").unwrap()),
    }
}

#[test]
fn a_resolver_settles_before_the_rule() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let server = Server::todo_built(move |builder| {
        builder.resolver(move |clash: &Clash<'_>| {
            counted.fetch_add(1, Ordering::Relaxed);
            by_length(clash)
        })
    });
    let mut device = Device::new(&server, 0);
    device.applies(&[list(1, 0), todo(1, 1)]);
    let retitled = |title: &str| {
        update("todos", json!({"id": id(3, 1)}), json!({"title": title}), json!({"title": "old"}))
    };
    server.database.execute("update todos set title = 'theirs'");
    for (title, kept, there) in
        [("a", Kept::Theirs, "theirs"), ("others", Kept::Resolved, "both"), ("longer", Kept::Mine, "longer")]
    {
        let result = device.one(retitled(title));
        assert_eq!(
            (result.status.clone(), result.conflicts[0].kept.clone()),
            (Status::Conflict, kept),
            "{result:?}"
        );
        assert_eq!(text(&server, "select title from todos"), there);
    }
    let result = device.refuses(retitled("worst!"));
    assert_eq!((result.reason, result.message.as_deref()), (Some(ReasonCode::ConflictRejected), Some("no")));
    assert_eq!(asked.load(Ordering::Relaxed), 4);
    // A delete goes through where the resolver says so of every column.
    let gone = with(delete("todos", json!({"id": id(3, 1)})), "base", json!({"title": "old"}));
    assert_eq!(device.one(gone).conflicts[0].kept, Kept::Theirs);
}
