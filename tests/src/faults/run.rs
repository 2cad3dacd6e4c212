//! One run: devices, servers and a backend work, things go wrong, and in the end everything is compared.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use oosync_runtime::server::schema_of;
use postgres::Client;

use super::handle::Device;
use super::inject::Later;
use super::issuer::Issuer;
use super::kind::Kind;
use super::machine::Machine;
use super::oracle::{Left, anomalies};
use super::world::{PEOPLE, Server, World, project};
use crate::Cluster;
use crate::fire::Dice;

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
    /// How often a device was told that its token is not taken.
    pub refused: u64,
    /// What may not be.
    pub anomalies: Vec<String>,
    /// Where the files of the run are, if there are anomalies.
    pub folder: Option<PathBuf>,
}

/// A run that goes on; what goes wrong in it is in `inject`.
pub(super) struct Run<'o> {
    pub(super) options: &'o RunOptions,
    pub(super) world: World,
    pub(super) servers: Vec<Server>,
    /// The machine that all servers are on, if that is not this one.
    pub(super) machine: Option<Machine>,
    pub(super) devices: Vec<Device>,
    pub(super) dice: Dice,
    pub(super) later: Vec<(Instant, Later)>,
    pub(super) upgrade: Upgrade,
    /// Texts that the server had been given before its database was replaced by an earlier copy.
    pub(super) taken_back: HashSet<String>,
    /// What was seen that may not be, by others than devices.
    pub(super) anomalies: Vec<String>,
    faults: BTreeMap<Kind, u64>,
    /// Dead devices are started again after that.
    dead: BTreeMap<usize, Instant>,
}

/// How far the new version has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Upgrade {
    /// Nobody has it.
    No,
    /// Some devices have it, the database does not; the folder of its project.
    Devices(PathBuf),
    /// The database has it, and so many servers.
    Servers(PathBuf, usize),
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
    let world = World::new(cluster, &folder, &options.program, has_tokens(options).then(Issuer::new));
    let (stop, backend) = (AtomicBool::new(false), AtomicU64::new(0));
    let mut run = Run {
        options,
        servers: Vec::new(),
        machine: None,
        devices: Vec::new(),
        dice: Dice::new(options.seed),
        later: Vec::new(),
        upgrade: Upgrade::No,
        taken_back: HashSet::new(),
        anomalies: Vec::new(),
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

/// Whether devices show tokens: always where those go wrong, and otherwise in half of the runs. Where only the servers' clock
/// jumps they do not, since no token would be valid then.
fn has_tokens(options: &RunOptions) -> bool {
    let is_there = |of: fn(Kind) -> bool| options.kinds.iter().any(|kind| of(*kind));
    is_there(Kind::is_of_tokens)
        || !is_there(|kind| kind == Kind::ServerClock) && Dice::new(options.seed ^ 0x70).roll(2) == 0
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
        let has = |kinds: &[Kind]| kinds.iter().any(|kind| self.options.kinds.contains(kind));
        let folder = &self.world.folder;
        self.machine = has(&[Kind::ServerClock]).then(|| Machine::new(folder.join("server.machine")));
        let have_machines = has(&[Kind::Clock, Kind::DiskFull, Kind::DiskError]);
        let servers = if has(&[Kind::TwoServers, Kind::Upgrade, Kind::Rolling]) { 2 } else { 1 };
        self.servers = (0..servers).map(|_| self.a_server()).collect();
        for number in 0..self.options.devices {
            let person = number % PEOPLE;
            let seed = self.options.seed.wrapping_mul(31).wrapping_add(number as u64);
            let mut device = Device::new(&self.world, number, person, seed);
            device.proxy.lead_to(self.servers[number % servers].address);
            if have_machines {
                device.machine = Some(Machine::new(device.file.with_extension("machine")));
            }
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

    /// The weather is fine, everybody is there, and nobody writes: then everything must be as the oracle says.
    fn end(mut self) -> Outcome {
        self.what_is_due(Instant::now() + Duration::from_secs(3_600));
        self.world.roll_back_prepared();
        self.finish_upgrade();
        if [Kind::Share, Kind::ShareInPull].iter().any(|kind| self.options.kinds.contains(kind)) {
            self.world.unshare_for_good();
        }
        for device in &mut self.devices {
            device.proxy.calm();
            // One that has just found its disk to be full is about to end.
            if device.machine.is_some() {
                std::thread::sleep(Duration::from_millis(300));
            }
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
                schema: schema_of(&project(&device.project).1),
                journal: device.journal(),
                is_copied: device.is_copied,
            })
            .collect();
        let mut found = self.anomalies;
        found.extend(self.devices.iter().flat_map(Device::anomalies));
        found.extend(anomalies(&self.world, &self.taken_back, &left));
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
            refused: self.world.issuer.as_ref().map_or(0, Issuer::refused),
            anomalies: found,
            ..Outcome::default()
        }
    }
}
