//! What the deletion of a row takes along on the device: nobody made these changes, and the server makes them by itself.

use oosync_runtime::client::store::InboxKind;
use oosync_runtime::protocol::{ErrorBody, ErrorCode};

use crate::network::Fault;
use crate::server::{Server, user};
use crate::support::{Device, blob, id, key};

/// Items and notes may not be deleted by themselves. What holds a list, its people do not know.
const SCHEMA: &str = "
    create table lists (id uuid primary key, user_id uuid not null, title text);
    create table items (id uuid primary key, list_id uuid not null references lists on delete cascade, title text, size int);
    create table notes (id uuid primary key, item_id uuid not null references items on delete cascade, body text);
    create table pins (id uuid primary key, list_id uuid references lists on delete set null, label text);
    create index on items (list_id); create index on notes (item_id); create index on pins (list_id);
    create table holds (list_id uuid references lists);";

const CONFIG: &str = "
    [sync]
    exclude = [\"holds\"]
    [tables.lists]
    deny_delete = false";

/// A server with lists 1 and 2, two items in each (11, 12, 21, 22) with a note (111, …), and a pin on each list (31, 32).
fn server() -> Server {
    let server = Server::with(SCHEMA, CONFIG);
    let mut sql = String::new();
    for list in [1, 2] {
        sql += &format!("insert into lists values ('{}', '{}', 'list {list}');", id(list), user(0));
        sql += &format!("insert into pins values ('{}', '{}', 'pin {list}');", id(30 + list), id(list));
        for item in [list * 10 + 1, list * 10 + 2] {
            sql += &format!("insert into items values ('{}', '{}', 'item {item}', 1);", id(item), id(list));
            let note = item * 10 + 1;
            sql += &format!("insert into notes values ('{}', '{}', 'note {note}');", id(note), id(item));
        }
    }
    server.database.execute(&sql);
    server
}

fn delete(device: &Device<'_>, table: &str, number: usize) {
    device.sql(&format!("DELETE FROM {table} WHERE id = {}", key(number)));
}

/// The titles of items, bodies of notes and labels of pins that are on a list.
fn here(device: &Device<'_>) -> Vec<String> {
    device.rows(
        "SELECT title FROM items UNION ALL SELECT body FROM notes \
         UNION ALL SELECT label FROM pins WHERE list_id IS NOT NULL ORDER BY 1",
    )
}

fn there(server: &Server) -> Vec<String> {
    let sql = "select title from items union all select body from notes \
               union all select label from pins where list_id is not null order by 1";
    server.database.client().query(sql, &[]).unwrap().iter().map(|row| row.get(0)).collect()
}

const ALL: [&str; 10] = [
    "item 11", "item 12", "item 21", "item 22", "note 111", "note 121", "note 211", "note 221", "pin 1",
    "pin 2",
];

const OF_THE_SECOND: [&str; 5] = ["item 21", "item 22", "note 211", "note 221", "pin 2"];

/// What was sent, as words: `delete lists`.
fn sent(device: &Device<'_>) -> Vec<String> {
    let pushes = device.network.pushes.lock().unwrap();
    let mutations = pushes.iter().flat_map(|push| &push.mutations);
    mutations.map(|mutation| format!("{:?} {}", mutation.op, mutation.table).to_lowercase()).collect()
}

/// Nothing is left to do, nobody complains, and both sides are alike.
fn at_rest(device: &Device<'_>, server: &Server) {
    device.sync();
    assert_eq!(device.pending(), 0);
    assert_eq!(device.client.status().unwrap().pending, 0);
    assert_eq!(here(device), there(server));
    assert!(device.client.verify().unwrap_or_else(|error| panic!("{error}")).is_right());
}

fn hold(server: &Server, list: usize) {
    server.database.execute(&format!("insert into holds values ('{}')", id(list)));
}

#[test]
fn what_a_deletion_takes_along_is_not_sent() {
    let server = server();
    let device = Device::synced(&server, 0);
    assert_eq!(here(&device), ALL);
    delete(&device, "lists", 1);
    assert_eq!(here(&device), OF_THE_SECOND);
    assert_eq!(device.pending(), 1);
    let summary = device.sync();
    assert_eq!((summary.pushed, summary.rejected, summary.conflicts), (1, 0, 0));
    assert_eq!(sent(&device), ["delete lists"]);
    assert_eq!(there(&server), OF_THE_SECOND);
    at_rest(&device, &server);
    assert_eq!(device.client.rejections().unwrap(), []);
}

#[test]
fn what_a_refused_deletion_took_along_comes_back() {
    let server = server();
    let device = Device::synced(&server, 0);
    hold(&server, 1);
    delete(&device, "lists", 1);
    let summary = device.sync();
    assert_eq!((summary.pushed, summary.rejected), (0, 1));
    assert_eq!(here(&device), ALL);
    assert_eq!(sent(&device), ["delete lists"]);
    let rejections = device.client.rejections().unwrap();
    assert_eq!(rejections.iter().map(|item| item.table.as_str()).collect::<Vec<_>>(), ["lists"]);
    at_rest(&device, &server);
    // And once more, when nothing holds it.
    server.database.execute("delete from holds");
    delete(&device, "lists", 1);
    device.sync();
    assert_eq!(there(&server), OF_THE_SECOND);
    at_rest(&device, &server);
}

#[test]
fn what_was_written_before_comes_back_with_a_refused_deletion_and_is_sent() {
    let server = server();
    let device = Device::synced(&server, 0);
    hold(&server, 1);
    device.sql(&format!(
        "UPDATE items SET title = 'mine' WHERE id = {}; INSERT INTO items VALUES ({}, {}, 'new', 2);
         INSERT INTO notes VALUES ({}, {}, 'newer'); UPDATE pins SET label = 'my pin' WHERE id = {}",
        key(11),
        key(13),
        key(1),
        key(131),
        key(13),
        key(31)
    ));
    delete(&device, "lists", 1);
    assert_eq!(here(&device), OF_THE_SECOND);
    // Meanwhile somebody changes another column of the same item.
    server.database.execute(&format!("update items set size = 7 where id = '{}'", id(11)));
    device.sync();
    assert_eq!(device.rows(&format!("SELECT title, size FROM items WHERE id = {}", key(11))), ["mine|7"]);
    at_rest(&device, &server);
    let mut expected = ALL.to_vec();
    expected[0] = "mine";
    expected[8] = "my pin";
    expected.extend(["new", "newer"]);
    expected.sort_unstable();
    assert_eq!(there(&server), expected);
    let rejections = device.client.rejections().unwrap();
    assert_eq!(rejections.iter().map(|item| item.table.as_str()).collect::<Vec<_>>(), ["lists"]);
}

#[test]
fn what_was_written_before_goes_with_the_row_that_it_belongs_to() {
    let server = server();
    let device = Device::synced(&server, 0);
    device.sql(&format!(
        "UPDATE items SET title = 'mine' WHERE id = {}; INSERT INTO items VALUES ({}, {}, 'new', 2);",
        key(11),
        key(13),
        key(1),
    ));
    delete(&device, "lists", 1);
    device.sync();
    assert_eq!(sent(&device), ["delete lists"]);
    at_rest(&device, &server);
    assert_eq!(there(&server), OF_THE_SECOND);
    assert_eq!(device.client.rejections().unwrap(), []);
}

#[test]
fn an_explicit_deletion_beside_it_is_sent() {
    let server = Server::with(
        SCHEMA,
        &CONFIG.replace("[tables.lists]", "[tables.items]\ndeny_delete = false\n[tables.lists]"),
    );
    server.database.execute(&format!(
        "insert into lists values ('{0}', '{1}', 'list'); insert into items values ('{2}', '{0}', 'one', 1), ('{3}', '{0}', 'two', 1)",
        id(1), user(0), id(11), id(12)
    ));
    let device = Device::synced(&server, 0);
    device.sql(&format!(
        "BEGIN; DELETE FROM items WHERE id = {}; DELETE FROM lists WHERE id = {}; COMMIT",
        key(11),
        key(1)
    ));
    device.sync();
    assert_eq!(sent(&device), ["delete items", "delete lists"]);
    at_rest(&device, &server);
    assert_eq!(there(&server), [""; 0]);
}

#[test]
fn a_push_that_was_interrupted_is_answered_once() {
    for fault in [Fault::Lost, Fault::ReplyLost, Fault::Says(ErrorBody::new(ErrorCode::Unavailable, "busy"))]
    {
        let server = server();
        let device = Device::synced(&server, 0);
        delete(&device, "lists", 1);
        device.network.next("push", fault);
        device.client.sync().unwrap_err();
        assert_eq!(here(&device), OF_THE_SECOND);
        let device = device.restarted();
        device.network.next("pull", Fault::Lost);
        device.client.sync().unwrap_err();
        assert_eq!(here(&device), OF_THE_SECOND, "between answer and pull");
        at_rest(&device, &server);
        assert_eq!(there(&server), OF_THE_SECOND);
        assert_eq!(device.client.rejections().unwrap(), []);
    }
}

#[test]
fn a_row_that_is_made_again_has_lost_what_its_deletion_took_along() {
    let server = Server::with(
        SCHEMA,
        &CONFIG.replace(
            "[tables.lists]",
            "[tables.items]\ndeny_delete = false\n[tables.notes]\ndeny_delete = false\n[tables.lists]",
        ),
    );
    let list = format!("('{}', '{}', 'list 1')", id(1), user(0));
    server.database.execute(&format!(
        "insert into lists values {list}; insert into items values ('{1}', '{0}', 'one', 1); \
         insert into notes values ('{2}', '{1}', 'note')",
        id(1),
        id(11),
        id(111)
    ));
    for sql in ["DELETE FROM lists; INSERT INTO lists", "INSERT OR REPLACE INTO lists"] {
        let device = Device::synced(&server, 0);
        device.sql(&format!("{sql} VALUES ({}, {}, 'again')", key(1), blob(&user(0))));
        assert_eq!(here(&device), [""; 0]);
        device.sync();
        // The server's list was never deleted: its item is, with its own note.
        assert_eq!(sent(&device), ["update lists", "delete items"], "{sql}");
        at_rest(&device, &server);
        assert_eq!(there(&server), [""; 0]);
        server.database.execute(&format!(
            "delete from lists; insert into lists values {list}; insert into items values ('{1}', '{0}', 'one', 1); \
             insert into notes values ('{2}', '{1}', 'note')",
            id(1), id(11), id(111)
        ));
    }
}

#[test]
fn a_row_moved_elsewhere_by_somebody_is_let_go() {
    let server = server();
    let device = Device::synced(&server, 0);
    delete(&device, "lists", 1);
    server.database.execute(&format!("update items set list_id = '{}' where id = '{}'", id(2), id(11)));
    device.network.next("push", Fault::Lost);
    device.client.sync().unwrap_err();
    device.sync();
    let mut expected = [&["item 11"], &OF_THE_SECOND[..2], &["note 111"], &OF_THE_SECOND[2..]].concat();
    expected.sort_unstable();
    assert_eq!(there(&server), expected);
    at_rest(&device, &server);
    assert_eq!(sent(&device).iter().filter(|sent| *sent != "delete lists").count(), 0);
}

#[test]
fn a_row_moved_elsewhere_while_the_device_was_offline_is_let_go_by_the_pull() {
    let server = server();
    let device = Device::synced(&server, 0);
    delete(&device, "lists", 1);
    server.database.execute(&format!("update items set list_id = '{}' where id = '{}'", id(2), id(11)));
    // A push that is refused as a whole is no reason to learn nothing new.
    device.network.next("push", Fault::Says(ErrorBody::new(ErrorCode::Forbidden, "not now")));
    device.client.sync().unwrap_err();
    let mut expected = [&["item 11"], &OF_THE_SECOND[..2], &["note 111"], &OF_THE_SECOND[2..]].concat();
    expected.sort_unstable();
    assert_eq!(here(&device), expected);
    at_rest(&device, &server);
    assert_eq!(there(&server), expected);
}

#[test]
fn a_row_moved_here_and_not_yet_there_is_deleted_by_a_change_of_its_own() {
    let server = Server::with(
        SCHEMA,
        &CONFIG.replace("[tables.lists]", "[tables.items]\ndeny_delete = false\n[tables.lists]"),
    );
    server.database.execute(&format!(
        "insert into lists values ('{0}', '{2}', 'list'), ('{1}', '{2}', 'list'); insert into items values ('{3}', '{0}', 'one', 1)",
        id(1), id(2), user(0), id(11)
    ));
    let device = Device::synced(&server, 0);
    device.sql(&format!("UPDATE items SET list_id = {}", key(2)));
    delete(&device, "lists", 2);
    device.sync();
    assert_eq!(sent(&device), ["delete items", "delete lists"]);
    at_rest(&device, &server);
    assert_eq!(there(&server), [""; 0]);
}

#[test]
fn a_discarded_deletion_brings_back_what_it_took_along() {
    let server = server();
    let device = Device::synced(&server, 0);
    device.sql(&format!("UPDATE items SET title = 'mine' WHERE id = {}", key(11)));
    delete(&device, "lists", 1);
    let list = uuid::Uuid::parse_str(&id(1)).unwrap();
    assert!(
        device
            .client
            .discard("lists", &[oosync_runtime::Value::Blob(list.as_bytes().to_vec().into())])
            .unwrap()
    );
    let mut expected = ALL.to_vec();
    expected[0] = "mine";
    expected.sort_unstable();
    assert_eq!(here(&device), expected);
    device.sync();
    assert_eq!(sent(&device), ["update items"]);
    at_rest(&device, &server);
}

#[test]
fn a_deletion_on_both_sides_is_told_of_the_row_alone() {
    let server = server();
    let device = Device::synced(&server, 0);
    delete(&device, "lists", 1);
    server.database.execute(&format!("delete from lists where id = '{}'", id(1)));
    device.sync();
    at_rest(&device, &server);
    assert_eq!(there(&server), OF_THE_SECOND);
    let rejections = device.client.rejections().unwrap();
    assert_eq!(rejections.iter().map(|item| item.table.as_str()).collect::<Vec<_>>(), ["lists"]);
}

#[test]
fn rows_of_a_list_that_is_only_marked_come_back_where_they_may_not_be_deleted() {
    let schema = "
        create table lists (id uuid primary key, user_id uuid not null, title text, deleted_at timestamptz);
        create table items (id uuid primary key, list_id uuid not null references lists on delete cascade, title text);
        create table marks (id uuid primary key, list_id uuid not null references lists on delete cascade, title text,
            deleted_at timestamptz);
        create index on items (list_id); create index on marks (list_id);";
    let server = Server::with(schema, "");
    server.database.execute(&format!(
        "insert into lists values ('{0}', '{1}', 'list'); insert into items values ('{2}', '{0}', 'item'); \
         insert into marks values ('{3}', '{0}', 'mark')",
        id(1),
        user(0),
        id(11),
        id(12)
    ));
    let device = Device::synced(&server, 0);
    delete(&device, "lists", 1);
    let summary = device.sync();
    assert_eq!(
        (summary.rejected, sent(&device)),
        (0, vec!["delete marks".to_owned(), "delete lists".to_owned()])
    );
    assert_eq!(device.rows("SELECT title FROM items"), ["item"]);
    let marked = "SELECT count(*) FROM marks WHERE deleted_at IS NOT NULL";
    assert_eq!(device.rows(marked), ["1"]);
    assert_eq!(device.rows("SELECT count(*) FROM lists WHERE deleted_at IS NOT NULL"), ["1"]);
    assert_eq!(device.pending(), 0);
    let kinds: Vec<InboxKind> = device.client.rejections().unwrap().iter().map(|item| item.kind).collect();
    assert_eq!(kinds, []);
    assert!(device.client.verify().unwrap_or_else(|error| panic!("{error}")).is_right());
}
