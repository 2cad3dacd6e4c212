//! A second version of the schema: an app of before and one of after it sync with the same database.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use oosync_build::introspect::{DatabaseUrl, snapshot};
use oosync_build::postgres::Installation;
use oosync_build::postgres::installed::{Error, Migration};

use super::world::{BOOKS, CONFIG, SCHEMA, World, project};
use crate::{Cluster, TestDatabase};

/// What the new version adds: a column that may be null, one that has a default, and a table.
const NEXT: &str = "
    alter table lists add column if not exists note text;
    alter table todos add column if not exists estimate integer not null default 0;
    create table if not exists reminders (
        id uuid primary key default gen_random_uuid(),
        todo_id uuid not null references todos on delete cascade,
        body text not null,
        remind_at timestamptz,
        created_at timestamptz not null default now()
    );
    create index if not exists reminders_todo_id on reminders (todo_id);
    create or replace trigger books_insert after insert on reminders
        for each row execute function books.note('body');
    create or replace trigger books_update after update of body on reminders
        for each row execute function books.note('body');";

/// Whether an app of this schema is one of the new version.
pub(super) fn is_new(schema: &oosync_runtime::schema::Schema) -> bool {
    schema.table("reminders").is_some()
}

/// The folder of the new version's project: its facts are those of a database that has the new schema.
///
/// # Panics
///
/// Where the facts cannot be made.
pub(super) fn prepare(cluster: &Arc<Cluster>, folder: &Path) -> PathBuf {
    let folder = folder.join("next");
    std::fs::create_dir_all(&folder).expect("the folder is writable");
    let database = TestDatabase::empty_in(cluster);
    for sql in [SCHEMA, BOOKS, NEXT] {
        database.execute(sql);
    }
    let facts = snapshot(&mut database.client(), &["public"]).expect("the schema can be read");
    facts.save(&folder.join("oosync.facts.json")).expect("the folder is writable");
    std::fs::write(folder.join("Oosync.toml"), CONFIG).expect("the folder is writable");
    folder
}

/// Brings the database to the new version while everybody works: first the tables, then what is installed, as
/// `cargo oosync migrate --apply` does.
///
/// # Panics
///
/// Where that is refused for another reason than what else goes on.
pub(super) fn migrate(world: &World, folder: &Path) {
    world.surely(&format!("begin; set local lock_timeout = '8s'; {NEXT} commit"));
    let (project, plan) = project(folder);
    let facts = project.load_facts().expect("the facts were just written");
    let installation = Installation::new(&plan, &facts, &project.config).expect("it can be installed");
    let url = DatabaseUrl::parse(&world.database.url()).expect("the harness has a URL");
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let Ok(mut client) = url.connect() else { continue };
        match Migration::new(&mut client, &url, Duration::from_secs(5)).apply(&installation, &mut |_| {}) {
            Ok(_) => return,
            // Somebody has a lock, a deadlock, or Postgres was killed.
            Err(Error::Locked { .. } | Error::Refused { .. } | Error::Query(_))
                if Instant::now() < deadline => {}
            Err(error) => panic!("the database cannot be brought up to date: {error}"),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
