//! A cluster in a temporary folder, gone when the last process that uses it is.
//!
//! A test run is one process (`cargo test`) or hundreds (`cargo nextest`). The processes of one run share a
//! cluster: the first one starts it under a file lock, each one puts its process id into a folder, and a small
//! shell script outlives them all, looks every second whether any of them is still alive, and otherwise stops
//! the server and removes the folder. So nothing stays behind after a panic or a kill either.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use postgres::error::SqlState;
use postgres::{Client, NoTls};

use super::Binaries;

/// The superuser of every cluster.
const SUPERUSER: &str = "postgres";

/// Outlives the processes that use a cluster; arguments: the cluster's folder, and this script.
const REAPER: &str = r#"
trap '' HUP INT TERM
idle=0
while [ "$idle" -lt 3 ]; do
  sleep 1
  idle=$((idle + 1))
  for user in "$1"/users/*; do
    [ -e "$user" ] || continue
    if kill -0 "${user##*/}" 2>/dev/null; then idle=0; else rm -f "$user"; fi
  done
done
# Out of the way first: whoever comes now starts a new one. Whoever came just before is left to it.
mv "$1" "$1.gone" || exit 1
for user in "$1.gone"/users/*; do
  if [ -e "$user" ] && kill -0 "${user##*/}" 2>/dev/null && [ ! -e "$1" ]; then
    mv "$1.gone" "$1"
    exec sh -c "$2" oosync-tests-reaper "$1" "$2"
  fi
done
server=$(head -n 1 "$1.gone/data/postmaster.pid" 2>/dev/null)
if [ -n "$server" ]; then
  kill -QUIT "$server"
  for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$server" 2>/dev/null || break; sleep 0.2; done
fi
rm -rf "$1.gone"
"#;

/// What a cluster is started with beyond the usual.
#[derive(Debug, Clone, Default)]
pub struct ClusterOptions {
    /// Lines of `postgresql.conf`.
    pub settings: Vec<String>,
    /// The whole of `pg_hba.conf`; nothing: everybody on this machine is trusted.
    pub hba: Option<String>,
    /// Files put into the data folder, readable by the server alone: (name, content).
    pub files: Vec<(String, String)>,
    /// Which binaries; nothing: see [`Binaries::find`].
    pub binaries: Option<PathBuf>,
}

/// A running server.
#[derive(Debug)]
pub struct Cluster {
    folder: Option<PathBuf>,
    /// A URL with `{database}` where the database's name goes.
    url: String,
}

