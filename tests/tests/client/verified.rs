//! What changed behind the backs of device and server is found, and put right where it differs.

use oosync_runtime::client::{Client, Download, SyncError, Transport, TransportError, VerifiedTable};
use oosync_runtime::protocol::{Digest, ErrorCode, Pull, Push, PushReply, Register, Registered, Snapshot};

use crate::network::{Action, Fault, InProcess};
use crate::server::{Server, user};
use crate::support::{Device, blob, id, key, titles};

/// Lists with numbers from 1.
fn lists(server: &Server, count: usize) {
    server.database.execute(&format!(
        "insert into lists (id, owner_id, title)
           select ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid, '{}', 'List ' || n
             from generate_series(1, {count}) n",
        user(0)
    ));
}

/// Writes to the file as a bad disk or a foreign program would: nobody notices.
fn behind_the_back(device: &Device<'_>, sql: &str) {
    device.sql(&format!(
        "BEGIN; INSERT INTO _oosync_silence (on_) VALUES (1); {sql}; DELETE FROM _oosync_silence; COMMIT"
    ));
}

/// Changes rows on the server without a word in its log.
fn uncaptured(server: &Server, sql: &str) {
    server.database.execute(&format!(
        "alter table lists disable trigger all; {sql}; alter table lists enable trigger all"
    ));
}

fn verified(device: &Device<'_>) -> VerifiedTable {
    let verified = device.client.verify().unwrap_or_else(|error| panic!("{error}"));
    for table in &verified.tables {
        assert!(table.table == "lists" || table.differing == 0, "{table:?}");
    }
    let lists = verified.tables.iter().find(|table| table.table == "lists").unwrap().clone();
    assert_eq!(verified.is_right(), lists.differing == 0);
    lists
}

#[track_caller]
fn finds(device: &Device<'_>, written: u64, deleted: u64) {
    let found = verified(device);
    assert_eq!((found.written, found.deleted), (written, deleted), "{found:?}");
    assert!(found.differing > 0, "{found:?}");
    let again = verified(device);
    assert_eq!((again.differing, again.written, again.deleted), (0, 0, 0), "{again:?}");
    assert_eq!(device.lists(), titles(device.server));
}

#[test]
fn a_device_that_has_what_the_server_has_is_right_in_every_range() {
    let server = Server::todo();
    lists(&server, 1_000);
    let device = Device::synced(&server, 0);
    let found = verified(&device);
    assert_eq!((found.rows, found.ranges, found.differing), (1_000, 8, 0));
    assert_eq!(
        Device::synced(&server, 1).client.verify().unwrap().tables.len(),
        server.engine.schema().tables.len()
    );
}

#[test]
fn a_bit_that_flipped_on_the_device_is_found_and_only_its_range_is_fetched() {
    let server = Server::todo();
    lists(&server, 1_000);
    let device = Device::synced(&server, 0);
    behind_the_back(&device, &format!("UPDATE lists SET title = 'Mist 500' WHERE id = {}", key(500)));
    let found = verified(&device);
    assert_eq!((found.differing, found.written, found.deleted), (1, 1, 0), "{found:?}");
    assert_eq!(device.rows(&format!("SELECT title FROM lists WHERE id = {}", key(500))), ["List 500"]);
    assert_eq!(device.pending(), 0, "nothing of it is an edit");
}

#[test]
fn rows_that_are_missing_or_too_many_on_the_device_are_put_right() {
    let server = Server::todo();
    lists(&server, 300);
    let device = Device::synced(&server, 0);
    let owner = blob(&user(0));
    behind_the_back(
        &device,
        &format!(
            "DELETE FROM lists WHERE id IN ({}, {}); INSERT INTO lists (id, owner_id, title) VALUES ({}, {owner}, 'ghost')",
            key(7),
            key(8),
            key(9_999)
        ),
    );
    finds(&device, 2, 1);
}

#[test]
fn all_rows_gone_from_the_device_come_back() {
    let server = Server::todo();
    lists(&server, 12_000);
    let device = Device::synced(&server, 0);
    behind_the_back(&device, "DELETE FROM lists");
    finds(&device, 12_000, 0);
}

