//! Any message comes as it was sent, and no text makes reading one panic.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::*;
use crate::types::Timestamptz;

/// JSON of any kind, as text.
fn json() -> impl Strategy<Value = RawJson> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|word| word.to_string()),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,20})?([eE][+-]?[0-9]{1,4})?",
        any::<String>().prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    let nested = leaf.prop_recursive(3, 12, 4, |inner| {
        vec(inner, 0..4).prop_map(|items| format!("[ {} ]", items.join(" , ")))
    });
    nested.prop_map(|text| RawJson::parse(text).unwrap())
}

fn json_row() -> impl Strategy<Value = JsonRow> {
    btree_map(any::<String>(), json(), 0..4).prop_map(|columns| {
        let mut row = JsonRow::new();
        for (name, value) in columns {
            row.insert(name, value);
        }
        row
    })
}

fn any_mutation() -> impl Strategy<Value = Mutation> {
    let op = prop_oneof![Just(Op::Insert), Just(Op::Update), Just(Op::Delete)];
    let edited_at = proptest::option::of(any::<i64>().prop_map(Timestamptz::from_unix_microseconds));
    (any::<u64>(), any::<String>(), op, [json_row(), json_row(), json_row()], edited_at, any::<Option<u64>>())
        .prop_map(|(id, table, op, [key, values, base], edited_at, group)| Mutation {
            id,
            table,
            op,
            key,
            values,
            base,
            edited_at: edited_at.flatten(),
            group,
        })
}

proptest! {
    #[test]
    fn any_push_comes_as_it_was_sent(mutations in vec(any_mutation(), 0..5), acknowledged in any::<Option<u64>>()) {
        let push = Push { acknowledged, ..push(mutations) };
        let json = serde_json::to_string(&push).unwrap();
        let read: Push = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), json, "the same bytes, by which it is known again");
        let _ = push.check();
        prop_assert_eq!(read, push);
    }

    #[test]
    fn any_reply_comes_as_it_was_sent(
        records in btree_map(any::<String>(), vec(json(), 0..3), 0..3),
        deletes in btree_map(any::<String>(), vec(json_row(), 0..3), 0..3),
        (through, except) in (any::<u64>(), vec(any::<u64>(), 0..4)),
        token in any::<String>(),
        more in any::<bool>(),
    ) {
        let except = except.into_iter().filter(|id| *id <= through).collect();
        let next = if more { Next::Resume(token) } else { Next::Cursor(token) };
        let included = Included::new(through, except).unwrap();
        let reply = Reply::Given(Changes { records, deletes, included, next, ..changes() });
        let json = serde_json::to_vec(&reply).unwrap();
        prop_assert_eq!(serde_json::from_slice::<PullReply>(&json).unwrap(), reply);
    }

    #[test]
    fn no_text_makes_reading_a_message_panic(
        text in "[\\[\\]{}:,\"0-9a-z_ .-]{0,40}|\\{\"(has_more|cursor|mutations|limit|wait)\":[\\[\\]{}:,\"0-9a-z .-]{0,12}\\}",
    ) {
        let _ = serde_json::from_str::<Pull>(&text);
        let _ = serde_json::from_str::<PullReply>(&text);
        let _ = serde_json::from_str::<Push>(&text);
        let _ = serde_json::from_str::<PushReply>(&text);
        let _ = serde_json::from_str::<SnapshotReply>(&text);
        let _ = serde_json::from_str::<ErrorBody>(&text);
    }
}
