//! The machine that a process of the run believes to be on: its clock jumps, its disk is full or fails.
//!
//! A library that is loaded before libc (`machine.c`) answers what the process asks of the system; what it answers stands
//! in a file that the harness writes, also while the process runs. So neither client nor server has anything of it in them.

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The file's name in the environment of the process.
pub(super) const VARIABLE: &str = "OOSYNC_MACHINE";

const SOURCE: &str = include_str!("machine.c");

/// A disk that is full (`ENOSPC`).
pub(super) const FULL: i64 = 28;

/// A disk that fails (`EIO`).
pub(super) const BROKEN: i64 = 5;

/// A machine.
#[derive(Debug)]
pub(super) struct Machine {
    file: PathBuf,
    library: PathBuf,
}

impl Machine {
    /// One with the system's own clock, and a disk that works.
    ///
    /// # Panics
    ///
    /// Where the folder cannot be written, and where there is no C compiler.
    pub(super) fn new(file: PathBuf) -> Self {
        std::fs::write(&file, [0; 16]).expect("the folder is writable");
        let library = library(file.parent().expect("it is in a folder"));
        Self { file, library }
    }

    /// What a process on it is started with.
    pub(super) fn environment(&self) -> [(&'static str, OsString); 2] {
        [("LD_PRELOAD", self.library.clone().into()), (VARIABLE, self.file.clone().into())]
    }

    /// From now on, the clock is off by so many seconds.
    pub(super) fn clock(&self, seconds: i64) {
        self.write(0, seconds.saturating_mul(1_000_000_000));
    }

    /// From now on, writes to databases fail with this error; 0 is none.
    pub(super) fn disk(&self, error: i64) {
        self.write(8, error);
    }

    fn write(&self, at: u64, value: i64) {
        let file = File::options().write(true).open(&self.file).expect("the file is there");
        file.write_all_at(&value.to_ne_bytes(), at).expect("the file is writable");
    }
}

/// The library, beside the files of the machines that it is for; compiled where it is not there yet.
fn library(folder: &Path) -> PathBuf {
    let (source, library) = (folder.join("machine.c"), folder.join("machine.so"));
    if !library.exists() {
        std::fs::write(&source, SOURCE).expect("the folder is writable");
        // Whoever has built SQLite has a compiler.
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&library, &source])
            .status()
            .expect("there is a C compiler: install `cc`");
        assert!(compiled.success(), "{} does not compile", source.display());
    }
    library
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;
    use std::time::SystemTime;

    use super::*;

    /// What a process on this machine says.
    fn says(machine: &Machine, script: &str) -> (String, bool) {
        let output = Command::new("sh")
            .args(["-c", script])
            .envs(machine.environment())
            .stderr(Stdio::null())
            .output()
            .unwrap();
        (String::from_utf8(output.stdout).unwrap().trim().to_owned(), output.status.success())
    }

    #[test]
    fn its_clock_jumps_and_its_disk_fails_and_both_are_well_again() {
        let folder = std::env::temp_dir().join(format!("oosync-a-machine-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let machine = Machine::new(folder.join("machine"));
        let off = |machine: &Machine| {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
            let there: u64 = says(machine, "date +%s").0.parse().unwrap();
            there.cast_signed() - now.cast_signed()
        };
        let near = |off: i64, days: i64| (off - days * 86_400).unsigned_abs() < 3_600;
        assert!(near(off(&machine), 0));
        machine.clock(30 * 86_400);
        assert!(near(off(&machine), 30));
        machine.clock(-400 * 86_400);
        assert!(near(off(&machine), -400));
        machine.clock(0);
        assert!(near(off(&machine), 0));

        let write = |name: &str| says(&machine, &format!("echo 1 >{}", folder.join(name).display())).1;
        machine.disk(FULL);
        assert!(!write("a.db") && !write("a.db-wal"), "a database cannot be written");
        assert!(write("a.journal"), "what the harness reads can");
        machine.disk(0);
        assert!(write("a.db"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
