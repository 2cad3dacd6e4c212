//! Where the server's binaries are.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder that holds `initdb` and `postgres`.
#[derive(Debug, Clone)]
pub struct Binaries {
    folder: PathBuf,
}

impl Binaries {
    /// The first that there is: `OOSYNC_PG_BIN`, `PATH`, what `pg_config` says, the usual folders (the newest
    /// major first), what `scripts/setup.sh` installed for this user.
    ///
    /// # Panics
    ///
    /// Where there is none, with the command that installs them.
    pub fn find() -> Self {
        if let Some(folder) = std::env::var_os("OOSYNC_PG_BIN") {
            let folder = PathBuf::from(folder);
            assert!(is_complete(&folder), "OOSYNC_PG_BIN={} holds no initdb and postgres", folder.display());
            return Self { folder };
        }
        let path = std::env::var_os("PATH").unwrap_or_default();
        let candidates = std::env::split_paths(&path).chain(from_pg_config()).chain(usual_folders());
        match candidates.into_iter().find(|folder| is_complete(folder)) {
            // Debian links initdb into PATH; what initdb needs lies beside the link's target.
            Some(folder) => Self { folder: resolved(&folder) },
            None => panic!(
                "no PostgreSQL server binaries (initdb, postgres) found; install them:\n\
                 \n    scripts/setup.sh\n\n\
                 or by hand: `apt-get install postgresql` (Debian, Ubuntu), `dnf install postgresql-server` (Fedora), \
                 `brew install postgresql@17` (macOS); or set OOSYNC_PG_BIN to the folder that holds them, \
                 or OOSYNC_TEST_DATABASE_URL to a server where tests may create databases"
            ),
        }
    }

    /// Those in this folder.
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The path of one of the programs.
    pub fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The major version of `postgres`.
    pub fn major(&self) -> u32 {
        let output = Command::new(self.program("postgres")).arg("--version").output().expect("postgres runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.split_whitespace()
            .find_map(|word| word.split('.').next()?.parse().ok())
            .unwrap_or_else(|| panic!("postgres --version says {text:?}"))
    }
}

/// The `psql` to load schemas with: the one in `PATH`, or one beside the server's binaries.
///
/// # Panics
///
/// Where there is none.
pub fn psql() -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(from_pg_config())
        .chain(usual_folders())
        .map(|folder| folder.join("psql"))
        .find(|program| program.is_file())
        .expect("psql is needed to load schema files: `apt-get install postgresql-client`")
}

fn is_complete(folder: &Path) -> bool {
    ["initdb", "postgres"].iter().all(|program| folder.join(program).is_file())
}

fn resolved(folder: &Path) -> PathBuf {
    let target =
        folder.join("postgres").canonicalize().ok().and_then(|path| path.parent().map(Path::to_owned));
    target.filter(|folder| is_complete(folder)).unwrap_or_else(|| folder.to_owned())
}

fn from_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").output().ok()?;
    Some(PathBuf::from(String::from_utf8(output.stdout).ok()?.trim()))
}

fn usual_folders() -> Vec<PathBuf> {
    let home = std::env::home_dir().unwrap_or_default();
    // parent, prefix of the versioned folder, rest
    let patterns = [
        (PathBuf::from("/usr/lib/postgresql"), "", "bin"),
        (PathBuf::from("/usr"), "pgsql-", "bin"),
        (PathBuf::from("/opt/homebrew/opt"), "postgresql", "bin"),
        (PathBuf::from("/usr/local/opt"), "postgresql", "bin"),
        (PathBuf::from("/Applications/Postgres.app/Contents/Versions"), "", "bin"),
        (PathBuf::from("/var/cache/oosync/postgres"), "", "bin"),
        (home.join(".cache/oosync/postgres"), "", "bin"),
    ];
    let mut found = Vec::new();
    for (parent, prefix, rest) in patterns {
        let Ok(entries) = std::fs::read_dir(&parent) else { continue };
        let mut versions: Vec<(u32, PathBuf)> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let name = entry.file_name().into_string().ok()?;
                let version = name.strip_prefix(prefix)?.trim_start_matches('@');
                Some((version.parse().unwrap_or(0), entry.path().join(rest)))
            })
            .collect();
        versions.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
        found.extend(versions.into_iter().map(|(_, folder)| folder));
    }
    found
}
