//! The server and devices as processes of their own: this program again, with another task.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Instant;

use oosync_runtime::client::Client;

use super::setup::{ADA, schema};

/// What the first argument says where this process is one of these.
const SERVER: &str = "as-oosyncd";
const DEVICE: &str = "as-device";

/// Does what another process of this program has told this one to.
pub(crate) fn as_told(arguments: &[String]) -> Option<ExitCode> {
    match arguments.first().map(String::as_str) {
        Some(SERVER) => {
            let arguments = std::iter::once("oosyncd").chain(arguments[1..].iter().map(String::as_str));
            Some(oosync_runtime::server::daemon::run(arguments.map(Into::into)))
        }
        Some(DEVICE) => {
            device(&arguments[1], &arguments[2], Path::new(&arguments[3]));
            Some(ExitCode::SUCCESS)
        }
        _ => None,
    }
}

/// Loads everything into a new file, and says how many seconds it took, and how many kB of memory.
fn device(url: &str, file: &str, folder: &Path) {
    let client = open(url, file, folder);
    let idle = memory(std::process::id(), "VmHWM");
    let began = Instant::now();
    client.sync().unwrap_or_else(|error| panic!("{error}"));
    println!("{} {} {}", began.elapsed().as_secs_f64(), idle, memory(std::process::id(), "VmHWM"));
}

pub(crate) fn open(url: &str, file: &str, folder: &Path) -> Client {
    let client = Client::builder(file, schema(folder)).url(url).header("x-user", ADA).open();
    client.unwrap_or_else(|error| panic!("{error}"))
}

/// What a device that loaded everything says.
pub(crate) struct Loaded {
    pub(crate) seconds: f64,
    /// In MiB, at most.
    pub(crate) memory: f64,
}

/// A device in a process of its own, with a new file.
pub(crate) fn load(address: SocketAddr, file: &Path, folder: &Path) -> Loaded {
    let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
    command.arg(DEVICE).arg(format!("http://{address}/")).arg(file).arg(folder);
    let output = command.stderr(Stdio::inherit()).output().expect("this program runs");
    assert!(output.status.success(), "a device could not load everything");
    let said = String::from_utf8(output.stdout).expect("numbers");
    let numbers: Vec<f64> = said.split_whitespace().map(|number| number.parse().expect("a number")).collect();
    Loaded { seconds: numbers[0], memory: numbers[2] / 1024.0 }
}

/// A line of `/proc/…/status`, in kB.
pub(crate) fn memory(process: u32, line: &str) -> f64 {
    let status =
        std::fs::read_to_string(format!("/proc/{process}/status")).expect("Linux tells of processes");
    let found = status.lines().find_map(|of| of.strip_prefix(line)?.strip_prefix(':'));
    let number = found.and_then(|of| of.split_whitespace().next()?.parse().ok());
    number.unwrap_or_else(|| panic!("{line} is there"))
}

/// Seconds of CPU that a process has taken, to a hundredth of one.
pub(crate) fn cpu(process: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("Linux tells of processes");
    // The name, which comes second, is in parentheses, and may have spaces.
    let (_, rest) = stat.rsplit_once(')').expect("it has a name");
    let ticks = rest.split_whitespace().skip(11).take(2).map(|number| number.parse::<f64>().expect("ticks"));
    ticks.sum::<f64>() / 100.0
}

/// A running `oosyncd`; ended when it is dropped.
pub(crate) struct Daemon {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Daemon {
    pub(crate) fn start(folder: &Path, url: &str) -> Self {
        let config = folder.join("oosyncd.toml");
        std::fs::write(&config, "[auth]\ntrust_header = \"x-user\"\n[log]\nlevel = \"warn,oosync_runtime::server::daemon=info\"\n")
            .expect("a file can be written");
        let mut command = Command::new(std::env::current_exe().expect("this program has a path"));
        command.arg(SERVER).arg("--config").arg(&config).arg("--project").arg(folder);
        command.args(["--listen", "127.0.0.1:0", "--log-format", "json"]).env("OOSYNC_DATABASE_URL", url);
        let mut child = command.stderr(Stdio::piped()).spawn().expect("this program runs");
        let mut log = BufReader::new(child.stderr.take().expect("its log is a pipe"));
        let mut line = String::new();
        let address = loop {
            line.clear();
            assert!(log.read_line(&mut line).expect("a log is text") > 0, "the server ended");
            let event: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"));
            if event["message"] == "listening" {
                let url = event["url"].as_str().and_then(|url| url.rsplit_once('/'));
                break url.and_then(|(_, address)| address.parse().ok()).expect("it says where it listens");
            }
            eprint!("  {line}");
        };
        // What it says from now on is shown.
        std::thread::spawn(move || log.lines().map_while(Result::ok).for_each(|line| eprintln!("  {line}")));
        Self { child, address }
    }

    /// What it takes now, in MiB.
    pub(crate) fn memory(&self) -> f64 {
        memory(self.child.id(), "VmRSS") / 1024.0
    }

    /// Seconds of CPU that it has taken.
    pub(crate) fn cpu(&self) -> f64 {
        cpu(self.child.id())
    }

    /// The most that it has taken since [`forget`](Self::forget), in MiB.
    pub(crate) fn most(&self) -> f64 {
        memory(self.child.id(), "VmHWM") / 1024.0
    }

    /// The most that it takes is counted from now on.
    pub(crate) fn forget(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").expect("Linux resets VmHWM");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
