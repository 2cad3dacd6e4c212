//! Devices that pull, in JSON pages and in frames, beside plain SQL.

use std::collections::BTreeMap;

use oosync_runtime::protocol::frame::{Ending, Frame, FrameReader};
use oosync_runtime::protocol::{Layout, Next, PageLimit, Pull, RawJson, Reply, Snapshot, SnapshotReason};
use oosync_runtime::server::auth::Identity;
use oosync_runtime::{Value, codec};
use uuid::Uuid;

use super::support::{Server, user};

/// Rows by table and key, each as the device's values in JSON: the same for both forms of a reply.
type Rows = BTreeMap<(String, String), String>;

/// How a device asks.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Json(u32),
    Frames,
}

struct Device<'s> {
    server: &'s Server,
    identity: Identity,
    client: Uuid,
    form: Form,
    cursor: Option<String>,
    rows: Rows,
}

fn shown(values: &[(usize, Value<'_>)]) -> String {
    format!("{values:?}")
}

impl<'s> Device<'s> {
    fn new(server: &'s Server, number: usize, form: Form) -> Self {
        let (identity, client) = server.register(number);
        Self { server, identity, client, form, cursor: None, rows: Rows::new() }
    }

    fn key(&self, table: &str, values: &[(usize, Value<'_>)]) -> (String, String) {
        let of = self.server.engine.schema().table(table).unwrap();
        let key: Vec<_> = of
            .primary_key
            .iter()
            .map(|place| values.iter().find(|(at, _)| at == place).unwrap().1.clone())
            .collect();
        (table.to_owned(), format!("{key:?}"))
    }

    fn record(&mut self, table: &str, row: &RawJson) {
        let of = self.server.engine.schema().table(table).unwrap();
        let row: oosync_runtime::protocol::JsonRow = serde_json::from_str(row.get()).unwrap();
        let mut values = row.values(of).unwrap();
        values.sort_by_key(|(place, _)| *place);
        let key = self.key(table, &values);
        self.rows.insert(key, shown(&values));
    }

    fn snapshot(&mut self) {
        self.rows.clear();
        let mut request = Snapshot {
            client: self.client,
            schema_hash: self.server.engine.schema().hash.to_owned(),
            resume: None,
            tables: None,
            limit: None,
        };
        match self.form {
            Form::Frames => {
                let reply = self.server.wait(self.server.engine.snapshot_frames(&self.identity, &request));
                let Reply::Given(body) = reply.unwrap() else { panic!("a snapshot is given") };
                let body = self.server.wait(body.collect()).unwrap();
                self.frames(&body);
            }
            Form::Json(limit) => {
                request.limit = PageLimit::new(limit);
                loop {
                    let reply = self.server.wait(self.server.engine.snapshot(&self.identity, &request));
                    let Reply::Given(page) = reply.unwrap() else { panic!("a snapshot is given") };
                    for (table, rows) in &page.records {
                        rows.iter().for_each(|row| self.record(table, row));
                    }
                    match page.next {
                        Next::Resume(token) => request.resume = Some(token),
                        Next::Cursor(cursor) => break self.cursor = Some(cursor),
                    }
                }
            }
        }
    }

    fn request(&self) -> Pull {
        Pull {
            client: self.client,
            schema_hash: self.server.engine.schema().hash.to_owned(),
            cursor: self.cursor.clone(),
            resume: None,
            limit: None,
            wait: None,
            acknowledged: None,
        }
    }

    fn pull(&mut self) {
        let mut request = self.request();
        match self.form {
            Form::Frames => {
                let reply = self.server.wait(self.server.engine.pull_frames(&self.identity, &request));
                let Reply::Given(body) = reply.unwrap() else { panic!("the cursor is known") };
                let body = self.server.wait(body.collect()).unwrap();
                self.frames(&body);
            }
            Form::Json(limit) => {
                request.limit = PageLimit::new(limit);
                loop {
                    let reply = self.server.wait(self.server.engine.pull(&self.identity, &request));
                    let Reply::Given(changes) = reply.unwrap() else { panic!("the cursor is known") };
                    let held: usize = changes.records.values().map(Vec::len).sum::<usize>()
                        + changes.deletes.values().map(Vec::len).sum::<usize>();
                    assert!(held <= limit as usize);
                    for (table, rows) in &changes.records {
                        rows.iter().for_each(|row| self.record(table, row));
                    }
                    for (table, keys) in &changes.deletes {
                        let of = self.server.engine.schema().table(table).unwrap();
                        for key in keys {
                            let key = self.key(table, &key.values(of).unwrap());
                            self.rows.remove(&key);
                        }
                    }
                    match changes.next {
                        Next::Resume(token) => request.resume = Some(token),
                        Next::Cursor(cursor) => break self.cursor = Some(cursor),
                    }
                }
            }
        }
    }

    fn frames(&mut self, body: &[u8]) {
        let schema = self.server.engine.schema();
        let mut reader = FrameReader::default();
        let mut layouts: Vec<Layout> = Vec::new();
        reader.feed(body);
        while let Some(frame) = reader.next_frame().unwrap() {
            match frame {
                Frame::Header(header) => {
                    layouts = header.tables.iter().map(|table| Layout::of(schema, table).unwrap()).collect();
                }
                Frame::Rows { table, tuples } => {
                    for tuple in tuples {
                        let tuple = tuple.unwrap();
                        let mut values: Vec<_> = layouts[table].row(tuple).map(Result::unwrap).collect();
                        values.sort_by_key(|(place, _)| *place);
                        let key = self.key(layouts[table].table().name, &values);
                        self.rows.insert(key, shown(&values));
                    }
                }
                Frame::Deletes { table, tuples } => {
                    for tuple in tuples {
                        let values: Vec<_> = layouts[table].key(tuple.unwrap()).map(Result::unwrap).collect();
                        let key = self.key(layouts[table].table().name, &values);
                        self.rows.remove(&key);
                    }
                }
                Frame::End(end) => {
                    let Next::Cursor(cursor) = end.next else { panic!("frames come whole") };
                    self.cursor = Some(cursor);
                }
                Frame::Error(error) => panic!("{}", error.message),
                Frame::Table(_) | Frame::Progress(_) => {}
            }
        }
        assert_eq!(reader.finish().unwrap(), Ending::End);
    }

    /// What the user sees by plain SQL.
    fn truth(&self) -> Rows {
        let mut client =
            postgres::Client::connect(&self.server.database.url_as("oosync_server"), postgres::NoTls)
                .unwrap();
        client
            .batch_execute(&format!(
                "set oosync.user_id = '{}'; set timezone = 'UTC'; set datestyle = 'ISO'; set intervalstyle = iso_8601",
                self.identity.user()
            ))
            .unwrap();
        let mut rows = Rows::new();
        for table in self.server.engine.schema().tables {
            let columns: Vec<_> =
                table.columns.iter().map(|column| format!("\"{}\"::text", column.name)).collect();
            for row in
                client.query(&format!("select {} from {}", columns.join(", "), table.pg_name), &[]).unwrap()
            {
                let mut values: Vec<(usize, Value<'static>)> = Vec::new();
                for (place, column) in table.columns.iter().enumerate() {
                    // Other people's addresses are theirs alone.
                    let text: Option<String> = row.get(place);
                    let text = text.filter(|_| {
                        !column.access.owner_only || row.get::<_, String>(0) == self.identity.user()
                    });
                    values.push((
                        place,
                        match &text {
                            Some(text) => codec::from_text(&column.ty, text).unwrap().into_owned(),
                            None => Value::Null,
                        },
                    ));
                }
                rows.insert(self.key(table.name, &values), shown(&values));
            }
        }
        rows
    }

    #[track_caller]
    fn is_exact(&self) {
        let truth = self.truth();
        let missing: Vec<_> = truth.iter().filter(|(key, row)| self.rows.get(*key) != Some(*row)).collect();
        let ghosts: Vec<_> = self.rows.keys().filter(|key| !truth.contains_key(*key)).collect();
        assert!(
            missing.is_empty() && ghosts.is_empty(),
            "{:?}: missing {missing:?}, ghosts {ghosts:?}",
            self.form
        );
    }
}

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

#[test]
fn what_cannot_be_continued_says_why() {
    let server = Server::todo();
    let device = Device::new(&server, 0, Form::Frames);
    let reply = server.wait(server.engine.pull(&device.identity, &device.request())).unwrap();
    let Reply::SnapshotRequired(required) = reply else { panic!("there is no cursor yet") };
    assert_eq!(required.reason, SnapshotReason::InitialSync);
}
