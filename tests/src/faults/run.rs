//! One run: devices, servers and a backend work, things go wrong, and in the end everything is compared.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use oosync_runtime::schema::Schema;
use oosync_runtime::server::schema_of;
use postgres::Client;

use super::handle::Device;
use super::kind::Kind;
use super::oracle::{Left, anomalies};
use super::proxy::{Trap, Weather};
use super::world::{PEOPLE, Server, World, project};
use crate::Cluster;
use crate::fire::{Dice, connected};

/// What a run is made of. What happens in it follows from this, but for how processes and threads meet.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Every choice follows from it.
    pub seed: u64,
    /// What goes wrong.
    pub kinds: Vec<Kind>,
    /// How many devices there are, from 2 to 9.
    pub devices: usize,
    /// For how long things go wrong; longer where not everything of `kinds` has happened once by then.
    pub time: Duration,
    /// The program `faults`.
    pub program: PathBuf,
}

/// What came of a run.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// What went wrong, and how often.
    pub faults: BTreeMap<Kind, u64>,
    /// Texts that devices have committed.
    pub written: usize,
    /// Those that the server was given.
    pub arrived: i64,
    /// Transactions of the backend.
    pub backend: u64,
    /// Traps in the network that have caught something.
    pub sprung: u64,
    /// The longest that a device took to send its queue once everything was fine again, in milliseconds.
    pub longest: u64,
    /// What may not be.
    pub anomalies: Vec<String>,
    /// Where the files of the run are, if there are anomalies.
    pub folder: Option<PathBuf>,
}

/// Something that ends by itself.
enum Later {
    Calm(usize),
    Commit(Box<Client>),
    NoTimeout,
    BulkGone(usize),
    Restore(usize),
}

struct Run<'o> {
    options: &'o RunOptions,
    world: World,
    schema: &'static Schema,
    servers: Vec<Server>,
    devices: Vec<Device>,
    dice: Dice,
    later: Vec<(Instant, Later)>,
    faults: BTreeMap<Kind, u64>,
    /// Dead devices are started again after that.
    dead: BTreeMap<usize, Instant>,
}

/// Runs it, in a database of its own.
///
/// # Panics
///
/// Where the harness itself does not work.
pub fn run(cluster: &Arc<Cluster>, options: &RunOptions) -> Outcome {
    let folder =
        std::env::temp_dir().join(format!("oosync-faults-{}-{:x}", std::process::id(), options.seed));
    let _ = std::fs::remove_dir_all(&folder);
    let world = World::new(cluster, &folder, &options.program);
    let schema = schema_of(&project(&folder).1);
    let (stop, backend) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut run = Run {
        options,
        schema,
        servers: Vec::new(),
        devices: Vec::new(),
        dice: Dice::new(options.seed),
        later: Vec::new(),
        faults: BTreeMap::new(),
        dead: BTreeMap::new(),
        world,
    };
    run.begin();
    let database = &crate::TestDatabase::url(&run.world.database);
    let seed = options.seed.wrapping_add(500);
    std::thread::scope(|scope| {
        // Also where the harness fails: it would wait for the thread forever.
        let _end = StopAtEnd(&stop);
        let (stop, backend) = (&stop, &backend);
        scope.spawn(move || write(database, seed, stop, backend));
        run.go_wrong();
        stop.store(true, Ordering::Relaxed);
    });
    let mut outcome = run.end();
    outcome.backend = backend.into_inner();
    outcome.folder = keep(&folder, &outcome);
    outcome
}

struct StopAtEnd<'a>(&'a AtomicBool);

impl Drop for StopAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What is left of a run that went wrong is of use.
fn keep(folder: &Path, outcome: &Outcome) -> Option<PathBuf> {
    if outcome.anomalies.is_empty() {
        let _ = std::fs::remove_dir_all(folder);
        return None;
    }
    Some(folder.to_owned())
}

/// The backend writes, whatever happens to its connection.
fn write(url: &str, seed: u64, stop: &AtomicBool, count: &AtomicU64) {
    let mut dice = Dice::new(seed);
    let mut client = None;
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        number += 1;
        let connection = match client.take() {
            Some(connection) => Some(connection),
            None => Client::connect(url, postgres::NoTls).ok(),
        };
        if let Some(mut connection) = connection {
            match World::write(&mut connection, &mut dice, number) {
                Ok(()) => {
                    count.fetch_add(1, Ordering::Relaxed);
                    client = Some(connection);
                }
                // A deadlock, a lock that was waited for, or a connection that is gone.
                Err(_) => client = connection.batch_execute("rollback").is_ok().then_some(connection),
            }
        }
        std::thread::sleep(Duration::from_millis(5 + dice.roll(40) as u64));
    }
}

