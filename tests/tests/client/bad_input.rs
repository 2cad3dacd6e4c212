//! What is broken is told, and nothing is lost by it.

use std::fs::OpenOptions;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;

use oosync_runtime::Value;
use oosync_runtime::client::{Client, StoreError, SyncError};
use oosync_runtime::rusqlite::{Connection, ErrorCode as SqliteCode};

use crate::network::{Fault, InProcess};
use crate::server::{Server, user};
use crate::support::{Device, Folder, blob, client, id, key, rows, titles};

fn open(server: &Server, path: impl AsRef<Path>) -> Result<Client, SyncError> {
    Client::builder(path, server.engine.schema()).open()
}

/// All of the file in one place, and nobody has it open.
fn closed(device: Device<'_>) -> Arc<Folder> {
    let Device { client, app, folder, .. } = device;
    drop((client, app));
    let file = Connection::open(folder.file()).unwrap();
    file.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    folder
}

/// Turns bytes of a file over.
fn damage(path: &Path, from: u64, count: usize) {
    let mut file = OpenOptions::new().read(true).write(true).open(path).unwrap();
    let mut bytes = vec![0; count];
    file.seek(SeekFrom::Start(from)).unwrap();
    file.read_exact(&mut bytes).unwrap();
    bytes.iter_mut().for_each(|byte| *byte ^= 0x5A);
    file.seek(SeekFrom::Start(from)).unwrap();
    file.write_all(&bytes).unwrap();
}

#[track_caller]
fn sqlite(error: &SyncError) -> SqliteCode {
    let SyncError::Store(StoreError::Sqlite { source, .. }) = error else { panic!("{error:?}") };
    assert!(error.to_string().starts_with("while "), "{error}");
    source.sqlite_error_code().unwrap()
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let server = Server::todo();
    let folder = Folder::new();
    let text = "Dear diary, ".repeat(1_000);
    std::fs::write(folder.file(), &text).unwrap();
    let error = open(&server, folder.file()).unwrap_err();
    assert_eq!(sqlite(&error), SqliteCode::NotADatabase, "{error}");
    assert_eq!(std::fs::read_to_string(folder.file()).unwrap(), text);
    let error = open(&server, folder.path()).unwrap_err();
    assert_eq!(sqlite(&error), SqliteCode::CannotOpen, "a folder: {error}");
    let error = open(&server, folder.path().join("no/such/folder/app.db")).unwrap_err();
    assert_eq!(sqlite(&error), SqliteCode::CannotOpen, "{error}");
    assert!(error.to_string().contains("no/such/folder"), "{error}");
}

#[test]
fn a_file_with_a_damaged_header_is_refused() {
    let server = Server::todo();
    let folder = closed(Device::synced(&server, 0));
    let whole = std::fs::read(folder.file()).unwrap();
    damage(&folder.file(), 0, 16);
    let error = open(&server, folder.file()).unwrap_err();
    assert_eq!(sqlite(&error), SqliteCode::NotADatabase, "{error}");
    std::fs::write(folder.file(), &whole).unwrap();
    open(&server, folder.file()).unwrap();
}

#[test]
fn a_file_with_a_damaged_page_says_so_and_is_not_made_anew() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    for number in 1..=200 {
        device.add_list(number, &format!("List {number}"));
    }
    let page = device.rows("SELECT rootpage FROM sqlite_schema WHERE name = 'lists'");
    let page: u64 = page[0].parse().unwrap();
    let (network, folder) = (Arc::clone(&device.network), closed(device));
    damage(&folder.file(), (page - 1) * 4_096, 64);
    let before = std::fs::read(folder.file()).unwrap();
    let result = Client::builder(folder.file(), server.engine.schema())
        .transport(InProcess::new(&server, 0, &network))
        .open()
        .and_then(|client| client.sync());
    let error = result.unwrap_err();
    assert_eq!(sqlite(&error), SqliteCode::DatabaseCorrupt, "{error}");
    let text = error.to_string();
    assert!(text.contains("malformed"), "{text}");
    let after = std::fs::read(folder.file()).unwrap();
    let place = usize::try_from((page - 1) * 4_096).unwrap();
    assert_eq!(before[place..place + 4_096], after[place..place + 4_096], "nobody has written over it");
}