#[test]
fn what_the_server_changed_without_its_triggers_is_found() {
    let server = Server::todo();
    lists(&server, 300);
    let device = Device::synced(&server, 0);
    uncaptured(
        &server,
        &format!(
            "update lists set title = 'Quiet' where id = '{}'; delete from lists where id = '{}';
             insert into lists (id, owner_id, title) values ('{}', '{}', 'Quietly')",
            id(1),
            id(2),
            id(9_999),
            user(0)
        ),
    );
    let summary = device.sync();
    assert_eq!((summary.rows, summary.deleted), (0, 0), "no pull brings it");
    finds(&device, 2, 1);
}

#[test]
fn a_rewrite_of_a_table_is_found() {
    let server = Server::todo();
    lists(&server, 300);
    let device = Device::synced(&server, 0);
    server.database.execute("alter table lists alter column title type text using upper(title)");
    finds(&device, 300, 0);
}

#[test]
fn a_dirty_row_is_compared_as_the_server_has_it_and_its_edit_stays() {
    let server = Server::todo();
    lists(&server, 300);
    let device = Device::synced(&server, 0);
    let sql = format!(
        "UPDATE lists SET title = 'Mine' WHERE id = {}; DELETE FROM lists WHERE id = {};
         INSERT INTO lists (id, owner_id, title) VALUES ({}, {}, 'New')",
        key(5),
        key(6),
        key(9_999),
        blob(&user(0))
    );
    // After the push, before the comparison.
    let edit = Action::sql(device.client.connection().unwrap(), sql);
    device.network.next("digest", Fault::After(edit));
    assert_eq!(verified(&device).differing, 0, "what is pending is no difference");
    assert_eq!(device.pending(), 3);
    device.sync();
    // Of a row that cannot be sent as it is, the server's side has changed where no log tells of it.
    device.sql(&format!(
        "UPDATE lists SET title = 'Mine again', created_at = 'yesterday' WHERE id = {}",
        key(5)
    ));
    uncaptured(&server, &format!("update lists set position = 9 where id = '{}'", id(5)));
    let found = verified(&device);
    assert_eq!((found.written, found.deleted), (1, 0), "{found:?}");
    let row = format!("SELECT title, position, created_at FROM lists WHERE id = {}", key(5));
    assert_eq!(device.rows(&row), ["Mine again|9|yesterday"]);
    assert_eq!(verified(&device).differing, 0);
    assert_eq!(device.pending(), 1);
}

#[test]
fn what_changes_while_tables_are_compared_is_left_to_the_next_pull() {
    let server = Server::todo();
    lists(&server, 300);
    let device = Device::synced(&server, 0);
    let sql = format!(
        "update lists set title = 'Later' where id = '{}'; delete from lists where id = '{}';
         insert into lists (id, owner_id, title) values ('{}', '{}', 'New')",
        id(1),
        id(2),
        id(9_999),
        user(0)
    );
    device.network.next("digest", Fault::After(Action::on_server(&server, sql)));
    assert_eq!(verified(&device).differing, 0);
    assert_eq!(device.sync().rows, 2);
    assert_eq!(device.lists(), titles(&server));
    // Also between the comparison and the repair.
    behind_the_back(&device, &format!("UPDATE lists SET title = 'Mist' WHERE id = {}", key(3)));
    let sql = format!("update lists set title = 'Last' where id in ('{}', '{}')", id(3), id(4));
    device.network.next("ranges", Fault::After(Action::on_server(&server, sql)));
    assert_eq!(verified(&device).written, 0);
    device.sync();
    assert_eq!(device.lists(), titles(&server));
}

