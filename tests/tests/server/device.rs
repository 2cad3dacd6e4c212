//! A device that pulls, in JSON pages or in frames, and what it should hold.

use std::collections::BTreeMap;

use oosync_runtime::protocol::frame::{Ending, Frame, FrameReader};
use oosync_runtime::protocol::{
    Layout, Next, Order, PageLimit, Pull, PullReply, RawJson, Reply, Snapshot, SnapshotReply,
};
use oosync_runtime::server::auth::Identity;
use oosync_runtime::server::{Body, Engine, Error};
use oosync_runtime::{Value, codec};
use uuid::Uuid;

use super::served::Served;
use super::support::Server;

/// Rows by table and key, each as the device's values in JSON: the same for both forms of a reply.
pub(crate) type Rows = BTreeMap<(String, String), String>;

/// How a device asks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Form {
    Json(u32),
    Frames,
}

pub(crate) struct Device<'s> {
    server: &'s Server,
    pub(crate) identity: Identity,
    client: Uuid,
    form: Form,
    cursor: Option<String>,
    pub(crate) rows: Rows,
    /// The order in which rows are asked for in frames.
    pub(crate) order: Option<Order>,
    /// The rows in frames, as they came.
    pub(crate) came: Vec<(String, String)>,
    /// The pages in JSON that have come.
    pub(crate) pages: usize,
    /// What happens after each of them.
    pub(crate) after_page: fn(&Server, usize),
    /// Asks by HTTP, and not the engine.
    served: Option<&'s Served>,
}