impl Cluster {
    /// The cluster that all tests of this run share, or the server of `OOSYNC_TEST_DATABASE_URL`.
    ///
    /// # Panics
    ///
    /// Where it cannot be started, with what to do.
    pub fn shared() -> &'static Arc<Self> {
        static SHARED: OnceLock<Arc<Cluster>> = OnceLock::new();
        SHARED.get_or_init(|| {
            let cluster = if let Ok(url) = std::env::var("OOSYNC_TEST_DATABASE_URL") {
                Self { folder: None, url: template(&url) }
            } else {
                // nextest names its run; elsewhere a run is this process.
                let run = std::env::var("NEXTEST_RUN_ID").unwrap_or_else(|_| std::process::id().to_string());
                Self::join(&folder_of(&run), &ClusterOptions::default())
            };
            // What every installation grants to, unless its config names another.
            cluster.role("oosync_server");
            Arc::new(cluster)
        })
    }

    /// A cluster of its own, for tests that change the server itself. Stopped when dropped.
    ///
    /// # Panics
    ///
    /// As [`Cluster::shared`].
    pub fn private(options: &ClusterOptions) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self::join(&folder_of(&format!("{}-{number}", std::process::id())), options)
    }

    /// The URL of one of its databases, as superuser.
    pub fn url(&self, database: &str) -> String {
        self.url.replace("{database}", database)
    }

    /// The port it listens on, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        let config: postgres::Config = self.url(SUPERUSER).parse().expect("the cluster's URL is valid");
        config.get_ports().first().copied().unwrap_or(5432)
    }

    /// The folder of everything that belongs to it; nothing for a server that was there before.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// A connection to its maintenance database.
    pub fn client(&self) -> Client {
        Client::connect(&self.url(SUPERUSER), NoTls).expect("the test server accepts connections")
    }

    /// Makes a role that can log in and owns nothing, unless there is one of that name.
    ///
    /// # Panics
    ///
    /// Where the tests' user may not make roles.
    pub fn role(&self, name: &str) {
        let create = format!(
            "do $$ begin create role \"{}\" login; exception when duplicate_object or unique_violation then null; end $$",
            name.replace('"', "\"\"")
        );
        self.client().batch_execute(&create).expect("tests may make roles");
    }

    /// Kills every process of the server as a power cut would, and starts it again at once on the same port.
    ///
    /// # Panics
    ///
    /// For a server that was there before, and where it does not come up again.
    pub fn crash(&self) {
        self.kill();
        self.start_again();
    }

    /// Kills every process of the server as a power cut would.
    ///
    /// # Panics
    ///
    /// For a server that was there before, and for one that is not running.
    pub fn kill(&self) {
        let data = self.data();
        // Backends do not outlive the server for long, but its shared memory is theirs too.
        let mut processes = children(self.process());
        processes.insert(0, self.process());
        for process in &processes {
            let _ = Command::new("kill").args(["-KILL", &process.to_string()]).stderr(Stdio::null()).status();
        }
        wait_for_the_end_of(&processes);
        // A child of ours that nobody has waited for keeps its process id, and the server would believe it alive.
        fs::remove_file(data.join("postmaster.pid")).expect("the server had one");
        self.remove_sockets();
    }

    /// Stops the server as an administrator does: nothing will have to be recovered.
    ///
    /// # Panics
    ///
    /// As [`Cluster::kill`].
    pub fn stop(&self) {
        let process = self.process();
        let _ = Command::new("kill").args(["-INT", &process.to_string()]).stderr(Stdio::null()).status();
        wait_for_the_end_of(&[process]);
        self.remove_sockets();
    }

    /// Starts a server that was killed or stopped, on the same port.
    ///
    /// # Panics
    ///
    /// Where it does not come up.
    #[expect(clippy::zombie_processes, reason = "the server outlives this call, which is its purpose")]
    pub fn start_again(&self) {
        let (folder, data) = (self.own_folder(), self.data());
        let deadline = Instant::now() + Duration::from_secs(30);
        let options = read(&data.join("postmaster.opts"));
        let log = File::options().append(true).open(folder.join("server.log")).expect("the log is there");
        let mut command = Command::new("sh");
        if let Some((user, group)) = server_user() {
            command.uid(user).gid(group);
        }
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").current_dir(folder);
        command.args(["-c", &format!("exec {}", options.lines().next().unwrap_or_default())]);
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a file can be shared")).stderr(log);
        let mut server = command.process_group(0).spawn().expect("sh runs");
        while Client::connect(&self.url(SUPERUSER), NoTls).is_err() {
            let ended = server.try_wait().expect("a child can be waited for").is_some();
            let log = || read(&folder.join("server.log"));
            assert!(!ended && Instant::now() < deadline, "the server did not come up again: {}", log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Copies the data of a server that is not running to a folder that is not there, as a backup does; or of one that nobody
    /// writes to since a checkpoint.
    ///
    /// # Panics
    ///
    /// Where it cannot be copied.
    pub fn back_up(&self, to: &Path) {
        copy(&self.data(), to);
    }

    /// Copies the data of a running server to a folder that is not there, as a base backup does, while others write.
    ///
    /// # Panics
    ///
    /// Where the server does not answer.
    pub fn back_up_running(&self, to: &Path) {
        let mut client = Client::connect(&self.url(SUPERUSER), NoTls).expect("the server runs");
        let version: i32 = client
            .query_one("select current_setting('server_version_num')::int", &[])
            .expect("the server answers")
            .get(0);
        let (begin, end) = if version >= 150_000 {
            ("pg_backup_start('copy', true)", "pg_backup_stop(false)")
        } else {
            ("pg_start_backup('copy', true, false)", "pg_stop_backup(false, false)")
        };
        client.batch_execute(&format!("select {begin}")).expect("it is a superuser's connection");
        let copy = |from: &Path, to: &Path| {
            // Files come and go meanwhile; whatever is missing or torn is in the log.
            let mut command = Command::new("cp");
            let copied = command.arg("-aT").arg(from).arg(to).stderr(Stdio::null()).status();
            copied.expect("cp runs");
        };
        copy(&self.data(), to);
        let label = format!("select labelfile from {end}");
        let label: String = client.query_one(&label, &[]).expect("the backup was begun").get(0);
        // The log as far as it goes now; what was removed of it since is in the first copy.
        copy(&self.data().join("pg_wal"), &to.join("pg_wal"));
        let (file, like) = (to.join("backup_label"), fs::metadata(self.data()).expect("our own folder"));
        fs::write(&file, label).expect("our own folder");
        chown(&file, Some(like.uid()), Some(like.gid())).expect("our own file");
    }

    /// Puts a copy in the place of the data of a server that is not running.
    ///
    /// # Panics
    ///
    /// Where it cannot be copied.
    pub fn restore(&self, from: &Path) {
        fs::remove_dir_all(self.data()).expect("our own folder");
        copy(from, &self.data());
        // Of a server that ran when it was copied.
        let _ = fs::remove_file(self.data().join("postmaster.pid"));
    }

    fn own_folder(&self) -> &Path {
        self.folder.as_deref().expect("only a server of our own is killed")
    }

    fn data(&self) -> PathBuf {
        self.own_folder().join("data")
    }

    /// The process of the running server.
    fn process(&self) -> u32 {
        let file = read(&self.data().join("postmaster.pid"));
        file.lines().next().unwrap_or_default().parse().expect("the server runs")
    }

    fn remove_sockets(&self) {
        for entry in fs::read_dir(self.own_folder().join("s")).expect("our own folder").flatten() {
            fs::remove_file(entry.path()).expect("our own file");
        }
    }

    fn join(folder: &Path, options: &ClusterOptions) -> Self {
        fs::create_dir_all(folder.join("users")).expect("the temporary folder is writable");
        // The server's own user passes through on the way to its data.
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("our own folder");
        let lock = File::create(folder.join("lock")).expect("the temporary folder is writable");
        lock.lock().expect("file locks work here");
        File::create(folder.join("users").join(std::process::id().to_string()))
            .expect("the folder is writable");
        let ready = folder.join("url");
        // What an earlier boot left behind answers no more.
        let running =
            fs::read_to_string(&ready).ok().filter(|url| answers(&url.replace("{database}", SUPERUSER)));
        let url = running.unwrap_or_else(|| {
            reap_when_unused(folder);
            let url = start(folder, options);
            fs::write(&ready, &url).expect("the folder is writable");
            url
        });
        Self { folder: Some(folder.to_owned()), url }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The shared one is never dropped; the script does the rest.
        if let Some(folder) = &self.folder {
            let _ = fs::remove_file(folder.join("users").join(std::process::id().to_string()));
        }
    }
}

/// Short, because the path of a Unix socket ends at 103 bytes, of which a temporary folder can take half.
fn folder_of(run: &str) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    run.hash(&mut hasher);
    let run = hasher.finish() as u32;
    std::env::temp_dir().join(format!("oosync-pg-{}-{run:08x}", effective_user().0))
}

/// User and group id of this process.
pub fn effective_user() -> (u32, u32) {
    use std::os::unix::fs::MetadataExt as _;
    // A file that this process made belongs to its effective user on every system.
    let probe = std::env::temp_dir().join(format!("oosync-tests-probe-{}", std::process::id()));
    let owner = File::create(&probe).and_then(|file| file.metadata()).map(|meta| (meta.uid(), meta.gid()));
    let _ = fs::remove_file(&probe);
    owner.expect("the temporary folder is writable")
}

/// Starts a server in `folder` and returns its URL.
fn start(folder: &Path, options: &ClusterOptions) -> String {
    let binaries = match &options.binaries {
        Some(folder) => Binaries::at(folder),
        None => Binaries::find(),
    };
    let server_user = server_user();
    let (data, socket) = (folder.join("data"), folder.join("s"));
    let _ = fs::remove_dir_all(&data);
    for path in [&data, &socket] {
        fs::create_dir_all(path).expect("the folder is writable");
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).expect("our own folder");
        if let Some((user, group)) = server_user {
            chown(path, Some(user), Some(group)).expect("root may give folders away");
        }
    }
    let run = |program: &str| {
        let mut command = Command::new(binaries.program(program));
        if let Some((user, group)) = server_user {
            command.uid(user).gid(group);
        }
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").current_dir(folder);
        command.stdin(Stdio::null()).process_group(0);
        command
    };
    let output = run("initdb")
        .args(["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C", "--username", SUPERUSER, "-D"])
        .arg(&data)
        .output()
        .expect("initdb runs");
    assert!(output.status.success(), "initdb failed: {}", String::from_utf8_lossy(&output.stderr));
    if let Some(hba) = &options.hba {
        fs::write(data.join("pg_hba.conf"), hba).expect("the folder is writable");
    }
    for (name, content) in &options.files {
        let path = data.join(name);
        fs::write(&path, content).expect("the folder is writable");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("our own file");
        if let Some((user, group)) = server_user {
            chown(&path, Some(user), Some(group)).expect("root may give files away");
        }
    }
    // Another process may take the port between our look and the server's.
    for _ in 0..5 {
        let port = free_port();
        let log = folder.join("server.log");
        let mut command = run("postgres");
        command.arg("-D").arg(&data).arg("-p").arg(port.to_string());
        command.arg("-k").arg(&socket).args(["-c", "listen_addresses=127.0.0.1"]);
        for setting in FAST.iter().copied().chain(options.settings.iter().map(String::as_str)) {
            command.args(["-c", setting]);
        }
        let log_file =
            || File::options().append(true).create(true).open(&log).expect("the folder is writable");
        let mut server = command.stdout(log_file()).stderr(log_file()).spawn().expect("postgres runs");
        let url = format!("postgres://{SUPERUSER}@127.0.0.1:{port}/{{database}}");
        let deadline = Instant::now() + Duration::from_secs(30);
        while server.try_wait().expect("a child can be waited for").is_none() {
            if answers(&url.replace("{database}", SUPERUSER)) {
                return url;
            }
            assert!(Instant::now() < deadline, "the server did not come up: {}", read(&log));
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(read(&log).contains("Address already in use"), "the server stopped: {}", read(&log));
    }
    panic!("no free port found");
}

/// Durability is of no use to a cluster that lives for minutes.
const FAST: [&str; 9] = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_connections=200",
    "max_prepared_transactions=20",
    "shared_buffers=64MB",
    "log_min_messages=warning",
];