#[test]
fn a_file_damaged_anywhere_is_an_error_or_works_and_never_a_panic() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.add_list(1, "Garden");
    let (network, folder) = (Arc::clone(&device.network), closed(device));
    let whole = std::fs::read(folder.file()).unwrap();
    let all = std::env::var("OOSYNC_CASES").is_ok();
    let mut refused = 0;
    for place in (16..whole.len() as u64).step_by(if all { 61 } else { 9_973 }) {
        let copy = Folder::new();
        std::fs::write(copy.file(), &whole).unwrap();
        damage(&copy.file(), place, 3);
        let result = Client::builder(copy.file(), server.engine.schema())
            .transport(InProcess::new(&server, 0, &network))
            .open()
            .and_then(|client| client.sync());
        refused += usize::from(result.is_err());
    }
    assert!(refused > 0);
}

#[test]
fn a_file_that_cannot_be_written_is_read_and_every_write_says_why() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.add_list(1, "Garden");
    device.sync();
    device.add_list(2, "Shed");
    let (network, folder) = (Arc::clone(&device.network), closed(device));
    let path = format!("file:{}?mode=ro", folder.file().display());
    let reader = Client::builder(path, server.engine.schema())
        .transport(InProcess::new(&server, 0, &network))
        .open()
        .unwrap_or_else(|error| panic!("{error}"));
    let app = reader.connection().unwrap();
    assert_eq!(rows(&app, "SELECT title FROM lists ORDER BY title"), ["Garden", "Shed"]);
    app.execute_batch("DELETE FROM lists").unwrap_err();
    let error = reader.sync().unwrap_err();
    assert_eq!(sqlite(&error), SqliteCode::ReadOnly, "{error}");
    assert_eq!(titles(&server), ["Garden"]);
    drop((reader, app));
    let client = client(&server, 0, &network, &folder);
    client.sync().unwrap();
    assert_eq!(titles(&server), ["Garden", "Shed"]);
}

#[test]
fn a_file_that_is_full_refuses_a_write_whole_and_what_was_written_before_is_sent() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.add_list(1, "Garden");
    let pages: u64 = device.rows("PRAGMA page_count")[0].parse().unwrap();
    device.rows(&format!("PRAGMA max_page_count = {}", pages + 2));
    let owner = blob(&user(0));
    let mut number = 2;
    let error = loop {
        let sql = format!(
            "BEGIN; INSERT INTO lists (id, owner_id, title) VALUES ({}, {owner}, 'a'); \
             INSERT INTO lists (id, owner_id, title) VALUES ({}, {owner}, '{}'); COMMIT",
            key(number),
            key(number + 1),
            "b".repeat(3_000)
        );
        if let Err(error) = device.app.execute_batch(&sql) {
            break error;
        }
        number += 2;
    };
    assert_eq!(error.sqlite_error_code(), Some(SqliteCode::DiskFull), "{error}");
    let _ = device.app.execute_batch("ROLLBACK");
    let written = device.lists().len();
    assert_eq!(written, number - 1, "pairs are there whole");
    device.rows("PRAGMA max_page_count = 1000000");
    device.sync();
    assert_eq!(titles(&server), device.lists());
    assert_eq!((titles(&server).len(), device.pending()), (written, 0));
}

#[test]
fn a_byte_that_was_turned_over_on_the_way_is_an_error_or_found_later() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.add_list(1, "Garden");
    device.sync();
    let stride = if std::env::var("OOSYNC_CASES").is_ok() { 1 } else { 53 };
    let (mut errors, mut place) = (0, 0);
    loop {
        server.database.execute(&format!("update lists set title = 'Title {place}'"));
        let turned = Arc::new(std::sync::atomic::AtomicBool::new(false));
        device.network.next("pull", Fault::Turned(place, Arc::clone(&turned)));
        if let Err(error) = device.client.sync() {
            errors += 1;
            assert!(
                matches!(
                    error,
                    SyncError::Offline { .. } | SyncError::Malformed { .. } | SyncError::Store(_)
                ) || matches!(error, SyncError::Refused { .. } | SyncError::Unavailable { .. }),
                "byte {place}: {error:?}"
            );
        }
        if !turned.load(std::sync::atomic::Ordering::Relaxed) {
            break;
        }
        device.client.sync().unwrap_or_else(|error| panic!("byte {place}: {error}"));
        device.client.verify().unwrap_or_else(|error| panic!("byte {place}: {error}"));
        assert_eq!(device.lists(), [format!("Title {place}")], "byte {place}");
        assert_eq!(device.pending(), 0);
        place += stride;
    }
    assert!(place > 1_000 && errors > 5, "{errors} errors in {place} bytes");
}

