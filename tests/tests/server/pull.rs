//! Devices that pull, in JSON pages and in frames, beside plain SQL.

use oosync_runtime::protocol::{Next, PageLimit, Reply, SnapshotReason};

use super::device::{Device, Form};
use super::support::{Server, user};

fn fill(server: &Server) {
    server.database.execute(&format!(
        "insert into teams (id, owner_id, name) select ('10000000-0000-4000-8000-00000000000' || n)::uuid, '{0}', 'team ' || n from generate_series(1, 3) n;
         insert into team_members (team_id, user_id) values ('10000000-0000-4000-8000-000000000001', '{1}');
         insert into lists (id, owner_id, team_id, title) select ('20000000-0000-4000-8000-0000000000' || lpad(n::text, 2, '0'))::uuid,
           case when n % 2 = 0 then '{0}'::uuid else '{1}' end,
           case when n % 3 = 0 then '10000000-0000-4000-8000-000000000001'::uuid end, 'list ' || n from generate_series(1, 12) n;
         insert into todos (list_id, title, budget, tags, due_on) select l.id, 'todo ' || n, n / 7.0, array['a', null], '2024-01-01'::date + n
           from lists l, generate_series(1, 9) n;
         insert into comments (todo_id, author_id, body) select id, '{0}', 'x' from todos;
         insert into labels (name) values ('red'), ('blue'); insert into todo_labels select t.id, l.id from todos t, labels l",
        user(0),
        user(1)
    ));
}

const CHANGES: &[&str] = &[
    "update todos set title = title || '!' where budget > 1",
    "delete from comments where id % 3 = 0",
    "insert into team_members (team_id, user_id) values ('10000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002')",
    "update lists set team_id = null where id = '20000000-0000-4000-8000-000000000006'",
    "update lists set owner_id = '00000000-0000-4000-8000-000000000002' where id = '20000000-0000-4000-8000-000000000002'",
    "update todos set list_id = '20000000-0000-4000-8000-000000000003' where list_id = '20000000-0000-4000-8000-000000000004'",
    "delete from team_members where user_id = '00000000-0000-4000-8000-000000000001'",
    "update labels set color = '#000000' where name = 'red'",
    "delete from lists where id = '20000000-0000-4000-8000-000000000005'",
    "truncate comments",
    "update users set name = 'renamed'",
];

#[test]
fn every_device_is_exact_after_each_change_in_every_form() {
    let server = Server::todo();
    fill(&server);
    let forms = [Form::Frames, Form::Json(1_000), Form::Json(7)];
    let mut devices: Vec<Device<'_>> =
        forms.iter().flat_map(|form| (0..3).map(|number| Device::new(&server, number, *form))).collect();
    for device in &mut devices {
        device.snapshot();
        device.is_exact();
    }
    assert!(devices[0].rows.len() > 100, "{}", devices[0].rows.len());
    for change in CHANGES {
        server.database.execute(change);
        for device in &mut devices {
            device.pull();
            device.is_exact();
            let before = device.rows.clone();
            device.pull();
            assert_eq!(device.rows, before, "a second pull brings nothing");
        }
    }
}

#[test]
fn a_page_that_comes_while_others_write_leads_to_an_exact_state() {
    let server = Server::todo();
    fill(&server);
    let mut device = Device::new(&server, 0, Form::Json(3));
    device.snapshot();
    server.database.execute(CHANGES[0]);
    // Each page is followed by a change.
    let mut request = device.request();
    request.limit = PageLimit::new(3);
    let mut changes = CHANGES[1..].iter();
    loop {
        let reply = server.wait(server.engine.pull(&device.identity, &request)).unwrap();
        let Reply::Given(page) = reply else { panic!("the cursor is known") };
        for (table, rows) in &page.records {
            rows.iter().for_each(|row| device.record(table, row));
        }
        for (table, keys) in &page.deletes {
            let of = server.engine.schema().table(table).unwrap();
            for key in keys {
                let key = device.key(table, &key.values(of).unwrap());
                device.rows.remove(&key);
            }
        }
        match page.next {
            Next::Resume(token) => request.resume = Some(token),
            Next::Cursor(_) => break,
        }
        changes.next().inspect(|change| server.database.execute(change));
    }
    device.is_exact();
}

const JOIN: &str = "insert into team_members (team_id, user_id) values
    ('10000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002')";
const LEAVE: &str = "delete from team_members where user_id = '00000000-0000-4000-8000-000000000002'";

/// In a team while some pages come, and not before and after.
fn joins_and_leaves(server: &Server, page: usize) {
    match page {
        1 => server.database.execute(JOIN),
        9 => server.database.execute(LEAVE),
        _ => {}
    }
}