impl Run<'_> {
    fn begin(&mut self) {
        let servers = if self.options.kinds.contains(&Kind::TwoServers) { 2 } else { 1 };
        self.servers = (0..servers).map(|_| self.world.server()).collect();
        for number in 0..self.options.devices {
            let person = number % PEOPLE;
            let seed = self.options.seed.wrapping_mul(31).wrapping_add(number as u64);
            let mut device = Device::new(&self.world, number, person, seed);
            device.proxy.lead_to(self.servers[number % servers].address);
            device.start();
            self.devices.push(device);
        }
    }

    fn go_wrong(&mut self) {
        let end = Instant::now() + self.options.time;
        // Everybody has begun before anything happens to them, in most runs.
        if self.dice.roll(4) > 0 {
            std::thread::sleep(Duration::from_millis(1_500));
        }
        // Each of them once, whatever it takes; then any of them, for as long as there is time.
        let mut first = self.options.kinds.clone();
        while Instant::now() < end || !first.is_empty() {
            self.what_is_due(Instant::now());
            self.revive();
            let kinds = if first.is_empty() { &self.options.kinds } else { &first };
            if !kinds.is_empty() {
                let kind = kinds[self.dice.roll(kinds.len())];
                if self.inject(kind) {
                    *self.faults.entry(kind).or_default() += 1;
                    first.retain(|other| *other != kind);
                }
            }
            let pause = 50 + self.dice.roll(350);
            std::thread::sleep(Duration::from_millis(pause as u64));
        }
    }

    /// Dead devices come back after a while.
    fn revive(&mut self) {
        for number in 0..self.devices.len() {
            if self.devices[number].is_alive() {
                self.dead.remove(&number);
                continue;
            }
            let pause = Duration::from_millis(self.dice.roll(300) as u64);
            let at = *self.dead.entry(number).or_insert_with(|| Instant::now() + pause);
            if at <= Instant::now() {
                self.devices[number].start();
            }
        }
    }

    fn later(&mut self, milliseconds: usize, what: Later) {
        let spread = self.dice.roll(milliseconds);
        let wait = Duration::from_millis((milliseconds / 2 + spread) as u64);
        self.later.push((Instant::now() + wait, what));
    }

    /// Whether there is something of this kind under way.
    fn is_under_way(&self, is: impl Fn(&Later) -> bool) -> bool {
        self.later.iter().any(|(_, later)| is(later))
    }

    fn inject(&mut self, kind: Kind) -> bool {
        let number = self.dice.roll(self.devices.len());
        let bytes = [1, 20, 200, 600, 1_500, 9_000, 60_000][self.dice.roll(7)] + self.dice.roll(40);
        let proxy = &self.devices[number].proxy;
        match kind {
            Kind::Disconnect => self.weather(number, Weather::Disconnected, 600),
            Kind::Inbound => self.weather(number, Weather::InboundLost, 1_500),
            Kind::Outbound => self.weather(number, Weather::OutboundLost, 1_500),
            Kind::HalfOpen => self.weather(number, Weather::HalfOpen, 2_000),
            Kind::Slow => self.weather(number, Weather::Slow, 1_500),
            Kind::Kill => self.devices[number].kill(),
            Kind::KillInApply => proxy.set(Trap::KilledInAnswer(bytes)),
            Kind::KillInUpload => proxy.set(Trap::KilledInPush(bytes.min(2_000))),
            Kind::KillBeforeAnswer => proxy.set(Trap::PushAnswerLostAndKilled),
            Kind::AnswerLost => proxy.set(Trap::PushAnswerLost),
            Kind::CutAnswer => proxy.set(Trap::AnswerCut(bytes)),
            Kind::CutRequest => proxy.set(Trap::RequestCut(bytes.min(2_000))),
            Kind::Twice => proxy.set(Trap::RequestTwice),
            Kind::ServerKill => self.another_server(),
            Kind::TwoServers => {
                let server = self.dice.roll(self.servers.len());
                proxy.lead_to(self.servers[server].address);
            }
            Kind::PostgresKill => self.world.cluster.crash(),
            Kind::Terminate => self.world.surely(
                "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'oosync_server' and datname = current_database()",
            ),
            Kind::StatementTimeout if self.is_under_way(|later| matches!(later, Later::NoTimeout)) => return false,
            Kind::StatementTimeout => {
                self.timeout("20ms");
                self.later(800, Later::NoTimeout);
            }
            Kind::Share => {
                let (member, list) = (self.dice.roll(3) > 0, self.dice.roll(3) > 0);
                self.world.share(member, list);
            }
            Kind::LongWriter if self.is_under_way(|later| matches!(later, Later::Commit(_))) => return false,
            Kind::LongWriter => return self.long_writer(),
            Kind::Bulk if self.is_under_way(|later| matches!(later, Later::BulkGone(_))) => return false,
            Kind::Bulk => {
                let person = self.dice.roll(PEOPLE);
                self.world.bulk(person, true);
                self.later(2_500, Later::BulkGone(person));
            }
            Kind::Truncate => {
                // Nobody waits for it longer than this; a queue for an exclusive lock would stop everybody.
                let _ = connected(&self.world.database)
                    .batch_execute("set lock_timeout = '300ms'; truncate comments, attachments, todo_labels");
            }
            Kind::Compact => {
                let _ = connected(&self.world.database).batch_execute(
                    "set lock_timeout = '1s'; select oosync.mark(); select oosync.compact(interval '0')",
                );
            }
            Kind::Restore if self.is_under_way(|later| matches!(later, Later::Restore(_))) => return false,
            Kind::Restore => {
                self.devices[number].back_up();
                self.later(2_000, Later::Restore(number));
            }
            Kind::Clone if self.devices.len() >= 9 || self.devices.iter().any(|device| device.is_copied) => {
                return false;
            }
            Kind::Clone => {
                let name = self.devices.len();
                let mut clone = self.devices[number].cloned(&self.world, name);
                clone.proxy.lead_to(self.servers[0].address);
                clone.start();
                self.devices.push(clone);
            }
        }
        true
    }

    fn weather(&mut self, number: usize, weather: Weather, milliseconds: usize) {
        self.devices[number].proxy.weather(weather);
        self.later(milliseconds, Later::Calm(number));
    }

    fn another_server(&mut self) {
        let server = self.dice.roll(self.servers.len());
        let before = self.servers[server].address;
        // Dropped, it is killed.
        self.servers.remove(server);
        let after = self.world.server();
        for device in &self.devices {
            device.proxy.lead_instead_of(before, after.address);
        }
        self.servers.insert(server, after);
    }

    fn timeout(&self, time: &str) {
        self.world.surely(&format!(
            "alter role oosync_server set statement_timeout = '{time}';
             select pg_terminate_backend(pid) from pg_stat_activity where usename = 'oosync_server'"
        ));
    }

    fn long_writer(&mut self) -> bool {
        let mut client = connected(&self.world.database);
        let person = self.dice.roll(PEOPLE);
        // Under a savepoint, and with an entry of an early transaction id: devices pass it by before it commits.
        let sql = format!(
            "begin; set local lock_timeout = '1s';
             insert into lists (owner_id, title) values ('{0}', 'late <only:{person}>');
             savepoint s; update users set name = name || '.' where id = '{0}'",
            crate::fire::user(person)
        );
        if client.batch_execute(&sql).is_err() {
            return false;
        }
        self.later(2_000, Later::Commit(Box::new(client)));
        true
    }

    fn what_is_due(&mut self, now: Instant) {
        for (at, later) in std::mem::take(&mut self.later) {
            if at > now {
                self.later.push((at, later));
                continue;
            }
            match later {
                Later::Calm(number) => self.devices[number].proxy.weather(Weather::Fine),
                // It may have been ended meanwhile.
                Later::Commit(mut client) => drop(client.batch_execute("commit")),
                Later::NoTimeout => self.timeout("0"),
                Later::BulkGone(person) => self.world.bulk(person, false),
                Later::Restore(number) => drop(self.devices[number].restore()),
            }
        }
    }

    /// The weather is fine, everybody is there, and nobody writes: then everything must be as the oracle says.
    fn end(mut self) -> Outcome {
        self.what_is_due(Instant::now() + Duration::from_secs(3_600));
        if self.options.kinds.contains(&Kind::Share) {
            self.world.unshare_for_good();
        }
        for device in &mut self.devices {
            device.proxy.calm();
            if !device.is_alive() {
                device.start();
            }
        }
        // Once to send everything, once to receive what others have sent.
        let mut longest = 0;
        for _ in 0..2 {
            self.devices.iter_mut().for_each(Device::settle);
            longest = self.devices.iter_mut().map(Device::settled).max().unwrap_or_default().max(longest);
        }
        self.devices.iter_mut().for_each(Device::quit);
        let left: Vec<Left<'_>> = self
            .devices
            .iter()
            .map(|device| Left {
                name: &device.name,
                person: device.person,
                file: &device.file,
                journal: device.journal(),
                is_copied: device.is_copied,
            })
            .collect();
        let mut found: Vec<String> = self.devices.iter().flat_map(Device::anomalies).collect();
        found.extend(anomalies(&self.world, self.schema, &left));
        let arrived = "select count(distinct value) from books.written where value like 'w:%'";
        Outcome {
            written: left
                .iter()
                .map(|left| left.journal.lines().filter(|line| line.starts_with('W')).count())
                .sum(),
            arrived: super::world::ask(&self.world.database)
                .query_one(arrived, &[])
                .expect("the server is up")
                .get(0),
            faults: self.faults.clone(),
            sprung: self.devices.iter().map(|device| device.proxy.sprung()).sum(),
            longest,
            anomalies: found,
            ..Outcome::default()
        }
    }
}