#[test]
fn another_database_behind_the_same_url_gives_its_rows_and_gets_what_was_not_sent() {
    let (server, other) = (Server::todo(), Server::todo());
    let device = Device::synced(&server, 0);
    device.add_list(1, "Sent to the first");
    device.sync();
    device.add_list(2, "Not sent");
    other.database.execute(&format!(
        "insert into lists (id, owner_id, title) values ('{}', '{}', 'Of the other')",
        id(3),
        user(0)
    ));
    let (network, folder) = (Arc::clone(&device.network), closed(device));
    let client = client(&other, 0, &network, &folder);
    let summary = client.sync().unwrap();
    assert!(summary.bootstrapped && summary.pushed == 1, "{summary:?}");
    let app = client.connection().unwrap();
    let here = rows(&app, "SELECT title FROM lists ORDER BY title");
    assert_eq!(here, ["Not sent", "Of the other"]);
    assert_eq!(titles(&other), here);
    assert_eq!(titles(&server), ["Sent to the first"]);
}

#[test]
fn a_device_restored_from_a_backup_sends_nothing_twice_and_loses_nothing() {
    for rule in ["server_wins", "client_wins"] {
        let server = Server::with(
            "create table notes (id uuid primary key, user_id uuid not null, title text not null)",
            &format!("[tables.notes]\ndeny_delete = false\nconflict = \"{rule}\""),
        );
        server.database.execute(
            "create schema audit; create table audit.written (title text);
             create function audit.note() returns trigger language plpgsql security definer as
               $$ begin insert into audit.written values (new.title); return new; end $$;
             create trigger note after insert or update on notes for each row execute function audit.note()",
        );
        let add = |number: usize, title: &str| {
            let owner = blob(&user(0));
            format!("INSERT INTO notes (id, user_id, title) VALUES ({}, {owner}, '{title}')", key(number))
        };
        let device = Device::synced(&server, 0);
        device.sql(&add(1, "Old"));
        device.app.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
        let backup = std::fs::read(device.folder.file()).unwrap();
        device.sync();
        device.sql("UPDATE notes SET title = 'Newer'");
        device.sql(&add(2, "Second"));
        device.sync();
        let (network, folder) = (Arc::clone(&device.network), closed(device));
        std::fs::write(folder.file(), backup).unwrap();
        let client = client(&server, 0, &network, &folder);
        let app = client.connection().unwrap();
        app.execute_batch(&add(3, "After the restore")).unwrap();
        client.sync().unwrap();
        client.sync().unwrap();
        let here = rows(&app, "SELECT title FROM notes ORDER BY title");
        // Whether the old row was sent before, nobody remembers: it is one more edit of a row that has changed since.
        let first = if rule == "server_wins" { "Newer" } else { "Old" };
        assert_eq!(here.iter().filter(|title| *title == first).count(), 1, "{rule}: {here:?}");
        assert_eq!(here.len(), 3, "{rule}: {here:?}");
        let there = server.database.client().query("select title from notes order by 1", &[]).unwrap();
        assert_eq!(there.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>(), here);
        let [item] = client.conflicts().unwrap().try_into().unwrap();
        let title = item.column("title").unwrap();
        assert_eq!((&title.mine, &title.theirs), (&Value::Text("Old".into()), &Value::Text("Newer".into())));
        let written = "select count(*) from audit.written where title in ('Second', 'After the restore')";
        let written: i64 = server.database.client().query_one(written, &[]).unwrap().get(0);
        assert_eq!(written, 2, "each once");
        assert!(client.verify().unwrap().is_right());
    }
}

