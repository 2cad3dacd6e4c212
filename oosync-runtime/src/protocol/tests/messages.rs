//! Each message as JSON, but for those of a push.

use std::num::NonZeroU32;
use std::time::Duration;

use super::*;
use crate::types::Timestamptz;

#[test]
fn registering() {
    let mut register = Register {
        client: None,
        user: None,
        schema_hash: "5f".into(),
        app_version: None,
        device: None,
        lease: Vec::new(),
    };
    is(&register, r#"{"schema_hash":"5f"}"#);
    register.client = Some(CLIENT);
    register.user = Some("42".into());
    register.app_version = Some("1.2".into());
    register.device = Some("Ada's phone".into());
    register.lease =
        vec![LeaseRequest { table: "t".into(), column: "id".into(), count: NonZeroU32::new(100).unwrap() }];
    is(
        &register,
        r#"{"client":"CLIENT","user":"42","schema_hash":"5f","app_version":"1.2","device":"Ada's phone","lease":[{"table":"t","column":"id","count":100}]}"#,
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
    let mut snapshot = Snapshot {
        client: CLIENT,
        schema_hash: "5f".into(),
        resume: None,
        tables: None,
        cursor: None,
        limit: None,
        order: None,
    };
    is(&snapshot, r#"{"client":"CLIENT","schema_hash":"5f"}"#);
    snapshot.resume = Some("r".into());
    snapshot.tables = Some(Vec::new());
    snapshot.limit = PageLimit::new(1);
    snapshot.order = Some(Order::Any);
    is(
        &snapshot,
        r#"{"client":"CLIENT","schema_hash":"5f","resume":"r","tables":[],"limit":1,"order":"any"}"#,
    );
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
