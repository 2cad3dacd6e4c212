//! Columns in field groups: who reads them, who writes them.

use oosync_runtime::protocol::{ReasonCode, Reply, Snapshot, Status};
use oosync_runtime::server::Permissions;
use oosync_runtime::server::auth::Identity;
use serde_json::json;

use super::push::support::{Device, insert, update};
use super::support::{Server, user};

const SCHEMA: &str = "
    create table employees (id int primary key, user_id uuid not null, name text not null, salary int, notes text)";

const CONFIG: &str = "
    [field_groups.pay]
    columns = [\"employees.salary\"]
    [field_groups.private]
    columns = [\"employees.notes\"]
    [role_permissions.clerk]
    read = [\"pay\"]
    [role_permissions.manager]
    read = \"*\"
    write = [\"pay\"]
";

/// What a user of this role gets of a row.
fn row(server: &Server, identity: &Identity, client: uuid::Uuid) -> String {
    let request = Snapshot {
        client,
        schema_hash: server.engine.schema().hash.to_owned(),
        resume: None,
        tables: None,
        cursor: None,
        limit: None,
        order: None,
    };
    let reply = server.wait(server.engine.snapshot(identity, &request)).unwrap();
    let Reply::Given(page) = reply else { panic!("a snapshot is given") };
    page.records["employees"][0].get().to_owned()
}

#[test]
fn a_column_in_a_group_is_read_and_written_by_roles_that_may() {
    let permissions = Permissions::new().role("clerk", vec!["pay"], vec![]).role(
        "manager",
        vec!["pay", "private"],
        vec!["pay"],
    );
    let server = Server::built(SCHEMA, CONFIG, |builder| builder.permissions(permissions));
    server.database.execute(&format!("insert into employees values (1, '{}', 'Ada', 100, 'late')", user(0)));
    let mut device = Device::new(&server, 0);
    let ada = device.identity.clone();
    let change = |base: i32, salary: i32| {
        update("employees", json!({"id": 1}), json!({"salary": salary}), json!({"salary": base}))
    };
    for (role, seen) in [
        (None, r#"{"id":1,"user_id":"00000000-0000-4000-8000-000000000000","name":"Ada"}"#),
        (Some("nobody"), r#"{"id":1,"user_id":"00000000-0000-4000-8000-000000000000","name":"Ada"}"#),
        (
            Some("clerk"),
            r#"{"id":1,"user_id":"00000000-0000-4000-8000-000000000000","name":"Ada","salary":100}"#,
        ),
    ] {
        device.identity = match role {
            Some(role) => ada.clone().with_permission_role(role),
            None => ada.clone(),
        };
        assert_eq!(row(&server, &device.identity, device.client), seen, "{role:?}");
        let refused = device.refuses(change(100, 200));
        assert_eq!(
            (refused.reason, refused.columns),
            (Some(ReasonCode::ColumnNotAuthorized), vec!["salary".to_owned()]),
            "{role:?}"
        );
        let refused = device.refuses(insert(
            "employees",
            json!({"id": 2}),
            json!({"user_id": user(0), "name": "B", "notes": "x"}),
        ));
        assert_eq!(refused.reason, Some(ReasonCode::ColumnNotAuthorized));
        let plain = update("employees", json!({"id": 1}), json!({"name": "Ada"}), json!({"name": "Ada"}));
        assert_eq!(device.one(plain).status, Status::Applied);
    }
    device.identity = ada.with_permission_role("manager");
    assert!(row(&server, &device.identity, device.client).ends_with(r#""salary":100,"notes":"late"}"#));
    assert_eq!(device.one(change(100, 200)).status, Status::Applied);
    let notes = update("employees", json!({"id": 1}), json!({"notes": "x"}), json!({"notes": "late"}));
    assert_eq!(device.refuses(notes).reason, Some(ReasonCode::ColumnNotAuthorized));
}

#[test]
fn another_role_is_another_cursor() {
    let server = Server::built(SCHEMA, CONFIG, |builder| {
        builder.permissions(Permissions::new().role("clerk", vec!["pay"], vec![]))
    });
    let (ada, _) = server.register(0);
    assert_ne!(ada.access_hash(), ada.clone().with_permission_role("clerk").access_hash());
}