#[test]
fn two_clones_of_a_device_go_on_as_two() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.add_list(1, "Not sent when it was cloned");
    device.app.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let clone = Folder::new();
    std::fs::copy(device.folder.file(), clone.file()).unwrap();
    let other = client(&server, 0, &Arc::default(), &clone);
    let app = other.connection().unwrap();
    device.add_list(2, "Of the first");
    app.execute_batch(&format!(
        "INSERT INTO lists (id, owner_id, title) VALUES ({}, {}, 'Of the clone')",
        key(3),
        blob(&user(0))
    ))
    .unwrap();
    for _ in 0..2 {
        device.sync();
        other.sync().unwrap();
    }
    device.sync();
    let all = ["Not sent when it was cloned", "Of the clone", "Of the first"];
    assert_eq!(titles(&server), all);
    assert_eq!(device.lists(), all);
    assert_eq!(rows(&app, "SELECT title FROM lists ORDER BY title"), all);
    let name = "SELECT value FROM _oosync_meta WHERE name = 'client'";
    assert_ne!(device.rows(name), rows(&app, name), "each has a name of its own now");
    assert_eq!((device.client.rejections().unwrap(), other.rejections().unwrap()), (Vec::new(), Vec::new()));
}

#[test]
fn an_edit_made_while_the_clock_was_years_ahead_does_not_win_for_years() {
    let server = Server::todo();
    let (one, two) = (Device::synced(&server, 0), Device::synced(&server, 0));
    one.add_list(1, "Garden");
    one.sync();
    two.sync();
    one.sql("UPDATE lists SET title = 'From the future'");
    one.sql("UPDATE _oosync_lists SET changed_at = changed_at + 10 * 365 * 86400000");
    one.sync();
    two.sync();
    two.sql("UPDATE lists SET title = 'Of today'");
    two.sync();
    one.sync();
    assert_eq!(titles(&server), ["Of today"]);
    assert_eq!(one.lists(), ["Of today"]);
}

#[test]
fn an_edit_made_while_the_clock_was_years_back_is_sent_all_the_same() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.add_list(1, "Garden");
    device.sync();
    for changed_at in ["0", "-1000000000000", "9223372036854775807"] {
        let title = format!("Edited at {changed_at}");
        device.sql(&format!("UPDATE lists SET title = '{title}'"));
        device.sql(&format!("UPDATE _oosync_lists SET changed_at = {changed_at}"));
        let summary = device.sync();
        assert_eq!((summary.pushed, summary.stuck.len()), (1, 0), "{changed_at}: {summary:?}");
        assert_eq!((titles(&server), device.lists()), (vec![title.clone()], vec![title]));
    }
}

#[test]
fn the_apps_own_tables_and_triggers_go_on_beside_ours() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.sql(
        "CREATE TABLE seen (title TEXT); CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT);
         INSERT INTO settings VALUES ('theme', 'dark');
         CREATE TRIGGER app_seen AFTER INSERT ON lists BEGIN INSERT INTO seen VALUES (NEW.title); END;
         CREATE TRIGGER app_renamed AFTER UPDATE OF title ON lists BEGIN INSERT INTO seen VALUES (NEW.title); END",
    );
    device.add_list(1, "Mine");
    device.sync();
    server.database.execute(&format!(
        "insert into lists (id, owner_id, title) values ('{}', '{}', 'Theirs')",
        id(2),
        user(0)
    ));
    let device = device.restarted();
    device.sync();
    assert_eq!(device.rows("SELECT DISTINCT title FROM seen"), ["Mine", "Theirs"]);
    assert_eq!(device.rows("SELECT value FROM settings"), ["dark"]);
    server.database.execute("update oosync.meta set incarnation = gen_random_uuid()");
    device.sync();
    assert_eq!(device.lists(), ["Mine", "Theirs"]);
    assert_eq!(device.rows("SELECT count(*) FROM sqlite_schema WHERE name LIKE 'app%'"), ["2"]);
    assert!(device.client.verify().unwrap().is_right());
    assert_eq!(device.sent(), [1]);
}

#[test]
fn a_synced_table_altered_by_hand_is_refused_with_what_is_wrong_until_it_is_undone() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.add_list(1, "Garden");
    device.sql("ALTER TABLE lists ADD COLUMN color TEXT");
    let (network, folder) = (Arc::clone(&device.network), closed(device));
    let error = open(&server, folder.file()).unwrap_err();
    assert!(
        matches!(&error, SyncError::Store(StoreError::Altered { table, found, .. }) if table == "lists" && found.contains("color")),
        "{error}"
    );
    let file = Connection::open(folder.file()).unwrap();
    file.execute_batch("ALTER TABLE lists DROP COLUMN color").unwrap();
    let client = client(&server, 0, &network, &folder);
    client.sync().unwrap();
    assert_eq!(titles(&server), ["Garden"]);
}