fn shown(values: &[(usize, Value<'_>)]) -> String {
    format!("{values:?}")
}

impl<'s> Device<'s> {
    pub(crate) fn new(server: &'s Server, number: usize, form: Form) -> Self {
        let (identity, client) = server.register(number);
        Self {
            server,
            identity,
            client,
            form,
            cursor: None,
            rows: Rows::new(),
            order: None,
            came: Vec::new(),
            pages: 0,
            after_page: |_, _| {},
            served: None,
        }
    }

    /// The same that asks by HTTP.
    pub(crate) fn over_http(server: &'s Server, served: &'s Served, number: usize, form: Form) -> Self {
        Self { served: Some(served), ..Self::new(server, number, form) }
    }

    /// A reply in JSON.
    fn ask<Q: serde::Serialize, A: serde::de::DeserializeOwned>(
        &self,
        place: &str,
        request: &Q,
        engine: impl AsyncFnOnce(&Engine) -> Result<A, Error>,
    ) -> Result<A, Error> {
        match self.served {
            Some(served) => served.json(place, self.identity.user(), request),
            None => self.server.wait(engine(&self.server.engine)),
        }
    }

    /// A body in frames: all of it, or that much.
    fn ask_frames<Q: serde::Serialize>(
        &self,
        place: &str,
        request: &Q,
        engine: impl AsyncFnOnce(&Engine) -> Result<Reply<Body>, Error>,
    ) -> Result<Reply<Vec<u8>>, Error> {
        match self.served {
            Some(served) => served.frames(place, self.identity.user(), request),
            None => self.server.wait(async {
                Ok(match engine(&self.server.engine).await? {
                    Reply::Given(body) => Reply::Given(body.collect().await.unwrap()),
                    Reply::SnapshotRequired(required) => Reply::SnapshotRequired(required),
                })
            }),
        }
    }

    pub(crate) fn key(&self, table: &str, values: &[(usize, Value<'_>)]) -> (String, String) {
        let of = self.server.engine.schema().table(table).unwrap();
        let key: Vec<_> = of
            .primary_key
            .iter()
            .map(|place| values.iter().find(|(at, _)| at == place).unwrap().1.clone())
            .collect();
        (table.to_owned(), format!("{key:?}"))
    }

    pub(crate) fn record(&mut self, table: &str, row: &RawJson) {
        let of = self.server.engine.schema().table(table).unwrap();
        let row: oosync_runtime::protocol::JsonRow = serde_json::from_str(row.get()).unwrap();
        let mut values = row.values(of).unwrap();
        values.sort_by_key(|(place, _)| *place);
        let key = self.key(table, &values);
        self.rows.insert(key, shown(&values));
    }

    /// Loads everything anew; again from the beginning where a part of it fails.
    pub(crate) fn snapshot(&mut self) {
        for _ in 0..20 {
            self.rows.clear();
            if self.try_snapshot() {
                return;
            }
        }
        panic!("no snapshot could be had");
    }

    fn try_snapshot(&mut self) -> bool {
        let mut request = self.asked();
        match self.form {
            Form::Frames => {
                let asked = async |engine: &Engine| engine.snapshot_frames(&self.identity, &request).await;
                let Ok(Reply::Given(body)) = self.ask_frames("snapshot", &request, asked) else {
                    return false;
                };
                self.frames(&body)
            }
            Form::Json(limit) => {
                request.limit = PageLimit::new(limit);
                self.load(request)
            }
        }
    }

    /// Loads these tables anew, beside the others.
    pub(crate) fn fetch(&mut self, tables: &[&str]) {
        self.rows.retain(|(table, _), _| !tables.contains(&table.as_str()));
        let tables = Some(tables.iter().map(|table| (*table).to_owned()).collect());
        assert!(self.load(Snapshot { tables, cursor: self.cursor.clone(), ..self.asked() }));
    }

    /// Page by page.
    fn load(&mut self, mut request: Snapshot) -> bool {
        loop {
            let asked = async |engine: &Engine| engine.snapshot(&self.identity, &request).await;
            let reply: Result<SnapshotReply, _> = self.ask("snapshot", &request, asked);
            let Ok(Reply::Given(page)) = reply else { return false };
            self.pages += 1;
            for (table, rows) in &page.records {
                rows.iter().for_each(|row| self.record(table, row));
            }
            (self.after_page)(self.server, self.pages);
            match page.next {
                Next::Resume(token) => request.resume = Some(token),
                Next::Cursor(cursor) => {
                    self.cursor = Some(cursor);
                    return true;
                }
            }
        }
    }

    pub(crate) fn request(&self) -> Pull {
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

    pub(crate) fn pull(&mut self) {
        assert!(self.try_pull().unwrap(), "the cursor is known");
    }

    /// Whether the cursor was known; then everything is there that came since.
    pub(crate) fn try_pull(&mut self) -> Result<bool, Error> {
        for _ in 0..20 {
            if let Some(known) = self.pull_once()? {
                return Ok(known);
            }
        }
        panic!("every body broke off");
    }

    /// None where a body broke off.
    fn pull_once(&mut self) -> Result<Option<bool>, Error> {
        let mut request = self.request();
        match self.form {
            Form::Frames => {
                let asked = async |engine: &Engine| engine.pull_frames(&self.identity, &request).await;
                let reply = self.ask_frames("pull", &request, asked)?;
                let Reply::Given(body) = reply else { return Ok(Some(false)) };
                if !self.frames(&body) {
                    return Ok(None);
                }
            }
            Form::Json(limit) => {
                request.limit = PageLimit::new(limit);
                // Pages are staged: what fails in the middle leaves nothing.
                let mut staged = self.rows.clone();
                std::mem::swap(&mut staged, &mut self.rows);
                loop {
                    let asked = async |engine: &Engine| engine.pull(&self.identity, &request).await;
                    let reply: Result<PullReply, _> = self.ask("pull", &request, asked);
                    let Ok(Reply::Given(changes)) = reply else {
                        self.rows = staged;
                        return reply.map(|_| Some(false));
                    };
                    let held: usize = changes.records.values().map(Vec::len).sum::<usize>()
                        + changes.deletes.values().map(Vec::len).sum::<usize>();
                    assert!(held <= limit as usize);
                    self.pages += 1;
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
                    (self.after_page)(self.server, self.pages);
                    match changes.next {
                        Next::Resume(token) => request.resume = Some(token),
                        Next::Cursor(cursor) => break self.cursor = Some(cursor),
                    }
                }
            }
        }
        Ok(Some(true))
    }

    /// All frames of a snapshot.
    pub(crate) fn body(&self, request: &Snapshot) -> Vec<u8> {
        let asked = async |engine: &Engine| engine.snapshot_frames(&self.identity, request).await;
        let Ok(Reply::Given(body)) = self.ask_frames("snapshot", request, asked) else { panic!("rows come") };
        body
    }

    /// The rows up to the first place where the body could be gone on from, and the token of that place.
    pub(crate) fn begin_snapshot(&mut self, request: &Snapshot) -> String {
        let mut resume = None;
        assert!(self.frames_until(&self.body(request), Some(&mut resume)));
        resume.unwrap()
    }

    /// The rows from there on.
    pub(crate) fn end_snapshot(&mut self, request: &Snapshot) -> Result<(), Error> {
        let asked = async |engine: &Engine| engine.snapshot_frames(&self.identity, request).await;
        let Reply::Given(body) = self.ask_frames("snapshot", request, asked)? else { panic!("rows come") };
        assert!(self.frames(&body));
        Ok(())
    }

    pub(crate) fn asked(&self) -> Snapshot {
        Snapshot {
            client: self.client,
            schema_hash: self.server.engine.schema().hash.to_owned(),
            resume: None,
            tables: None,
            cursor: None,
            limit: None,
            order: self.order,
        }
    }

    /// Whether the body was whole; else nothing of it stays.
    fn frames(&mut self, body: &[u8]) -> bool {
        self.frames_until(body, None)
    }

    fn frames_until(&mut self, body: &[u8], stop: Option<&mut Option<String>>) -> bool {
        let (before, cursor) = (self.rows.clone(), self.cursor.clone());
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
                        self.came.push(key.clone());
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
                Frame::Error(error) => {
                    println!("a body broke off: {}", error.message);
                    // It is to be asked again.
                    self.rows = before;
                    return false;
                }
                Frame::Progress(progress) => {
                    if let Some(stop) = stop {
                        *stop = Some(progress.resume);
                        return true;
                    }
                }
                Frame::Table(_) => {}
            }
        }
        match reader.finish() {
            Ok(ending) => assert_eq!(ending, Ending::End),
            Err(error) => {
                // The server ended in the middle of it.
                assert!(self.served.is_some(), "{error}");
                (self.rows, self.cursor) = (before, cursor);
                return false;
            }
        }
        true
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
    pub(crate) fn is_exact(&self) {
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