#[test]
fn every_type_has_the_same_digest_on_both_sides() {
    let server = Server::with(
        "create type mood as enum ('sad', 'glad');
         create type pair as (a integer, b text);
         create table things (
            id integer primary key, user_id uuid not null, a bool, b int2, c int8, d float4, e float8, f numeric, g numeric(12,2),
            h timestamptz, i timestamp, j date, k time, l timetz, m interval, n bytea, o json, p jsonb, q mood, r pair,
            s integer[], t text[], u varchar(5), v char(5), w inet, x money, y int4range, z bit(3), aa uuid, ab oid, ac xml
         )",
        "",
    );
    server.database.execute(&format!(
        "insert into things values
           (1, '{0}', true, -7, 9000000000000000000, 0.1, -0.0, 1.500, 3, '2024-02-29 12:00:00.123+02', '-infinity', '2024-02-29',
            '24:00', '12:00:00+05:30', '1 mon -3 days 00:00:00.5', '\\x00ff', '{{\"a\" : 1.0}}', '{{\"b\": [1, 2e3]}}', 'glad',
            (1, 'x y'), '{{1,null,3}}', '{{\"a b\",null,\"null\"}}', 'ab', 'ab', '10.0.0.1', 12.34, '[1,5)', '101',
            '00000000-0000-4000-9000-000000000001', 4000000000, '<a/>'),
           (2, '{0}', null, null, null, 'NaN', 'Infinity', 'NaN', null, 'infinity', '0044-03-15 BC', '-infinity', '00:00', null, null,
            '', 'null', 'null', null, null, '{{{{1,2}},{{3,4}}}}', '{{}}', '', '', '10.0.0.0/8', -1, 'empty', null, null, 0, null)",
        user(0)
    ));
    let device = Device::synced(&server, 0);
    let [things] = device.client.verify().unwrap().tables.try_into().unwrap();
    assert_eq!((things.rows, things.differing), (2, 0), "{things:?}");
    server.database.execute("alter table things disable trigger all; update things set g = 4 where id = 1");
    let [things] = device.client.verify().unwrap().tables.try_into().unwrap();
    assert_eq!((things.written, things.deleted), (1, 0), "{things:?}");
    assert_eq!(device.rows("SELECT g FROM things WHERE id = 1"), ["4.00"]);
    assert!(device.client.verify().unwrap().is_right());
}

#[test]
fn another_users_rows_are_neither_compared_nor_given() {
    let server = Server::todo();
    lists(&server, 50);
    let device = Device::synced(&server, 1);
    assert_eq!(verified(&device).rows, 0);
}

#[test]
fn a_server_without_digests_says_so_and_nothing_changes() {
    struct Older(InProcess);

    impl Transport for Older {
        fn register(&self, request: &Register) -> Result<Registered, TransportError> {
            self.0.register(request)
        }

        fn pull(&self, request: &Pull) -> Result<Download, TransportError> {
            self.0.pull(request)
        }

        fn snapshot(&self, request: &Snapshot) -> Result<Download, TransportError> {
            self.0.snapshot(request)
        }

        fn push(&self, request: &Push) -> Result<PushReply, TransportError> {
            self.0.push(request)
        }
    }

    let server = Server::todo();
    lists(&server, 5);
    let device = Device::new(&server, 0);
    let client = Client::builder(device.folder.file(), server.engine.schema())
        .transport(Older(InProcess::new(&server, 0, &device.network)))
        .open()
        .unwrap();
    let error = client.verify().unwrap_err();
    assert!(matches!(error, SyncError::Refused { code: ErrorCode::NotFound, .. }), "{error}");
    assert_eq!(device.lists().len(), 5);
}

#[test]
fn the_server_takes_no_more_bits_than_there_are_and_no_cursor_of_another() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    let transport = InProcess::new(&server, 0, &device.network);
    let cursor = device.rows("SELECT CAST(value AS TEXT) FROM _oosync_meta WHERE name = 'cursor'").remove(0);
    let client = device.rows("SELECT value FROM _oosync_meta WHERE name = 'client'").remove(0);
    let request = |bits: u8, table: &str| Digest {
        client: client.parse().unwrap(),
        schema_hash: server.engine.schema().hash.to_owned(),
        cursor: cursor.clone(),
        tables: [(table.to_owned(), bits)].into(),
    };
    transport.digest(&request(14, "lists")).unwrap();
    for wrong in [request(15, "lists"), request(255, "lists"), request(0, "pg_class")] {
        let error = transport.digest(&wrong).unwrap_err();
        assert!(
            matches!(&error, TransportError::Refused(body) if body.code == ErrorCode::BadRequest),
            "{error}"
        );
    }
    let error = InProcess::new(&server, 1, &device.network).digest(&request(0, "lists")).unwrap_err();
    assert!(
        matches!(&error, TransportError::Refused(body) if body.code == ErrorCode::InvalidToken),
        "{error}"
    );
}
