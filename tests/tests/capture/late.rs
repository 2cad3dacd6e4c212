//! Rows that are there before their parent, and parents that come in the place of others.

use std::time::Duration;

use oosync_build::plan::Plan;
use oosync_tests::TestDatabase;
use postgres::{Client, Transaction};

use super::device::{Device, Rows, difference, installation};
use super::interleaved::{begin_waiting, wait_until_blocked};

const SCHEMA: &str = "
    create table lists (id int primary key, owner_id int, title text);
    create table todos (id int primary key, list_id int references lists deferrable initially deferred, title text);
    create table comments (id int primary key, todo_id int references todos deferrable initially deferred, body text);
    create index on todos (list_id);
    create index on comments (todo_id);
    create table boards (id int primary key, owner_id int);
    create table cards (id int primary key, board_id int references boards, body text);
    create table stickers (id int primary key, card_id int references cards, body text);
    create table folders (id int primary key, owner_id int);
    create table files (id int primary key, folder_id int, body text);
    insert into files values (1, 1, 'lost'), (2, 1, 'lost'), (3, 2, 'lost');
    alter table files add foreign key (folder_id) references folders not valid;
";

const CONFIG: &str = "
    [tables.lists]
    owner_null = \"nobody\"
    [tables.boards]
    owner_null = \"nobody\"
    [tables.folders]
    owner_null = \"nobody\"
";

const TRUTH: &[(&str, &str)] = &[
    ("lists", "select t.id, t from lists t where owner_id = $1"),
    ("todos", "select t.id, t from todos t join lists l on l.id = t.list_id where l.owner_id = $1"),
    (
        "comments",
        "select t.id, t from comments t join todos d on d.id = t.todo_id join lists l on l.id = d.list_id where l.owner_id = $1",
    ),
    ("boards", "select t.id, t from boards t where owner_id = $1"),
    ("cards", "select t.id, t from cards t join boards b on b.id = t.board_id where b.owner_id = $1"),
    (
        "stickers",
        "select t.id, t from stickers t join cards c on c.id = t.card_id join boards b on b.id = c.board_id where b.owner_id = $1",
    ),
    ("folders", "select t.id, t from folders t where owner_id = $1"),
    ("files", "select t.id, t from files t join folders f on f.id = t.folder_id where f.owner_id = $1"),
];

fn truth(transaction: &mut Transaction<'_>, user: &str) -> Result<Rows, postgres::Error> {
    let mut rows = Rows::new();
    for (table, sql) in TRUTH {
        let sql = format!("select array[q.id::text], to_jsonb(q.t)::text from ({sql}) q (id, t)");
        for row in transaction.query(&sql.replace("$1", user), &[])? {
            rows.insert((format!("public.{table}"), row.get(0)), row.get(1));
        }
    }
    Ok(rows)
}

/// A database, and the devices of users 1 to 3.
struct Scene {
    database: TestDatabase,
    plan: Plan,
    client: Client,
    devices: Vec<Device>,
}

impl Scene {
    fn new(before: &str) -> Self {
        let database = TestDatabase::with_schema(SCHEMA);
        let (plan, installation) = installation(&database, CONFIG);
        database.execute(&installation.install_sql());
        database.execute(before);
        let devices = (1..=3).map(|user| Device::of(user.to_string())).collect();
        let mut scene = Self { client: database.client(), database, plan, devices };
        scene.pull("what was there before");
        scene
    }

    fn session(&self) -> Client {
        self.database.client()
    }

    /// Every device is what plain SQL says.
    fn pull(&mut self, after: &str) {
        for device in &mut self.devices {
            let truth = device.pull_beside(&self.plan, &mut self.client, &mut truth).unwrap();
            let wrong = difference(&device.rows, &truth);
            assert!(wrong.is_empty(), "user {} after `{after}`:\n{wrong}", device.user);
        }
    }

    /// Each statement in a session of its own, and everybody pulls after it.
    fn play(&mut self, statements: &[&str]) {
        for sql in statements {
            self.database.execute(sql);
            self.pull(sql);
        }
    }

