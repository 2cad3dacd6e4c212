//! Whoever only reads a file, and files with a key.

use std::time::Duration;

use oosync_runtime::client::{Client, StartOptions, StoreError, SyncError};

use crate::network::InProcess;
use crate::server::Server;
use crate::support::{Device, Folder, rows};

#[test]
fn a_follower_reads_and_watches_and_neither_writes_nor_syncs() {
    let server = Server::todo();
    let device = Device::synced(&server, 0);
    device.add_list(1, "Garden");
    let follower = Client::builder(device.folder.file(), server.engine.schema())
        .transport(InProcess::new(&server, 0, &device.network))
        .read_only(true)
        .open()
        .unwrap_or_else(|error| panic!("{error}"));
    let app = follower.connection().unwrap();
    assert_eq!(rows(&app, "SELECT title FROM lists"), ["Garden"]);
    app.execute_batch("DELETE FROM lists").unwrap_err();
    let only_reads = |error: SyncError| {
        assert!(
            matches!(&error, SyncError::Store(StoreError::State { what }) if what.contains("only reads")),
            "{error}"
        );
    };
    only_reads(follower.sync().unwrap_err());
    only_reads(follower.start(StartOptions::default()).unwrap_err());
    only_reads(follower.verify().unwrap_err());
    assert_eq!(follower.status().unwrap().pending, 1);
    let watch = follower.watch(&["lists"]).unwrap();
    device.sql("UPDATE lists SET title = 'Orchard'");
    assert_eq!(watch.wait(Duration::from_secs(20)), ["lists"]);
    assert_eq!(rows(&app, "SELECT title FROM lists"), ["Orchard"]);
    device.sync();
    assert_eq!(follower.status().unwrap().pending, 0);
}

#[test]
fn a_follower_makes_no_file_and_mends_none() {
    let server = Server::todo();
    let folder = Folder::new();
    let follow =
        |folder: &Folder| Client::builder(folder.file(), server.engine.schema()).read_only(true).open();
    let error = follow(&folder).unwrap_err();
    assert!(matches!(error, SyncError::Store(StoreError::Sqlite { .. })), "{error}");
    assert!(!folder.file().exists());
    let device = Device::synced(&server, 0);
    device.sql("DROP TRIGGER _oosync_update_lists");
    let error = follow(&device.folder).unwrap_err();
    assert!(
        matches!(&error, SyncError::Store(StoreError::State { what }) if what.contains("open it in the app")),
        "{error}"
    );
    let device = device.restarted();
    assert_eq!(device.client.opened().repaired, ["_oosync_update_lists"]);
    follow(&device.folder).unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn a_key_without_encryption_is_an_error_and_no_file_is_made() {
    let server = Server::todo();
    let folder = Folder::new();
    let error = Client::builder(folder.file(), server.engine.schema())
        .key(|| panic!("nobody is asked for a key that cannot be used"))
        .open()
        .unwrap_err();
    assert!(
        matches!(&error, SyncError::Store(StoreError::Key { what }) if what.contains("bundled-sqlcipher")),
        "{error}"
    );
    let length = std::fs::metadata(folder.file()).map_or(0, |file| file.len());
    assert_eq!(length, 0, "nothing in the clear");
}
