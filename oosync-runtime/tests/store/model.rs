//! Random histories of two devices and a server, against a plain model: nothing that was written is lost, nothing is sent
//! twice with another content, and in the end everyone has the same.

use std::collections::{BTreeMap, BTreeSet};

use oosync_runtime::Value;
use oosync_runtime::client::store::{
    Answer, Delta, Op, Outcome, PendingChange, SentChange, ServerRow, TableDelta,
};
use proptest::prelude::*;

use crate::device::{Device, show, text};
use crate::schema::SCHEMA;

/// Title and weight by id; the other columns of `notes` stay null.
type Rows = BTreeMap<String, [Value<'static>; 2]>;

const COLUMNS: [&str; 2] = ["title", "weight"];

/// A server in memory. Its state after each write is kept, so that a pull can be older than a push.
#[derive(Default)]
struct Server {
    rows: Rows,
    /// The states so far, with the number of mutations per device that each includes.
    history: Vec<(Rows, [u64; 2])>,
    /// Answers given, with what was asked, by device and mutation.
    answered: BTreeMap<(usize, u64), (String, Outcome)>,
    included: [u64; 2],
}

impl Server {
    fn remember(&mut self) {
        self.history.push((self.rows.clone(), self.included));
    }

    /// Answers a mutation, once; where a row was changed by someone else, it wins. A busy server takes nothing new.
    fn push(&mut self, device: usize, sent: &SentChange, busy: bool) -> Outcome {
        let body = format!("{sent:?}");
        if let Some((before, outcome)) = self.answered.get(&(device, sent.id)) {
            assert_eq!(*before, body, "the same mutation with another content");
            return outcome.clone();
        }
        if busy {
            return Outcome::Retry;
        }
        let outcome = self.decide(&sent.change);
        self.answered.insert((device, sent.id), (body, outcome.clone()));
        self.included[device] = self.included[device].max(sent.id);
        self.remember();
        outcome
    }

    fn decide(&mut self, change: &PendingChange) -> Outcome {
        let id = show(&change.key[0]);
        let refused = |server| Outcome::Rejected {
            code: "refused".to_owned(),
            message: String::new(),
            detail: None,
            server,
        };
        let title = change.changed.iter().find(|column| column.name == "title");
        // A rule of the server's own.
        if change.op != Op::Delete && title.is_some_and(|title| title.current == text("refused")) {
            return refused(None);
        }
        let columns = |row: &[Value<'static>; 2]| {
            ServerRow::Columns(
                COLUMNS.iter().zip(row).map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
            )
        };
        match (change.op, self.rows.get_mut(&id)) {
            (Op::Insert, Some(row)) => refused(Some(columns(row))),
            (Op::Insert, None) => {
                let mut row = [Value::Null, Value::Null];
                for column in &change.changed {
                    if let Some(place) = COLUMNS.iter().position(|name| *name == column.name) {
                        row[place] = column.current.clone();
                    }
                }
                self.rows.insert(id, row);
                Outcome::Applied
            }
            (Op::Update | Op::Delete, None) => Outcome::Conflict { server: ServerRow::Gone },
            (Op::Delete, Some(row)) => {
                let moved = change.changed.iter().any(|column| {
                    COLUMNS
                        .iter()
                        .position(|name| *name == column.name)
                        .is_some_and(|place| row[place] != column.base)
                });
                if moved {
                    return Outcome::Conflict { server: columns(row) };
                }
                self.rows.remove(&id);
                Outcome::Applied
            }
            (Op::Update, Some(row)) => {
                let mut lost = Vec::new();
                for column in &change.changed {
                    let place = COLUMNS.iter().position(|name| *name == column.name).unwrap();
                    if row[place] == column.base || row[place] == column.current {
                        row[place] = column.current.clone();
                    } else {
                        lost.push((column.name.to_owned(), row[place].clone()));
                    }
                }
                if lost.is_empty() {
                    Outcome::Applied
                } else {
                    Outcome::Conflict { server: ServerRow::Columns(lost) }
                }
            }
        }
    }
}

/// A device, and how far it has pulled.
struct Client {
    device: Device,
    /// The place in the server's history of its cursor.
    cursor: usize,
    /// The last mutation that a pull has included.
    through: u64,
    /// Changes as they were first sent, until they are answered.
    sent: Vec<SentChange>,
    /// The answers that got lost on their way.
    seen: BTreeSet<u64>,
}

impl Client {
    fn new() -> Self {
        Self { device: Device::new(&SCHEMA), cursor: 0, through: 0, sent: Vec::new(), seen: BTreeSet::new() }
    }

    fn write(&mut self, write: &Write) {
        let id = format!("'{}'", char::from(b'a' + write.row));
        let title = format!("'{}'", ["x", "y", "z", "refused"][usize::from(write.value)]);
        let weight = ["0.5", "1.5", "NULL", "2"][usize::from(write.value)];
        let sql = match write.kind {
            0 => format!("INSERT OR IGNORE INTO notes (id, title) VALUES ({id}, {title})"),
            1 => format!("INSERT OR REPLACE INTO notes (id, title, weight) VALUES ({id}, {title}, {weight})"),
            2 => format!("UPDATE notes SET title = {title} WHERE id = {id}"),
            3 => format!("UPDATE notes SET weight = {weight} WHERE id = {id}"),
            4 => format!("DELETE FROM notes WHERE id = {id}"),
            5 => format!("UPDATE OR REPLACE notes SET id = 'a' WHERE id = {id}"),
            6 => format!(
                "BEGIN; UPDATE notes SET title = {title}; DELETE FROM notes WHERE id = {id}; ROLLBACK"
            ),
            _ => "UPDATE notes SET title = title, weight = weight".to_owned(),
        };
        self.device.sql(&sql);
    }

    /// Sends; the server takes it; the answers may get lost.
    ///
    /// Whether there was anything to send.
    fn push(&mut self, number: usize, server: &mut Server, answers_arrive: bool, busy: bool) -> bool {
        let mut new = Vec::new();
        let batch = self
            .device
            .store
            .next_batch(3, |changes| {
                new = changes.to_vec();
                Ok(format!("{changes:?}").into_bytes())
            })
            .unwrap();
        let Some(batch) = batch else { return false };
        if !new.is_empty() {
            self.sent = new;
        }
        assert_eq!(
            batch.body,
            format!("{:?}", self.sent).into_bytes(),
            "what is sent again is what was sent"
        );
        let answers: Vec<Answer> = self
            .sent
            .iter()
            .map(|sent| Answer { id: sent.id, outcome: server.push(number, sent, busy) })
            .collect();
        if answers_arrive {
            assert!(self.sent.iter().all(|sent| self.seen.insert(sent.id)), "answered twice");
            self.device.store.answer(&answers).unwrap();
        }
        true
    }

    /// Pulls the state that the server had `back` steps ago, or the last one pulled if that is later.
    fn pull(&mut self, number: usize, server: &Server, back: usize) {
        let to = server.history.len().saturating_sub(1 + back).max(self.cursor);
        let (old, new) = (&server.history[self.cursor].0, &server.history[to].0);
        let through = server.history[to].1[number];
        let mut table = TableDelta { table: "notes".to_owned(), ..TableDelta::default() };
        let mut keys: BTreeSet<String> =
            old.keys().chain(new.keys()).filter(|id| old.get(*id) != new.get(*id)).cloned().collect();
        // A pull answers the keys of mutations that it is the first to include.
        for (device, id) in server.answered.keys() {
            if *device == number && (self.through < *id && *id <= through) {
                keys.extend(server.key_of(number, *id));
            }
        }
        for id in keys {
            match new.get(&id) {
                Some([title, weight]) => table.rows.push(vec![
                    text(&id),
                    Value::Null,
                    title.clone(),
                    weight.clone(),
                    Value::Null,
                    Value::Null,
                ]),
                None => table.deleted.push(vec![text(&id)]),
            }
        }
        // Rows whose last mutation was answered and is not in this state yet must not go back to what they were.
        let answered = |id: &u64| self.seen.contains(id) && *id > through;
        let waiting: BTreeSet<String> = server
            .answered
            .iter()
            .filter(|((device, id), (_, outcome))| {
                *device == number && answered(id) && *outcome == Outcome::Applied
            })
            .filter_map(|((_, id), _)| server.key_of(number, *id))
            .collect();
        let before = self.rows();
        let delta = Delta { tables: vec![table], cursor: to.to_string().into_bytes(), through };
        self.device.store.apply(&delta).unwrap();
        let after = self.rows();
        for id in waiting {
            assert_eq!(before.get(&id), after.get(&id), "{id} flickers");
        }
        (self.cursor, self.through) = (to, self.through.max(through));
    }

    /// Downloads the state that the server had `back` steps ago, or the last one pulled if that is later; the user goes on
    /// `meanwhile`.
    fn download(
        &mut self,
        number: usize,
        server: &Server,
        back: usize,
        meanwhile: impl FnOnce(&mut Self) -> Vec<PendingChange>,
    ) {
        let to = server.history.len().saturating_sub(1 + back).max(self.cursor);
        let (state, included) = &server.history[to];
        let place = self.device.store.table_place("notes").unwrap();
        self.device.store.begin_bootstrap(included[number]).unwrap();
        let mut meanwhile = Some(meanwhile);
        let mut before = Vec::new();
        for (id, [title, weight]) in state {
            let mut load = self.device.store.begin_load().unwrap();
            let row = [text(id), Value::Null, title.clone(), weight.clone(), Value::Null, Value::Null];
            load.row(place, &row).unwrap();
            load.commit(id.as_bytes()).unwrap();
            if let Some(meanwhile) = meanwhile.take() {
                before = meanwhile(self);
            }
        }
        self.device.store.finish_bootstrap(to.to_string().as_bytes()).unwrap();
        nothing_is_lost(&before, self);
        (self.cursor, self.through) = (to, self.through.max(included[number]));
    }

    fn rows(&self) -> Rows {
        let rows = self.device.rows("SELECT id, coalesce(title, '-'), coalesce(weight, '-') FROM notes");
        let split = |row: String| {
            let parts: Vec<String> = row.split('|').map(str::to_owned).collect();
            (parts[0].clone(), [text(&parts[1]), text(&parts[2])])
        };
        rows.into_iter().map(split).collect()
    }
}

impl Server {
    fn key_of(&self, device: usize, id: u64) -> Option<String> {
        let (body, _) = self.answered.get(&(device, id))?;
        // `key: [Text("a")]`
        let at = body.find("key: [Text(\"")? + "key: [Text(\"".len();
        Some(body[at..].chars().take_while(|letter| *letter != '"').collect())
    }

    fn shown(&self) -> Rows {
        let shown = |value: &Value<'static>| text(&show(value));
        self.rows.iter().map(|(id, [title, weight])| (id.clone(), [shown(title), shown(weight)])).collect()
    }
}

#[derive(Debug, Clone)]
struct Write {
    kind: u8,
    row: u8,
    value: u8,
}

#[derive(Debug, Clone)]
enum Step {
    Write(usize, Write),
    Push(usize, bool, bool),
    Pull(usize, usize),
    Download(usize, usize, Write),
    Reopen(usize),
}

/// Few rows, and more updates than anything else, so that both devices often write the same row.
fn step() -> impl Strategy<Value = Step> {
    let kind = || prop_oneof![3 => Just(2_u8), 3 => Just(3_u8), 2 => 0..8_u8];
    let write = || (kind(), 0_u8..2, 0_u8..4).prop_map(|(kind, row, value)| Write { kind, row, value });
    prop_oneof![
        6 => (0..2_usize, write()).prop_map(|(device, write)| Step::Write(device, write)),
        4 => (0..2_usize, 0..4_u8, 0..6_u8)
            .prop_map(|(device, lost, busy)| Step::Push(device, lost > 0, busy == 0)),
        4 => (0..2_usize, 0..5_usize).prop_map(|(device, back)| Step::Pull(device, back)),
        1 => (0..2_usize, 0..4_usize, write())
            .prop_map(|(device, back, write)| Step::Download(device, back, write)),
        1 => (0..2_usize).prop_map(Step::Reopen),
    ]
}

/// After every step: what was written here is in the row, or the inbox has it.
fn nothing_is_lost(before: &[PendingChange], client: &mut Client) {
    let rows = client.rows();
    let inbox: Vec<String> = client
        .device
        .inbox()
        .iter()
        .flat_map(|item| {
            let key = item.columns.iter().find(|column| column.is_key).map(|column| show(&column.mine));
            let values = item.columns.iter().filter(|column| !column.is_key);
            values
                .map(move |column| format!("{key:?} {} {}", column.name, show(&column.mine)))
                .collect::<Vec<_>>()
        })
        .collect();
    for change in before.iter().filter(|change| change.op != Op::Delete) {
        let id = show(&change.key[0]);
        for column in &change.changed {
            let Some(place) = COLUMNS.iter().position(|name| *name == column.name) else { continue };
            if matches!(column.current, Value::Null) {
                continue;
            }
            let wanted = show(&column.current);
            let kept = rows.get(&id).is_some_and(|row| row[place] == text(&wanted));
            let told = inbox.contains(&format!("{:?} {} {wanted}", Some(&id), column.name));
            assert!(kept || told, "{id}.{} = {wanted} is lost", column.name);
        }
    }
}

fn run(steps: &[Step]) {
    let mut server = Server::default();
    server.rows.insert("a".to_owned(), [text("x"), Value::Null]);
    server.history.push((Rows::new(), [0, 0]));
    server.remember();
    let mut clients = [Client::new(), Client::new()];
    for step in steps {
        match step {
            Step::Write(number, write) => clients[*number].write(write),
            Step::Push(number, arrive, busy) => {
                let before = clients[*number].device.store.pending(100).unwrap().changes;
                clients[*number].push(*number, &mut server, *arrive, *busy);
                nothing_is_lost(&before, &mut clients[*number]);
            }
            Step::Pull(number, back) => {
                let before = clients[*number].device.store.pending(100).unwrap().changes;
                clients[*number].pull(*number, &server, *back);
                nothing_is_lost(&before, &mut clients[*number]);
            }
            Step::Download(number, back, write) => {
                let before = clients[*number].device.store.pending(100).unwrap().changes;
                clients[*number].download(*number, &server, *back, |client| {
                    nothing_is_lost(&before, client);
                    client.write(write);
                    client.device.store.pending(100).unwrap().changes
                });
            }
            Step::Reopen(number) => {
                let fresh = Client::new();
                let client = std::mem::replace(&mut clients[*number], fresh);
                clients[*number] = Client { device: client.device.reopened(&SCHEMA), ..client };
            }
        }
    }
    for _ in 0..30 {
        let mut pushed = false;
        for (number, client) in clients.iter_mut().enumerate() {
            pushed |= client.push(number, &mut server, true, false);
            client.pull(number, &server, 0);
        }
        if !pushed && clients.iter().all(|client| client.cursor + 1 == server.history.len()) {
            break;
        }
    }
    for client in &mut clients {
        assert_eq!(client.device.pending(), [""; 0]);
        assert_eq!(client.rows(), server.shown());
        assert_eq!(client.device.rows("SELECT count(*) FROM _oosync_notes"), ["0"]);
        assert_eq!(client.device.rows("SELECT count(*) FROM _oosync_notes__server"), ["0"]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: std::env::var("OOSYNC_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(48),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn devices_and_server_agree_in_the_end(steps in proptest::collection::vec(step(), 1..60)) {
        run(&steps);
    }
}
