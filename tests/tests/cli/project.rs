//! A project folder to run the command in.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use oosync_tests::TestDatabase;

/// The schema that most of these tests snapshot.
pub(crate) const SCHEMA: &str = "
    create type mood as enum ('sad', 'happy');
    create table users (id uuid primary key, name text not null);
    create table orders (id bigint generated always as identity primary key, user_id uuid references users,
        total numeric(12, 2) not null, mood mood);
    comment on table orders is 'What was bought. @oosync.ownerColumn=user_id';
";

/// A temporary folder with a Cargo.toml, removed at the end.
pub(crate) struct Project {
    pub(crate) folder: PathBuf,
}

/// What a run of the command printed, with the folder's path and ports replaced.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Output {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Project {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("oosync-cli-{}-{number}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let project = Self { folder: folder.canonicalize().unwrap() };
        project.write("Cargo.toml", "[package]\nname = \"app\"\n");
        project
    }

    /// One whose facts are those of `database`.
    pub(crate) fn with_facts_of(database: &TestDatabase) -> Self {
        let project = Self::new();
        let output = project.run(&["snapshot", "--database-url", &database.url()]);
        assert_eq!(output.code, 0, "{output:?}");
        project
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    pub(crate) fn write(&self, name: &str, content: &str) {
        fs::write(self.path(name), content).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The command, in this folder, with an environment of its own.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-oosync-under-test"));
        command.args(arguments).current_dir(&self.folder).env_clear().stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(&[], arguments)
    }

    pub(crate) fn run_with(&self, environment: &[(&str, &str)], arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        command.envs(environment.iter().copied());
        self.finish(&mut command)
    }

    pub(crate) fn finish(&self, command: &mut Command) -> Output {
        let output = command.output().unwrap();
        Output {
            code: output.status.code().unwrap_or(-1),
            stdout: self.neutral(&output.stdout),
            stderr: self.neutral(&output.stderr),
        }
    }

    fn neutral(&self, bytes: &[u8]) -> String {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let text = text.replace(&self.folder.display().to_string(), "[folder]");
        // The harness's server listens on a port of its own, and databases are numbered.
        let text = replace_number(&text, "127.0.0.1:", "[port]");
        let text = replace_number(&text, "oosync_test_", "[process]");
        replace_number(&text, "oosync_test_[process]_", "[number]")
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Output {
    /// Everything, for a snapshot.
    pub(crate) fn all(&self) -> String {
        let mut text = format!("exit code {}\n", self.code);
        for (name, stream) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !stream.is_empty() {
                text.push_str(&format!("--- {name}\n{stream}"));
            }
        }
        text
    }
}

/// Replaces the digits behind every `prefix`.
fn replace_number(text: &str, prefix: &str, with: &str) -> String {
    let mut parts = text.split(prefix);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        out.push_str(prefix);
        out.push_str(if rest.len() < part.len() { with } else { "" });
        out.push_str(rest);
    }
    out
}

/// A file that any user may read and run: tests may be root's, in a folder that is root's alone.
pub(crate) fn public_copy(program: &Path, folder: &Path) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let copy = folder.join("program");
    fs::copy(program, &copy).unwrap();
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
    copy
}
