//! Pushes and what became of them.

use std::time::Duration;

use super::*;
use crate::types::Timestamptz;

#[test]
fn pushing() {
    let mut update = mutation(2, Op::Update);
    update.edited_at = Some(Timestamptz::from_ymd_hms(2024, 1, 1, 12, 0, 0).unwrap());
    update.group = Some(2);
    let mut push = push(vec![mutation(1, Op::Insert), update, mutation(3, Op::Delete)]);
    push.acknowledged = Some(0);
    is(
        &push,
        concat!(
            r#"{"client":"CLIENT","schema_hash":"5f","mutations":["#,
            r#"{"id":1,"table":"todos","op":"insert","key":{"id":7},"values":{"title":"a"}},"#,
            r#"{"id":2,"table":"todos","op":"update","key":{"id":7},"values":{"title":"a"},"base":{"title":null},"#,
            r#""edited_at":"2024-01-01 12:00:00.000000+00:00","group":2},"#,
            r#"{"id":3,"table":"todos","op":"delete","key":{"id":7},"base":{"title":null}}],"acknowledged":0}"#,
        ),
    );
    assert_eq!(push.check(), Ok(()));
    refuses_new_fields(&push);
    refuses_new_fields(&push.mutations[0]);
    let upsert = r#"{"id":1,"table":"t","op":"upsert","key":{"id":7}}"#;
    assert!(serde_json::from_str::<Mutation>(upsert).is_err(), "what is to be done has to be understood");
}

#[test]
fn values_are_not_touched() {
    let values =
        r#"{"a":12345678901234567890123.4500,"b":1e400,"c":"\u0000\ud800","d":{"k":1,"k":2},"e":-0}"#;
    let row: JsonRow = serde_json::from_str(values).unwrap();
    assert_eq!(serde_json::to_string(&row).unwrap(), values);
    assert_eq!(row.get("b").unwrap().get(), "1e400");
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(50_000), "]".repeat(50_000));
    assert_eq!(serde_json::to_string(&serde_json::from_str::<JsonRow>(&deep).unwrap()).unwrap(), deep);
}

#[test]
fn a_column_occurs_once() {
    let error = serde_json::from_str::<JsonRow>(r#"{"a":1,"b":2,"\u0061":3}"#).unwrap_err();
    assert!(error.to_string().contains("column `a` occurs twice"), "{error}");
    assert!(serde_json::from_str::<JsonRow>("[]").is_err());
}

#[test]
fn a_malformed_push_is_told_by_its_first_fault() {
    let fault = |mutations: Vec<Mutation>| push(mutations).check().unwrap_err();
    let one = |op, change: fn(&mut Mutation)| {
        let mut mutation = mutation(1, op);
        change(&mut mutation);
        fault(vec![mutation]).fault
    };
    assert!(one(Op::Insert, |m| m.id = 0).contains("1 to 2^63"));
    assert!(one(Op::Insert, |m| m.id = 1 << 63).contains("1 to 2^63"));
    assert!(one(Op::Insert, |m| m.key = JsonRow::new()).contains("no key"));
    assert!(one(Op::Insert, |m| m.base = m.values.clone()).contains("has a base"));
    assert!(one(Op::Update, |m| m.values = m.key.clone()).contains("column of the key"));
    assert!(one(Op::Update, |m| m.base = JsonRow::new()).contains("base of other columns"));
    assert!(one(Op::Update, |m| m.base = row(&[("other", "1")])).contains("base of other columns"));
    assert!(
        one(Op::Update, |m| {
            m.values = JsonRow::new();
            m.base = JsonRow::new();
        })
        .contains("changes nothing")
    );
    assert!(one(Op::Delete, |m| m.values = m.base.clone()).contains("has values"));
    assert!(one(Op::Insert, |m| m.group = Some(2)).contains("group"));

    let again = fault(vec![mutation(1, Op::Insert), mutation(5, Op::Update), mutation(5, Op::Delete)]);
    assert_eq!(again.id, 5);
    assert!(again.fault.contains("not larger"));
    let grouped = |id, group| Mutation { group: Some(group), ..mutation(id, Op::Update) };
    assert_eq!(push(vec![grouped(1, 1), mutation(2, Op::Update), grouped(4, 1)]).check(), Ok(()));
    // Its first mutation is in another push, or in no group.
    assert_eq!(fault(vec![grouped(4, 1)]).id, 4);
    assert_eq!(fault(vec![mutation(1, Op::Update), grouped(4, 1)]).id, 4);
    assert_eq!(push(Vec::new()).check(), Ok(()));
    assert!(fault(vec![grouped(4, 1)]).to_string().starts_with("mutation 4 is in a group"));
}

#[test]
fn what_became_of_a_push() {
    let mut reply = PushReply { results: vec![MutationResult::applied(1)], lease: Vec::new() };
    is(&reply, r#"{"results":[{"id":1,"status":"applied"}]}"#);
    reply.results.push(MutationResult {
        row: Some(raw(r#"{"id":7,"title":null}"#)),
        columns: vec!["title".into()],
        conflicts: vec![ColumnConflict {
            column: "title".into(),
            base: Some(raw("null")),
            mine: Some(raw("\"a\"")),
            theirs: None,
            kept: Kept::Mine,
        }],
        ..MutationResult::rejected(2, Status::Conflict, ReasonCode::ColumnsChanged, "both changed it")
    });
    reply.results.push(MutationResult {
        failed_for: Some(2),
        retry_after: Some(Duration::from_millis(250)),
        ..MutationResult::rejected(3, Status::RejectedRetryable, ReasonCode::Deadlock, "again")
    });
    is(
        &reply,
        concat!(
            r#"{"results":[{"id":1,"status":"applied"},"#,
            r#"{"id":2,"status":"conflict","reason":"columns_changed","message":"both changed it","columns":["title"],"#,
            r#""row":{"id":7,"title":null},"#,
            r#""conflicts":[{"column":"title","base":null,"mine":"a","kept":"mine"}]},"#,
            r#"{"id":3,"status":"rejected_retryable","reason":"deadlock","message":"again","failed_for":2,"retry_after":0.25}]}"#,
        ),
    );
    ignores_new_fields(&reply);
    ignores_new_fields(&reply.results[1]);
    ignores_new_fields(&reply.results[1].conflicts[0]);
}