/// Waits until processes are gone, or are children of ours that nobody has waited for.
fn wait_for_the_end_of(processes: &[u32]) {
    let deadline = Instant::now() + Duration::from_secs(30);
    let alive = |process: &u32| {
        let stat = read(Path::new(&format!("/proc/{process}/stat")));
        !stat.is_empty() && !stat.contains(") Z ")
    };
    while processes.iter().any(alive) {
        assert!(Instant::now() < deadline, "the server is dead");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Copies a folder, with owners and permissions.
fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status().expect("cp runs");
    assert!(copied.success(), "{} is copied to {}", from.display(), to.display());
}

/// The processes that a process has started, and that are there.
fn children(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").expect("/proc is readable").flatten();
    let numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_child = |process: &u32| {
        // After the name, which is in parentheses: the state, the parent.
        let stat = read(Path::new(&format!("/proc/{process}/stat")));
        let fields = stat.rsplit_once(") ").map(|(_, fields)| fields.split(' ').nth(1));
        fields.flatten().is_some_and(|field| field == parent.to_string())
    };
    numbers.filter(is_child).collect()
}

/// Whether the server is up. A refusal is an answer too: hba rules may exclude this connection.
fn answers(url: &str) -> bool {
    match Client::connect(url, NoTls) {
        Ok(_) => true,
        Err(error) => error.code().is_some_and(|code| *code != SqlState::CANNOT_CONNECT_NOW),
    }
}

#[expect(clippy::zombie_processes, reason = "it outlives this process, which is its purpose")]
fn reap_when_unused(folder: &Path) {
    Command::new("sh")
        .args(["-c", REAPER, "oosync-tests-reaper"])
        .arg(folder)
        .arg(REAPER)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .expect("sh runs");
}

/// The unprivileged user that the server runs as where we are root, which Postgres refuses.
fn server_user() -> Option<(u32, u32)> {
    if effective_user().0 != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("/etc/passwd is readable");
    let find = |name: &str| {
        let mut fields =
            users.lines().map(|line| line.split(':')).find(|fields| fields.clone().next() == Some(name))?;
        Some((fields.nth(2)?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    Some(find("postgres").or_else(|| find("nobody")).expect("there is a user `postgres` or `nobody`"))
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    listener.local_addr().expect("a bound socket has an address").port()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The URL with `{database}` for the name of its database.
fn template(url: &str) -> String {
    let (before, parameters) = url.split_once('?').unwrap_or((url, ""));
    let authority = before.find("://").map_or(0, |at| at + 3);
    let end = before[authority..].find('/').map_or(before.len(), |at| authority + at);
    let parameters = if parameters.is_empty() { String::new() } else { format!("?{parameters}") };
    format!("{}/{{database}}{parameters}", &before[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_of_a_url_is_replaced_and_nothing_else() {
        assert_eq!(
            template("postgres://u:p@h:1/db?sslmode=disable"),
            "postgres://u:p@h:1/{database}?sslmode=disable"
        );
        assert_eq!(template("postgres://h"), "postgres://h/{database}");
    }
}
