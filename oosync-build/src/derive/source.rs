//! Finding, reading and caching facts and config.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::SystemTime;

use crate::facts::Facts;
use crate::plan::{Plan, Strictness};
use crate::project::Project;

/// What structs are checked against.
pub(super) struct Source {
    pub(super) facts: Facts,
    pub(super) plan: Plan,
    /// The facts as messages name them.
    pub(super) shown: String,
}

type Cache = HashMap<(PathBuf, Option<PathBuf>), (Vec<Option<SystemTime>>, Result<Arc<Source>, String>)>;

/// What was read, with the times the files had: rust-analyzer's process that expands macros lives for days.
static CACHE: LazyLock<Mutex<Cache>> = LazyLock::new(Mutex::default);

impl Source {
    /// The facts that `attribute` names (relative to the package), or the build script did in `OOSYNC_FACTS`, or those
    /// of the nearest `Oosync.toml` upwards.
    ///
    /// # Errors
    ///
    /// The text to show at the struct.
    pub(super) fn find(attribute: Option<&str>) -> Result<Arc<Self>, String> {
        let folder = std::env::var_os("CARGO_MANIFEST_DIR")
            .map(PathBuf::from)
            .ok_or("CARGO_MANIFEST_DIR is not set: cargo has to run the compiler")?;
        let facts = match attribute {
            Some(path) => Some(folder.join(path)),
            None => std::env::var_os("OOSYNC_FACTS").map(PathBuf::from),
        };
        let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (folder, facts);
        if let Some((times, source)) = cache.get(&key)
            && *times == times_of(&key.0, key.1.as_deref())
        {
            return source.clone();
        }
        let times = times_of(&key.0, key.1.as_deref());
        let source = Self::read(&key.0, key.1.as_deref()).map(Arc::new);
        cache.insert(key, (times, source.clone()));
        source
    }

    fn read(folder: &Path, facts: Option<&Path>) -> Result<Self, String> {
        let mut project = Project::find(folder).map_err(|problems| problems.to_string())?;
        if let Some(path) = facts {
            path.clone_into(&mut project.facts_path);
        }
        let facts = project.load_facts().map_err(|problems| problems.to_string())?;
        // What is not settled is an error of the build script, or of `cargo oosync plan`; here it is not synced.
        let validated =
            project.plan_of(&facts, Strictness::Lenient).map_err(|problems| problems.to_string())?;
        Ok(Self { facts, plan: validated.plan, shown: crate::files::shown(&project.facts_path) })
    }
}

/// When the files were last changed that decide what is read.
fn times_of(folder: &Path, facts: Option<&Path>) -> Vec<Option<SystemTime>> {
    let time = |path: &Path| std::fs::metadata(path).and_then(|data| data.modified()).ok();
    let mut times: Vec<_> =
        folder.ancestors().map(|folder| time(&folder.join(crate::config::FILE_NAME))).collect();
    match facts {
        Some(path) => times.push(time(path)),
        None => times.extend(folder.ancestors().map(|folder| time(&folder.join(crate::facts::FILE_NAME)))),
    }
    times
}
