//! What goes wrong, and what ends by itself after a while.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use postgres::Client;

use super::issuer::{Issuer, Mistaken, Wrong};
use super::kind::Kind;
use super::machine::{BROKEN, FULL, Machine};
use super::proxy::{Trap, Weather};
use super::run::{Run, Upgrade};
use super::versions;
use super::world::{PEOPLE, Server};
use crate::fire::connected;

/// Something that ends by itself.
pub(super) enum Later {
    Calm(usize),
    Commit(Box<Client>),
    NoTimeout,
    BulkGone(usize),
    Restore(usize),
    Migrate,
    Roll,
    RestorePostgres(PathBuf, bool),
    Clock(usize),
    ServerClock,
    Continue(usize),
    ServerContinue(u32),
    Elsewhere(Box<Client>),
    EndPrepared(String),
    Disk(usize),
    Issuer,
    Withdraw,
    Correct(usize),
}

impl Run<'_> {
    fn later(&mut self, milliseconds: usize, what: Later) {
        let spread = self.dice.roll(milliseconds);
        let wait = Duration::from_millis((milliseconds / 2 + spread) as u64);
        self.later.push((Instant::now() + wait, what));
    }

    /// Whether there is something of this kind under way.
    fn is_under_way(&self, is: impl Fn(&Later) -> bool) -> bool {
        self.later.iter().any(|(_, later)| is(later))
    }

    pub(super) fn inject(&mut self, kind: Kind) -> bool {
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
            Kind::Restore if self.is_under_way(|later| matches!(later, Later::Restore(_) | Later::Correct(_))) => {
                return false;
            }
            Kind::Restore => {
                self.devices[number].back_up();
                self.later(2_000, Later::Restore(number));
            }
            Kind::Clone if self.devices.len() >= 9 || self.devices.iter().any(|device| device.is_copied) => {
                return false;
            }
            Kind::Upgrade => return self.upgrade(number),
            Kind::Ddl => return self.ddl(),
            Kind::PostgresRestore => return self.back_up_postgres(),
            Kind::Clock => {
                let days = self.days();
                self.machine(number, |machine| machine.clock(days));
                self.later(3_000, Later::Clock(number));
            }
            Kind::ServerClock => {
                let days = self.days();
                self.machine.iter().for_each(|machine| machine.clock(days));
                self.later(3_000, Later::ServerClock);
            }
            Kind::Blink => {
                proxy.weather(Weather::Disconnected);
                proxy.cut();
                std::thread::sleep(Duration::from_millis(1 + (bytes % 5) as u64));
                proxy.weather(Weather::Fine);
            }
            Kind::Pause | Kind::ServerPause if self.is_under_way(|later| matches!(later, Later::Continue(_) | Later::ServerContinue(_))) => {
                return false;
            }
            Kind::Pause => {
                self.devices[number].pause(true);
                let time = self.pause();
                self.later(time, Later::Continue(number));
            }
            Kind::ServerPause => {
                let server = self.dice.roll(self.servers.len());
                self.servers[server].pause(true);
                let (process, time) = (self.servers[server].process(), self.pause());
                self.later(time, Later::ServerContinue(process));
            }
            Kind::Late => proxy.set(Trap::RequestLate((bytes % 1_500) as u64)),
            Kind::Rolling => (0..self.servers.len()).for_each(|place| self.replace(place)),
            Kind::Deadlock => self.deadlock(),
            Kind::OtherDatabase if self.is_under_way(|later| matches!(later, Later::Elsewhere(_))) => return false,
            Kind::OtherDatabase => {
                let Ok(mut client) = Client::connect(&self.world.cluster.url("postgres"), postgres::NoTls) else {
                    return false;
                };
                if client.batch_execute("begin; select pg_current_xact_id()").is_err() {
                    return false;
                }
                self.later(2_500, Later::Elsewhere(Box::new(client)));
            }
            Kind::Prepared => return self.prepare(),
            Kind::DiskFull | Kind::DiskError => {
                let error = if kind == Kind::DiskFull { FULL } else { BROKEN };
                self.machine(number, |machine| machine.disk(error));
                self.later(1_200, Later::Disk(number));
            }
            Kind::BitFlip => return self.devices[number].flip(),
            Kind::Reparent => self.world.reparent(&mut self.dice),
            Kind::ShareInPull => return self.share_in_pull(number, bytes),
            Kind::Expiry => {
                let life = Duration::from_millis((30 + bytes % 900) as u64);
                self.issuer(3_000, |issuer| issuer.life(life));
            }
            Kind::IssuerDown => self.issuer(2_000, Issuer::fail),
            Kind::IssuerClock => {
                let seconds = [-60, -3, 3, 60][self.dice.roll(4)];
                self.issuer(2_000, |issuer| issuer.clock(seconds));
            }
            Kind::KeyRotation => {
                let is_sudden = self.dice.roll(2) == 0;
                self.world.issuer.iter().for_each(Issuer::rotate);
                if is_sudden {
                    self.world.issuer.iter().for_each(Issuer::withdraw);
                } else {
                    self.later(1_500, Later::Withdraw);
                }
            }
            Kind::ForgedToken => {
                self.intrude();
                self.mistake(number, Mistaken::Forged);
            }
            // A file of nobody's would become the other person's; so would an earlier copy of it, from before that.
            Kind::OtherAccount if !self.devices[number].is_registered() || self.is_under_way(|later| matches!(later, Later::Restore(_))) => {
                return false;
            }
            Kind::OtherAccount => self.mistake(number, Mistaken::OtherAccount),
            Kind::Clone => {
                let name = self.devices.len();
                let mut clone = self.devices[number].cloned(&self.world, name);
                clone.proxy.lead_to(self.servers[0].address);
                if self.devices[number].machine.is_some() {
                    clone.machine = Some(Machine::new(clone.file.with_extension("machine")));
                }
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

    fn issuer(&mut self, milliseconds: usize, change: impl Fn(&Issuer)) {
        self.world.issuer.iter().for_each(change);
        self.later(milliseconds, Later::Issuer);
    }

    /// Somebody shows tokens that are not right: no server takes them.
    fn intrude(&mut self) {
        let server = self.servers[self.dice.roll(self.servers.len())].address;
        let person = self.dice.roll(PEOPLE);
        let Some(issuer) = &self.world.issuer else { return };
        for wrong in Wrong::ALL {
            let status = issuer.intrude(server, person, wrong);
            // Without the keys, or in the middle of something else that goes wrong, it cannot say.
            if status.is_some_and(|status| !matches!(status, 401 | 503)) {
                self.anomalies.push(format!("a token is taken: {wrong:?}, {status:?}"));
            }
        }
    }

    fn mistake(&mut self, number: usize, mistaken: Mistaken) {
        let name = &self.devices[number].name;
        self.world.issuer.iter().for_each(|issuer| issuer.mistake(name, mistaken));
        self.later(2_000, Later::Correct(number));
    }

    fn another_server(&mut self) {
        let server = self.dice.roll(self.servers.len());
        let before = self.servers[server].address;
        // Dropped, it is killed.
        self.servers.remove(server);
        let after = self.a_server();
        for device in &self.devices {
            device.proxy.lead_instead_of(before, after.address);
        }
        self.servers.insert(server, after);
    }

    /// A server of the version that the database has.
    pub(super) fn a_server(&self) -> Server {
        let project = match &self.upgrade {
            Upgrade::Servers(folder, _) => folder,
            Upgrade::No | Upgrade::Devices(_) => &self.world.folder,
        };
        self.world.server(project, self.machine.as_ref())
    }

    /// Another server takes over, and the one before finishes what it does.
    fn replace(&mut self, place: usize) {
        let after = self.a_server();
        for device in &self.devices {
            device.proxy.lead_instead_of(self.servers[place].address, after.address);
        }
        std::mem::replace(&mut self.servers[place], after).end();
    }

    /// Something happens to the machine of a device.
    fn machine(&self, number: usize, change: impl Fn(&Machine)) {
        self.devices[number].machine.iter().for_each(change);
    }

    /// A jump of a clock, in seconds: by a minute or by days, forward or back.
    fn days(&mut self) -> i64 {
        [-40, -1, 1, 40][self.dice.roll(4)] * [60, 86_400][self.dice.roll(2)]
    }

    /// How long a process is stopped, in milliseconds: longer than tokens live and, often, than others wait for it; in long runs
    /// also longer than anybody waits for an answer.
    fn pause(&mut self) -> usize {
        let is_long = self.options.time > Duration::from_secs(40) && self.dice.roll(3) == 0;
        if is_long { 30_000 } else { 4_000 }
    }

    /// A device goes to the new version; of the first one, the database knows nothing yet.
    fn upgrade(&mut self, number: usize) -> bool {
        let folder = match &self.upgrade {
            Upgrade::No if self.is_under_way(|later| matches!(later, Later::RestorePostgres(..))) => {
                return false;
            }
            Upgrade::No => {
                let folder = versions::prepare(&self.world.cluster, &self.world.folder);
                self.upgrade = Upgrade::Devices(folder.clone());
                self.later(1_500, Later::Migrate);
                folder
            }
            Upgrade::Devices(folder) | Upgrade::Servers(folder, _) => folder.clone(),
        };
        if self.devices[number].project == folder {
            return false;
        }
        self.devices[number].project = folder;
        self.devices[number].start();
        // In the middle of the change of its file, or before or behind it.
        if self.dice.roll(2) == 0 {
            std::thread::sleep(Duration::from_millis(self.dice.roll(120) as u64));
            self.devices[number].kill();
        }
        true
    }

    fn migrate(&mut self) {
        let Upgrade::Devices(folder) = self.upgrade.clone() else { return };
        // They have locks until this thread ends them.
        let has_locks = |later: &Later| {
            matches!(later, Later::Commit(_) | Later::EndPrepared(_) | Later::ServerContinue(_))
        };
        if self.is_under_way(has_locks) {
            return self.later(600, Later::Migrate);
        }
        versions::migrate(&self.world, &folder);
        self.upgrade = Upgrade::Servers(folder, 0);
        self.later(700, Later::Roll);
    }

    /// The next server is replaced by one of the new version.
    fn roll(&mut self) {
        let Upgrade::Servers(folder, done) = self.upgrade.clone() else { return };
        if done < self.servers.len() {
            self.replace(done);
            self.upgrade = Upgrade::Servers(folder, done + 1);
            self.later(700, Later::Roll);
        }
    }

    /// What has begun is brought to its end.
    pub(super) fn finish_upgrade(&mut self) {
        self.later.clear();
        self.migrate();
        while matches!(&self.upgrade, Upgrade::Servers(_, done) if *done < self.servers.len()) {
            self.roll();
        }
        self.later.clear();
    }

    /// Nothing of this is in the plan.
    fn ddl(&mut self) -> bool {
        let sql = [
            "alter table todos add column internal text",
            "alter table todos drop column if exists internal",
            "create table scratch (id serial primary key, todo uuid references todos on delete cascade)",
            "drop table if exists scratch",
            "alter table lists alter position type integer using position + 0",
            "alter table todos alter done type boolean using (done is true)",
            "alter table comments alter created_at type timestamptz using created_at + interval '0'",
            "create index if not exists todos_title on todos (title); drop index if exists todos_title",
        ][self.dice.roll(8)];
        connected(&self.world.database).batch_execute(&format!("set lock_timeout = '500ms'; {sql}")).is_ok()
    }

    /// A copy is made, which is put back later. Not across a new version: an older database is no place for it.
    fn back_up_postgres(&mut self) -> bool {
        let is_between = match &self.upgrade {
            Upgrade::No => false,
            Upgrade::Devices(_) => true,
            Upgrade::Servers(_, done) => *done < self.servers.len(),
        };
        if is_between || self.is_under_way(|later| matches!(later, Later::RestorePostgres(..))) {
            return false;
        }
        let copy = self.world.folder.join("postgres");
        let stopped = [None, Some(false), Some(true)][self.dice.roll(3)];
        let cleanly = self.dice.roll(2) == 0;
        self.world.back_up(&copy, stopped);
        self.later(3_000, Later::RestorePostgres(copy, cleanly));
        true
    }

    fn restore_postgres(&mut self, copy: &Path, cleanly: bool) {
        let taken_back = self.world.restore(copy, cleanly);
        self.taken_back.extend(taken_back);
        std::fs::remove_dir_all(copy).expect("it is ours");
        // The copy may have been made while it was otherwise.
        if !self.is_under_way(|later| matches!(later, Later::NoTimeout)) {
            self.timeout("0");
        }
    }

    /// Others lock what pushes lock, in other orders.
    fn deadlock(&mut self) {
        let isolation = ["read committed", "serializable"][self.dice.roll(2)];
        let others = "title not like 'pair %' and title not like 'bulk %'";
        let todos = format!(
            "update todos set done = not done where id in (select id from todos where {others} order by id desc limit 60)"
        );
        let lists =
            "update lists set position = position + 1 where id in (select id from lists order by id desc)";
        let backwards =
            "select from todos where id in (select id from todos order by id desc limit 100) for update";
        std::thread::scope(|scope| {
            for steps in [[todos.as_str(), lists], [lists, todos.as_str()], [backwards, lists]] {
                let mut client = connected(&self.world.database);
                scope.spawn(move || {
                    let [first, second] = steps;
                    // Whichever of them Postgres ends.
                    let _ = client.batch_execute(&format!(
                        "set deadlock_timeout = '10ms'; set lock_timeout = '2s'; begin isolation level {isolation};
                         {first}; select pg_sleep(0.05); {second}; commit"
                    ));
                });
            }
        });
    }

    /// A transaction that is prepared, and ended later by somebody else.
    fn prepare(&mut self) -> bool {
        let person = self.dice.roll(PEOPLE);
        let name = format!("run {} {}", self.options.seed, self.dice.roll(1 << 30));
        let sql = format!(
            "set lock_timeout = '1s'; begin;
             insert into lists (owner_id, title) values ('{0}', 'prepared <only:{person}>');
             update users set name = name || '.' where id = '{0}'; prepare transaction '{name}'",
            crate::fire::user(person)
        );
        if connected(&self.world.database).batch_execute(&sql).is_err() {
            return false;
        }
        let end = ["commit", "rollback"][self.dice.roll(2)];
        self.later(2_000, Later::EndPrepared(format!("{end} prepared '{name}'")));
        true
    }

    /// While an answer is on its way, what it is about moves, or is taken away from whom it is for.
    fn share_in_pull(&mut self, number: usize, bytes: usize) -> bool {
        self.devices[number].proxy.set(Trap::AnswerHeld(bytes));
        for _ in 0..200 {
            if self.devices[number].proxy.is_held() {
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        let is_held = self.devices[number].proxy.is_held();
        if is_held && self.dice.roll(2) == 0 {
            self.world.reparent(&mut self.dice);
        } else if is_held {
            let (member, list) = (self.dice.roll(3) > 0, self.dice.roll(3) > 0);
            self.world.share(member, list);
        }
        self.devices[number].proxy.release();
        is_held
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

    pub(super) fn what_is_due(&mut self, now: Instant) {
        let all = std::mem::take(&mut self.later);
        let (mut due, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|(at, _)| *at <= now);
        self.later = rest;
        // Behind those that end what it would wait for.
        due.sort_by_key(|(_, later)| matches!(later, Later::Migrate));
        for (_, later) in due {
            match later {
                Later::Calm(number) => self.devices[number].proxy.weather(Weather::Fine),
                // It may have been ended meanwhile.
                Later::Commit(mut client) | Later::Elsewhere(mut client) => {
                    drop(client.batch_execute("commit"));
                }
                Later::NoTimeout => self.timeout("0"),
                Later::BulkGone(person) => self.world.bulk(person, false),
                Later::Restore(number) => drop(self.devices[number].restore()),
                Later::Migrate => self.migrate(),
                Later::Roll => self.roll(),
                Later::RestorePostgres(copy, cleanly) => self.restore_postgres(&copy, cleanly),
                Later::Clock(number) => self.machine(number, |machine| machine.clock(0)),
                Later::ServerClock => self.machine.iter().for_each(|machine| machine.clock(0)),
                Later::Continue(number) => self.devices[number].pause(false),
                Later::ServerContinue(process) => {
                    self.servers
                        .iter()
                        .filter(|server| server.process() == process)
                        .for_each(|it| it.pause(false));
                }
                Later::Disk(number) => self.machine(number, |machine| machine.disk(0)),
                Later::Issuer => self.world.issuer.iter().for_each(Issuer::recover),
                Later::Withdraw => self.world.issuer.iter().for_each(Issuer::withdraw),
                Later::Correct(number) => {
                    let name = &self.devices[number].name;
                    self.world.issuer.iter().for_each(|issuer| issuer.correct(name));
                }
                Later::EndPrepared(sql) => drop(connected(&self.world.database).batch_execute(&sql)),
            }
        }
    }
}