/// Not in a team while some pages come.
fn leaves_and_joins(server: &Server, page: usize) {
    match page {
        1 => server.database.execute(LEAVE),
        3 => server.database.execute(JOIN),
        _ => {}
    }
}

#[test]
fn pages_of_a_pull_are_exact_where_a_bucket_was_the_users_for_some_of_them() {
    for (before, meanwhile) in [(LEAVE, joins_and_leaves as fn(&Server, usize)), (JOIN, leaves_and_joins)] {
        let server = Server::todo();
        fill(&server);
        server
            .database
            .execute(&format!("insert into lists (owner_id, title) values ('{}', 'own')", user(2)));
        server.database.execute(before);
        let mut device = Device::new(&server, 2, Form::Json(1));
        device.snapshot();
        device.pull();
        server.database.execute("update users set name = name || '!'; update lists set title = title || '!'");
        server
            .database
            .execute(&format!("insert into lists (owner_id, title) values ('{}', 'new')", user(2)));
        device.pages = 0;
        device.after_page = meanwhile;
        device.pull();
        assert!(device.pages > 3, "{}", device.pages);
        device.is_exact();
    }
}

#[test]
fn pages_of_a_snapshot_are_exact_where_a_bucket_was_the_users_for_some_of_them() {
    for (before, meanwhile) in [(LEAVE, joins_and_leaves as fn(&Server, usize)), (JOIN, leaves_and_joins)] {
        let server = Server::todo();
        fill(&server);
        server.database.execute(before);
        let mut device = Device::new(&server, 2, Form::Json(1));
        device.after_page = meanwhile;
        device.snapshot();
        assert!(device.pages > 3, "{}", device.pages);
        device.pull();
        device.is_exact();
    }
}

/// The tables of a new version of an app, whose other tables are of an older state.
#[test]
fn tables_that_are_fetched_are_exact_where_a_bucket_was_the_users_meanwhile() {
    for (before, meanwhile, after) in [(LEAVE, JOIN, LEAVE), (JOIN, LEAVE, JOIN)] {
        let server = Server::todo();
        fill(&server);
        server.database.execute(before);
        let mut device = Device::new(&server, 2, Form::Json(1_000));
        device.snapshot();
        device.pull();
        server.database.execute(meanwhile);
        device.fetch(&["lists", "todos"]);
        server.database.execute(after);
        device.pull();
        device.is_exact();
    }
}

#[test]
fn what_cannot_be_continued_says_why() {
    let server = Server::todo();
    let device = Device::new(&server, 0, Form::Frames);
    let reply = server.wait(server.engine.pull(&device.identity, &device.request())).unwrap();
    let Reply::SnapshotRequired(required) = reply else { panic!("there is no cursor yet") };
    assert_eq!(required.reason, SnapshotReason::InitialSync);
}

#[test]
fn a_page_holds_no_more_than_some_megabytes() {
    let server = Server::todo();
    let large = |title: &str| {
        format!(
            "insert into lists (owner_id, title) select '{}', '{title}' || repeat(md5(n::text), 32 << 10)
               from generate_series(1, 12) n",
            user(0)
        )
    };
    server.database.execute(&large("first"));
    let mut device = Device::new(&server, 0, Form::Json(1_000));
    device.snapshot();
    assert!((3..12).contains(&device.pages), "{} pages", device.pages);
    device.is_exact();
    server.database.execute(&large("second"));
    server.database.execute("delete from lists where title like 'first%'; update users set name = 'renamed'");
    device.pages = 0;
    device.pull();
    assert!((3..12).contains(&device.pages), "{} pages", device.pages);
    device.is_exact();
    // A row that fills a page alone comes alone.
    server.database.execute("update lists set title = repeat(title, 6)");
    device.pages = 0;
    device.pull();
    assert!((12..16).contains(&device.pages), "{} pages", device.pages);
    device.is_exact();
}

#[test]
fn old_marks_are_one_a_minute_and_then_one_an_hour() {
    let server = Server::todo();
    server.database.execute(
        "delete from oosync.mark;
         insert into oosync.mark (at, oldest)
           select now() - n * interval '5 seconds', '3' from generate_series(1, 3 * 24 * 720) n",
    );
    server.wait(server.engine.compact("30 days")).unwrap();
    let count = |times: &str| -> i64 {
        let sql = format!("select count(*) from oosync.mark where {times}");
        server.database.client().query_one(&sql, &[]).unwrap().get(0)
    };
    let recent = "at > now() - interval '9 minutes'";
    assert!(count(recent) >= 106, "{}", count(recent));
    let day = "at between now() - interval '23 hours' and now() - interval '1 hour'";
    assert!((1_319..=1_321).contains(&count(day)), "{}", count(day));
    let older = "at < now() - interval '25 hours'";
    assert!((45..=49).contains(&count(older)), "{}", count(older));
}