    fn has(&self, user: usize, table: &str, id: &str) -> bool {
        let key = (format!("public.{table}"), vec![id.to_owned()]);
        self.devices[user - 1].rows.contains_key(&key)
    }
}

const TREE: &str = "insert into lists values (1, 1, 'one'), (2, 2, 'two');
    insert into todos values (1, 1, 'a'), (2, 1, 'b'); insert into comments values (1, 1, 'x'), (2, 2, 'y');
    insert into boards values (1, 1), (2, 2); insert into cards values (1, 1, 'c'), (2, 1, 'd'); insert into stickers values (1, 1, 's')";

#[test]
fn children_may_come_before_their_parents() {
    let mut scene = Scene::new("");
    scene.play(&[
        "begin; insert into todos values (1, 1, 'first'); insert into lists values (1, 1, 'then'); commit",
        "begin; insert into comments values (9, 9, 'first'); insert into todos values (9, 9, 'then'); insert into lists values (9, 2, 'last'); commit",
        "begin; insert into comments values (8, 8, 'first'); insert into lists values (8, 3, 'then'); insert into todos values (8, 8, 'last'); commit",
        "begin; insert into todos values (7, 7, 'first'); insert into lists values (7, 1, 'then'); update lists set owner_id = 2 where id = 7; commit",
        "begin; update todos set list_id = 20 where id = 1; insert into lists values (20, 2, 'comes'); commit",
        "begin; update comments set todo_id = 30, body = 'moved' where id = 9; insert into todos values (30, 20, 'comes'); commit",
        "begin; update lists set id = 21 where id = 20; update todos set list_id = 21; commit",
        "begin; update todos set list_id = 40 where id = 30; savepoint a; insert into lists values (40, 3, 'undone'); rollback to a; insert into lists values (40, 2, 'comes'); commit",
        "begin; set constraints all immediate; set constraints todos_list_id_fkey deferred; insert into todos values (50, 50, 'first'); insert into lists values (50, 3, 'then'); commit",
        "begin isolation level serializable; insert into comments values (60, 60, 'first'); insert into todos values (60, 60, 'then'); insert into lists values (60, 1, 'last'); commit",
    ]);
    assert!(scene.has(1, "comments", "60") && scene.has(3, "todos", "50"));
}

#[test]
fn a_parent_of_the_same_key_takes_the_children_over() {
    let mut scene = Scene::new(TREE);
    scene.play(&[
        "begin; delete from lists where id = 1; insert into lists values (1, 2, 'another'); commit",
        "begin; delete from todos where id = 1; insert into todos values (1, 2, 'another'); update lists set owner_id = 3 where id = 2; commit",
        // In one statement, keys that are not deferrable are checked at its end.
        "with d as (delete from boards where id = 1 returning id) insert into boards select id, 2 from d",
        "with d as (update boards set id = 5 where id = 1 returning id) insert into boards select 1, 3 from d",
        "begin isolation level repeatable read; with d as (delete from boards where id = 1 returning id) insert into boards select id, 1 from d; commit",
        "with d as (delete from cards where id = 1 returning id) insert into cards select id, 2, 'another' from d",
    ]);
    assert!(scene.has(2, "stickers", "1"));
}

/// What a transaction cannot see goes from one parent to the other of the same key all the same.
#[test]
fn a_parent_that_an_older_snapshot_replaces_takes_over_what_it_does_not_see() {
    let mut scene = Scene::new(TREE);
    let mut late = scene.session();
    late.batch_execute("begin isolation level repeatable read; select from lists").unwrap();
    scene
        .play(&["insert into todos values (3, 1, 'unseen')", "insert into comments values (3, 3, 'unseen')"]);
    late.batch_execute("delete from lists where id = 1; insert into lists values (1, 2, 'another'); commit")
        .unwrap();
    scene.pull("the older snapshot");
    assert!(scene.has(2, "comments", "3"));
}

