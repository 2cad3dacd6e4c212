//! Names that the queries of the server use themselves.

use oosync_runtime::protocol::{Pull, Reply, Snapshot};
use oosync_runtime::server::auth::Identity;

use crate::server::{Server, user};
use crate::support::{Device, id};

#[test]
fn columns_may_have_the_names_that_our_queries_use() {
    let server = Server::with(
        "create table t (o uuid, k integer, user_id uuid not null, t text, n text, b text, primary key (k, o))",
        "[tables.t]\ndeny_delete = false\n",
    );
    server.database.execute(&format!("insert into t values ('{}', 7, '{}', 't', 'n', 'b')", id(1), user(0)));
    let device = Device::synced(&server, 0);
    let snapshot = Snapshot {
        client: device.rows("SELECT value FROM _oosync_meta WHERE name = 'client'")[0].parse().unwrap(),
        schema_hash: server.engine.schema().hash.to_owned(),
        resume: None,
        tables: None,
        cursor: None,
        limit: None,
        order: None,
    };
    let identity = Identity::new(user(0)).unwrap();
    let Reply::Given(page) = server.wait(server.engine.snapshot(&identity, &snapshot)).unwrap() else {
        panic!("a snapshot needs no cursor")
    };
    let json: serde_json::Value = serde_json::from_str(page.records["t"][0].get()).unwrap();
    assert_eq!((&json["o"], &json["k"], &json["b"]), (&id(1).into(), &7.into(), &"b".into()));
    let pull = Pull {
        client: snapshot.client,
        schema_hash: snapshot.schema_hash,
        cursor: Some(
            device.rows("SELECT CAST(value AS TEXT) FROM _oosync_meta WHERE name = 'cursor'").remove(0),
        ),
        resume: None,
        limit: None,
        wait: None,
        acknowledged: None,
    };
    server.database.execute(&format!("delete from t; insert into t values ('{}', 8, '{}')", id(2), user(0)));
    let Reply::Given(changes) = server.wait(server.engine.pull(&identity, &pull)).unwrap() else {
        panic!("the cursor is known")
    };
    assert_eq!(
        serde_json::to_string(&changes.deletes["t"][0]).unwrap(),
        format!(r#"{{"k":7,"o":"{}"}}"#, id(1))
    );
    assert_eq!(changes.records["t"].len(), 1);
    device.sync();
    device.sql("UPDATE t SET t = 'mine', b = 'mine'");
    server.database.execute("update t set t = 'theirs'");
    device.sync();
    assert_eq!(device.client.conflicts().unwrap().len(), 1);
}
