//! Each message as JSON.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::num::NonZeroU32;
use std::time::Duration;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::super::*;
use crate::types::Timestamptz;

const CLIENT: Uuid = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
const CLIENT_TEXT: &str = "01900000-0000-7000-8000-000000000001";

/// The message has this JSON, and this JSON is the message.
#[track_caller]
fn is<T: Serialize + DeserializeOwned + PartialEq + Debug>(message: &T, json: &str) {
    let json = json.replace("CLIENT", CLIENT_TEXT);
    assert_eq!(serde_json::to_string(message).unwrap(), json);
    assert_eq!(serde_json::from_str::<T>(&json).unwrap(), *message);
}

/// A field that nobody knows changes nothing.
#[track_caller]
fn ignores_new_fields<T: Serialize + DeserializeOwned + PartialEq + Debug>(message: &T) {
    let json = serde_json::to_string(message).unwrap();
    let newer = json.replacen('{', r#"{"from_the_future":{"a":[1e400,null]},"#, 1).replace("1e400", "1");
    assert_eq!(serde_json::from_str::<T>(&newer).unwrap(), *message, "{newer}");
}

/// A field that nobody knows is an error that names it.
#[track_caller]
fn refuses_new_fields<T: Serialize + DeserializeOwned + Debug>(message: &T) {
    let json = serde_json::to_string(message).unwrap();
    let newer = json.replacen('{', r#"{"from_the_future":1,"#, 1).replace(",}", "}");
    let error = serde_json::from_str::<T>(&newer).unwrap_err();
    assert!(error.to_string().contains("from_the_future"), "{error}");
}

fn raw(json: &str) -> RawJson {
    RawJson::parse(json).unwrap()
}

fn row(columns: &[(&str, &str)]) -> JsonRow {
    let mut row = JsonRow::new();
    for (name, value) in columns {
        row.insert(*name, raw(value));
    }
    row
}

fn mutation(id: u64, op: Op) -> Mutation {
    let (values, base) = match op {
        Op::Insert => (row(&[("title", "\"a\"")]), JsonRow::new()),
        Op::Update => (row(&[("title", "\"a\"")]), row(&[("title", "null")])),
        Op::Delete => (JsonRow::new(), row(&[("title", "null")])),
    };
    let key = row(&[("id", "7")]);
    Mutation { id, table: "todos".into(), op, key, values, base, edited_at: None, group: None }
}

fn push(mutations: Vec<Mutation>) -> Push {
    Push { client: CLIENT, schema_hash: "5f".into(), mutations, acknowledged: None, lease: Vec::new() }
}

#[test]
fn registering() {
    let mut register = Register {
        client: None,
        schema_hash: "5f".into(),
        app_version: None,
        device: None,
        lease: Vec::new(),
    };
    is(&register, r#"{"schema_hash":"5f"}"#);
    register.client = Some(CLIENT);
    register.app_version = Some("1.2".into());
    register.device = Some("Ada's phone".into());
    register.lease =
        vec![LeaseRequest { table: "t".into(), column: "id".into(), count: NonZeroU32::new(100).unwrap() }];
    is(
        &register,
        r#"{"client":"CLIENT","schema_hash":"5f","app_version":"1.2","device":"Ada's phone","lease":[{"table":"t","column":"id","count":100}]}"#,
    );
    refuses_new_fields(&register);
    refuses_new_fields(&register.lease[0]);

    let registered = Registered {
        client: CLIENT,
        user: "42".into(),
        schema_hash: "5f".into(),
        server_time: Timestamptz::from_ymd_hms(2024, 1, 1, 12, 0, 0).unwrap(),
        limits: Limits { max_wait: Duration::from_millis(2_500), ..Limits::default() },
        lease: vec![Lease {
            table: "t".into(),
            column: "id".into(),
            ranges: vec![IdRange::new(1, 50).unwrap(), IdRange::new(61, 110).unwrap()],
        }],
    };
    is(
        &registered,
        r#"{"client":"CLIENT","user":"42","schema_hash":"5f","server_time":"2024-01-01 12:00:00.000000+00:00","limits":{"max_body":8388608,"max_mutations":1000,"max_wait":2.5,"max_lease":1000},"lease":[{"table":"t","column":"id","ranges":[{"first":1,"last":50},{"first":61,"last":110}]}]}"#,
    );
    ignores_new_fields(&registered);
    assert_eq!(serde_json::from_str::<Limits>("{}").unwrap(), Limits::default());
}

#[test]
fn a_range_holds_a_number_at_least() {
    assert!(serde_json::from_str::<IdRange>(r#"{"first":2,"last":1}"#).is_err());
    assert_eq!(IdRange::new(5, 5).unwrap().count(), 1);
    assert_eq!(IdRange::new(i64::MIN, i64::MAX).unwrap().count(), 1 << 64);
    let nothing = r#"{"table":"t","column":"id","count":0}"#;
    assert!(serde_json::from_str::<LeaseRequest>(nothing).is_err());
}

#[test]
fn pulling() {
    let mut pull = Pull {
        client: CLIENT,
        schema_hash: "5f".into(),
        cursor: None,
        resume: None,
        limit: None,
        wait: None,
        acknowledged: None,
    };
    is(&pull, r#"{"client":"CLIENT","schema_hash":"5f"}"#);
    assert_eq!(pull.limit.unwrap_or_default().get(), 100);
    pull.cursor = Some("c".into());
    pull.resume = Some("r".into());
    pull.limit = PageLimit::new(1_000);
    pull.wait = Some(Duration::from_secs(30));
    pull.acknowledged = Some(9);
    is(
        &pull,
        r#"{"client":"CLIENT","schema_hash":"5f","cursor":"c","resume":"r","limit":1000,"wait":30,"acknowledged":9}"#,
    );
    refuses_new_fields(&pull);
    for wrong in [
        r#""limit":0"#,
        r#""limit":1001"#,
        r#""limit":1.5"#,
        r#""limit":-1"#,
        r#""wait":-1"#,
        r#""wait":1e30"#,
        r#""wait":"1""#,
        r#""acknowledged":-1"#,
        r#""cursor":1"#,
    ] {
        let json = format!(r#"{{"client":"{CLIENT_TEXT}","schema_hash":"5f",{wrong}}}"#);
        assert!(serde_json::from_str::<Pull>(&json).is_err(), "{wrong}");
    }
}

fn changes() -> Changes {
    Changes {
        records: BTreeMap::from([("todos".to_owned(), vec![raw(r#"{"id":1, "n":1.10,"n":"dup"}"#)])]),
        deletes: BTreeMap::from([("todos".to_owned(), vec![row(&[("id", "2")])])]),
        buckets: Buckets { added: vec!["list:1".into()], removed: vec!["list:2".into()] },
        schema: Some(SchemaVersion { version: 3, hash: "5f".into() }),
        included: Included::new(9, vec![7, 5]).unwrap(),
        next: Next::Cursor("c2".into()),
    }
}

#[test]
fn what_changed() {
    let mut changes = changes();
    let reply = Reply::Given(changes.clone());
    is(
        &reply,
        r#"{"records":{"todos":[{"id":1, "n":1.10,"n":"dup"}]},"deletes":{"todos":[{"id":2}]},"buckets":{"added":["list:1"],"removed":["list:2"]},"schema":{"version":3,"hash":"5f"},"included":{"through":9,"except":[5,7]},"has_more":false,"cursor":"c2"}"#,
    );
    ignores_new_fields(&reply);
    changes = Changes {
        records: BTreeMap::new(),
        deletes: BTreeMap::new(),
        buckets: Buckets::default(),
        schema: None,
        included: Included::NONE,
        next: Next::Resume("r".into()),
    };
    is(&Reply::Given(changes.clone()), r#"{"included":{"through":0},"has_more":true,"resume":"r"}"#);
    let least: PullReply = serde_json::from_str(r#"{"has_more":true,"resume":"r"}"#).unwrap();
    assert_eq!(least, Reply::Given(changes));
}

#[test]
fn a_reply_goes_on_in_one_way() {
    for json in [
        "{}",
        r#"{"has_more":true}"#,
        r#"{"has_more":false}"#,
        r#"{"cursor":"c"}"#,
        r#"{"has_more":true,"cursor":"c"}"#,
        r#"{"has_more":false,"resume":"r"}"#,
        r#"{"has_more":false,"resume":"r","cursor":"c"}"#,
        r#"{"has_more":true,"resume":"r","cursor":"c"}"#,
        r#"{"has_more":false,"cursor":null}"#,
    ] {
        assert!(serde_json::from_str::<PullReply>(json).is_err(), "{json}");
        assert!(serde_json::from_str::<Next>(json).is_err(), "{json}");
    }
    let null = r#"{"has_more":false,"resume":null,"cursor":"c"}"#;
    assert_eq!(serde_json::from_str::<Next>(null).unwrap(), Next::Cursor("c".into()));
}

#[test]
fn a_device_may_have_to_begin_anew() {
    let required = SnapshotRequired { reason: SnapshotReason::DatabaseRestored, message: None };
    let reply: PullReply = Reply::SnapshotRequired(required.clone());
    is(&reply, r#"{"snapshot_required":{"reason":"database_restored"}}"#);
    let reply: SnapshotReply = Reply::SnapshotRequired(required);
    ignores_new_fields(&reply);
    let newer: PullReply =
        serde_json::from_str(r#"{"snapshot_required":{"reason":"moved","message":"m","at":1}}"#).unwrap();
    let reason = SnapshotReason::Other("moved".into());
    assert_eq!(newer, Reply::SnapshotRequired(SnapshotRequired { reason, message: Some("m".into()) }));
}

#[test]
fn which_mutations_are_included() {
    let included = Included::new(9, vec![7, 5, 7]).unwrap();
    let ids: Vec<u64> = (0..12).filter(|id| included.contains(*id)).collect();
    assert_eq!(ids, [0, 1, 2, 3, 4, 6, 8, 9]);
    assert_eq!(Included::new(9, vec![10]), None);
    assert!(!Included::NONE.contains(1));
    let unsorted: Included = serde_json::from_str(r#"{"through":9,"except":[7,5]}"#).unwrap();
    assert_eq!(unsorted, included);
    assert!(serde_json::from_str::<Included>(r#"{"through":9,"except":[10]}"#).is_err());
}

#[test]
fn snapshots() {
    let mut snapshot =
        Snapshot { client: CLIENT, schema_hash: "5f".into(), resume: None, tables: None, limit: None };
    is(&snapshot, r#"{"client":"CLIENT","schema_hash":"5f"}"#);
    snapshot.resume = Some("r".into());
    snapshot.tables = Some(Vec::new());
    snapshot.limit = PageLimit::new(1);
    is(&snapshot, r#"{"client":"CLIENT","schema_hash":"5f","resume":"r","tables":[],"limit":1}"#);
    refuses_new_fields(&snapshot);
    let page = Reply::Given(SnapshotPage {
        records: BTreeMap::from([("t".to_owned(), vec![raw(r#"{"id":1}"#)])]),
        buckets: Buckets { added: vec!["*".into()], removed: Vec::new() },
        schema: None,
        rows: 1,
        estimated: Some(10),
        next: Next::Resume("r2".into()),
    });
    is(
        &page,
        r#"{"records":{"t":[{"id":1}]},"buckets":{"added":["*"]},"rows":1,"estimated":10,"has_more":true,"resume":"r2"}"#,
    );
    ignores_new_fields(&page);
}

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

#[test]
fn errors() {
    let error = ErrorBody::new(ErrorCode::Unavailable, "m").retry_after(Duration::from_secs(5));
    is(&error, r#"{"code":"unavailable","message":"m","retry_after":5}"#);
    let details = ErrorBody { details: Some(raw(r#"{"id":7}"#)), ..error };
    is(&details, r#"{"code":"unavailable","message":"m","retry_after":5,"details":{"id":7}}"#);
    ignores_new_fields(&details);
    assert_eq!(serde_json::from_str::<ErrorBody>(r#"{"code":"internal"}"#).unwrap().message, "");
}

#[test]
fn what_frames_say() {
    let header = Header {
        protocol: 1,
        mode: Mode::Chunk,
        schema_hash: "5f".into(),
        schema: None,
        tables: vec![TableHeader {
            name: "t".into(),
            columns: vec!["id".into(), "net".into()],
            key: vec!["id".into()],
            text: vec!["net".into()],
        }],
        buckets: Buckets::default(),
        estimated: None,
    };
    is(
        &header,
        r#"{"protocol":1,"mode":"chunk","schema_hash":"5f","tables":[{"name":"t","columns":["id","net"],"key":["id"],"text":["net"]}]}"#,
    );
    ignores_new_fields(&header);
    ignores_new_fields(&header.tables[0]);
    let progress = Progress { resume: "r".into(), rows: 1, estimated: Some(2) };
    is(&progress, r#"{"resume":"r","rows":1,"estimated":2}"#);
    ignores_new_fields(&progress);
    let end = End {
        next: Next::Cursor("c".into()),
        counts: BTreeMap::from([("t".to_owned(), Counts { rows: 1, deletes: 2 })]),
        digest: Some("sha256:00".into()),
        included: Included::NONE,
    };
    is(
        &end,
        r#"{"has_more":false,"cursor":"c","counts":{"t":{"rows":1,"deletes":2}},"digest":"sha256:00","included":{"through":0}}"#,
    );
    ignores_new_fields(&end);
}

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