/// The parent is committed by somebody else between the child and the end of its transaction.
#[test]
fn a_parent_that_others_commit_meanwhile_is_found_at_commit() {
    let mut scene = Scene::new("insert into lists values (1, 1, 'one')");
    let (mut child, mut parent) = (scene.session(), scene.session());
    parent.batch_execute("begin; insert into todos values (1, 1, 'not yet')").unwrap();
    child.batch_execute("begin; insert into comments values (1, 1, 'waits for its todo')").unwrap();
    parent.batch_execute("commit").unwrap();
    scene.pull("the parent's commit");
    child.batch_execute("commit").unwrap();
    scene.pull("the child's commit");
    assert!(scene.has(1, "comments", "1"));
    scene.play(&["update lists set owner_id = 2", "delete from comments"]);
}

/// Whoever moves the tree while the child commits waits, or is waited for.
#[test]
fn a_late_child_and_a_move_see_each_other() {
    let mut scene = Scene::new("insert into lists values (1, 1, 'one')");
    let (mut child, mut parent, mut mover) = (scene.session(), scene.session(), scene.session());
    parent.batch_execute("begin; insert into todos values (1, 1, 'not yet')").unwrap();
    child.batch_execute("begin; insert into comments values (1, 1, 'waits for its todo')").unwrap();
    parent.batch_execute("commit").unwrap();
    mover.batch_execute("begin; update lists set owner_id = 2").unwrap();
    child.batch_execute("set application_name = 'child'").unwrap();
    let committing = std::thread::spawn(move || child.batch_execute("commit").unwrap());
    wait_until_blocked(&mut scene.client, "child");
    mover.batch_execute("commit").unwrap();
    committing.join().unwrap();
    scene.pull("both");
    assert!(scene.has(2, "comments", "1") && !scene.has(1, "comments", "1"));
}

/// Somebody changes a child while its parent is replaced by another, which then changes hands.
#[test]
fn a_child_that_waits_for_a_parent_finds_the_one_in_its_place() {
    for (parents, children, column) in [("lists", "todos", "title"), ("boards", "cards", "body")] {
        let mut scene = Scene::new(TREE);
        let mut other = scene.session();
        let replace =
            "with d as (delete from $p where id = 1 returning id) insert into $p select id, 2 from d";
        other.batch_execute(&format!("begin; {}", replace.replace("$p", parents))).unwrap();
        let change = format!("update {children} set {column} = 'changed' where id = 1");
        let writer = begin_waiting(&scene.database, "writer", &change, Duration::from_millis(400));
        wait_until_blocked(&mut scene.client, "writer");
        other.batch_execute("commit").unwrap();
        std::thread::sleep(Duration::from_millis(100));
        // It waits for the writer, or the writer's entry would be for the owner of before.
        scene.database.execute(&format!("update {parents} set owner_id = 3 where id = 1"));
        scene.pull("the owner change");
        writer.join().unwrap();
        scene.pull("all");
        assert!(scene.has(3, children, "1"));
    }
}

#[test]
fn what_was_there_before_a_key_that_is_not_valid_is_found_by_its_parent() {
    let mut scene = Scene::new("");
    let mut writer = scene.session();
    writer.batch_execute("begin; update files set body = 'changed' where id = 1").unwrap();
    let parent =
        begin_waiting(&scene.database, "parent", "insert into folders values (1, 1)", Duration::ZERO);
    wait_until_blocked(&mut scene.client, "parent");
    writer.batch_execute("commit").unwrap();
    parent.join().unwrap();
    scene.pull("the parent");
    assert!(scene.has(1, "files", "1"));
    // Under an older snapshot a parent may have come that is not seen.
    for change in ["update files set body = 'unseen'", "delete from files"] {
        let sql = format!("begin isolation level repeatable read; {change} where id = 3; commit");
        let error = scene.session().batch_execute(&sql).unwrap_err();
        assert!(error.as_db_error().unwrap().message().contains("without its parent"), "{change}: {error}");
    }
    scene.play(&["insert into folders values (2, 2)", "update files set body = body || '!'"]);
    assert!(scene.has(2, "files", "3"));
}

#[test]
fn sessions_for_which_nothing_is_checked_leave_nothing_behind() {
    let mut scene = Scene::new("insert into boards values (9, 3)");
    scene.play(&[
        "set session_replication_role = replica; insert into stickers values (1, 1, 's')",
        "set session_replication_role = replica; insert into cards values (1, 1, 'c'), (2, 2, 'd')",
        "update stickers set body = 'changed'",
        "insert into boards values (1, 1)",
        "set session_replication_role = replica; insert into boards values (2, 2)",
        "update cards set body = body || '!'",
        // Children stay behind.
        "set session_replication_role = replica; delete from boards where id = 1",
        "begin; insert into boards values (1, 2); rollback",
        "insert into boards values (1, 2)",
        "set session_replication_role = replica; update boards set id = 3 where id = 1",
        "set session_replication_role = replica; delete from cards where id = 1",
        "insert into boards values (1, 3)",
        "insert into cards values (1, 3, 'again')",
        "set session_replication_role = replica; update cards set board_id = 7",
        "insert into boards values (7, 1)",
    ]);
    assert!(scene.has(1, "stickers", "1"));
}

#[test]
fn a_parent_and_a_row_without_it_that_are_written_at_once_meet() {
    // Whoever commits last finds the other.
    let mut scene = Scene::new("");
    let (mut parent, mut child) = (scene.session(), scene.session());
    parent.batch_execute("begin; insert into boards values (1, 1)").unwrap();
    child.batch_execute("set session_replication_role = replica; set application_name = 'child'").unwrap();
    child.batch_execute("begin; insert into cards values (1, 1, 'c')").unwrap();
    let committing = std::thread::spawn(move || child.batch_execute("commit").unwrap());
    wait_until_blocked(&mut scene.client, "child");
    parent.batch_execute("commit").unwrap();
    committing.join().unwrap();
    scene.pull("the child's commit");
    assert!(scene.has(1, "cards", "1"));
    // An older snapshot does not see the child, and is told.
    let mut parent = scene.session();
    parent.batch_execute("begin isolation level repeatable read; select from boards").unwrap();
    scene.play(&["set session_replication_role = replica; insert into cards values (2, 2, 'c')"]);
    let error = parent.batch_execute("insert into boards values (2, 2)").unwrap_err();
    assert_eq!(error.code().unwrap().code(), "40001", "{error}");
    parent
        .batch_execute(
            "rollback; begin isolation level repeatable read; insert into boards values (2, 2); commit",
        )
        .unwrap();
    scene.pull("another try");
    assert!(scene.has(2, "cards", "2"));
    let alone = "set session_replication_role = replica; begin isolation level serializable; insert into cards values (3, 4, 'c'); commit";
    let error = scene.session().batch_execute(alone).unwrap_err();
    assert!(error.as_db_error().unwrap().message().contains("public.cards"), "{error:?}");
}

#[test]
fn a_table_that_inherits_without_the_foreign_key_is_refused() {
    let database = TestDatabase::with_schema(
        "create table lists (id int primary key, owner_id int not null);
         create table todos (id int primary key, list_id int references lists);
         create table odd (extra int) inherits (todos);",
    );
    let refused = || {
        let facts = oosync_build::introspect::snapshot(&mut database.client(), &["public"]).unwrap();
        let config =
            oosync_build::config::Config::parse("Oosync.toml", "[sync]\nexclude = [\"odd\"]").unwrap();
        let (tags, _) = oosync_build::config::Tags::read(&facts);
        let draft = oosync_build::plan::Draft::new(&facts, &config, &tags);
        let plan = draft.validate(oosync_build::plan::Strictness::Strict).unwrap().plan;
        oosync_build::postgres::Installation::new(&plan, &facts, &config)
            .map(|_| ())
            .map_err(|p| p.to_string())
    };
    insta::assert_snapshot!(refused().unwrap_err(), @"
    error: rows of public.odd may be there without their parent in public.lists
     |
     = note: it inherits from public.todos, but not its foreign key
     = help: add it: `alter table public.odd add foreign key (list_id) references public.lists (id)`
    ");
    database.execute("alter table odd add foreign key (list_id) references lists (id)");
    assert_eq!(refused(), Ok(()));
}
