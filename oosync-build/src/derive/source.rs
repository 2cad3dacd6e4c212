//! Finding, reading and caching facts and config.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use proc_macro2::TokenStream;
use quote::quote;

use crate::config;
use crate::diagnostic::{Diagnostics, Severity};
use crate::facts::Facts;
use crate::plan::{Plan, Strictness};
use crate::project::Project;

/// What structs are checked against.
pub(super) struct Source {
    pub(super) facts: Facts,
    pub(super) plan: Plan,
    /// The facts as messages name them.
    pub(super) shown: String,
    /// Config and facts.
    files: Vec<PathBuf>,
    /// Whether the compiler was told of them.
    tracked: AtomicBool,
}

/// Where facts and config are.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    /// Where the search began.
    folder: PathBuf,
    config: Option<PathBuf>,
    /// The facts, where they are not those that the config names.
    facts: Option<PathBuf>,
}

/// What was read from a place, and the state of the files then.
struct Entry {
    place: Place,
    files: Vec<PathBuf>,
    stamps: Vec<Stamp>,
    source: Result<Arc<Source>, String>,
}

/// Time of the last change and length; `None`: there is no such file.
type Stamp = Option<(SystemTime, u64)>;

/// As many places as are remembered: a process expands the macros of one crate, or, in an editor, of all crates of a
/// workspace for days, and then the place changes with every letter that somebody types into `facts = "…"`.
const REMEMBERED: usize = 8;

/// The places used; the last one is that used last.
struct Cache(Vec<Entry>);

static CACHE: Mutex<Cache> = Mutex::new(Cache(Vec::new()));

impl Cache {
    fn source(&mut self, place: Place) -> Result<Arc<Source>, String> {
        if let Some(at) = self.0.iter().position(|entry| entry.place == place) {
            let entry = self.0.remove(at);
            if entry.stamps == stamps(&entry.files) {
                let source = entry.source.clone();
                self.0.push(entry);
                return source;
            }
        }
        let entry = Entry::read(place);
        let source = entry.source.clone();
        if self.0.len() >= REMEMBERED {
            self.0.remove(0);
        }
        self.0.push(entry);
        source
    }
}

impl Source {
    /// The facts that `attribute` names (relative to the package), or the build script did in `OOSYNC_FACTS`, or those
    /// of the nearest `Oosync.toml` upwards.
    ///
    /// # Errors
    ///
    /// The text to show at the struct.
    pub(super) fn find(attribute: Option<&str>) -> Result<Arc<Self>, String> {
        let place = Place::find(attribute)?;
        CACHE.lock().unwrap_or_else(PoisonError::into_inner).source(place)
    }

    /// Tells the compiler, once in a process, which files decided what is expanded: without a build script, Cargo
    /// would not compile the crate again when they change.
    pub(super) fn track(&self) -> TokenStream {
        if self.tracked.swap(true, Ordering::Relaxed) {
            return TokenStream::new();
        }
        let files =
            self.files.iter().filter_map(|file| std::path::absolute(file).ok()?.to_str().map(str::to_owned));
        quote!(#(const _: &[u8] = ::core::include_bytes!(#files);)*)
    }
}

impl Place {
    fn find(attribute: Option<&str>) -> Result<Self, String> {
        let variable = |name: &str| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
        Self::among(attribute, variable)
    }

    /// Where the environment of the compiler is `variable`.
    fn among(attribute: Option<&str>, variable: impl Fn(&str) -> Option<PathBuf>) -> Result<Self, String> {
        let folder = variable("CARGO_MANIFEST_DIR")
            .ok_or("CARGO_MANIFEST_DIR is not set: cargo has to run the compiler")?;
        let (facts, config) = match attribute {
            Some(path) => (Some(folder.join(path)), None),
            None => (variable("OOSYNC_FACTS"), variable("OOSYNC_CONFIG")),
        };
        // The config that goes with named facts is the nearest one to them: they may be those of another package.
        let beside = facts.as_deref().and_then(Path::parent).and_then(nearest_config);
        let config = config.or(beside).or_else(|| nearest_config(&folder));
        // Packages that share a config share what was read.
        let folder = match &config {
            Some(path) => path.parent().unwrap_or(&folder).to_owned(),
            None => folder,
        };
        Ok(Self { folder, config, facts })
    }

    fn project(&self) -> Result<Project, String> {
        let mut project = match &self.config {
            Some(path) => Project::with_config(path).map_err(|problems| summary(&problems))?,
            None => Project::without_config(&self.folder),
        };
        if let Some(path) = &self.facts {
            path.clone_into(&mut project.facts_path);
        }
        Ok(project)
    }
}

fn nearest_config(folder: &Path) -> Option<PathBuf> {
    folder.ancestors().map(|folder| folder.join(config::FILE_NAME)).find(|path| path.is_file())
}

impl Entry {
    fn read(place: Place) -> Self {
        let mut files: Vec<PathBuf> = place.config.iter().cloned().collect();
        let project = place.project();
        files.extend(project.iter().map(|project| project.facts_path.clone()));
        // Before the reading: what changes meanwhile is read again the next time.
        let stamps = stamps(&files);
        let source = project.and_then(|project| read(&project, files.clone())).map(Arc::new);
        Self { place, files, stamps, source }
    }
}

fn read(project: &Project, files: Vec<PathBuf>) -> Result<Source, String> {
    let facts = project.load_facts().map_err(|problems| missing(project, &problems))?;
    // What is not settled is an error of the build script, or of `cargo oosync plan`; here it is not synced. Nothing
    // is let through by that: a lenient plan differs from a valid one only in what it leaves out.
    let validated = project.plan_of(&facts, Strictness::Lenient).map_err(|problems| summary(&problems))?;
    let shown = crate::files::shown(&project.facts_path);
    Ok(Source { facts, plan: validated.plan, shown, files, tracked: AtomicBool::new(false) })
}

fn missing(project: &Project, problems: &Diagnostics) -> String {
    let text = summary(problems);
    if project.facts_path.exists() || project.config_path.is_some() {
        return text;
    }
    format!("{text} (and there is no {} in the package's folder or above)", config::FILE_NAME)
}

/// The first error, and how many there are beside it: the same at every struct, so that it has to be short.
fn summary(problems: &Diagnostics) -> String {
    let mut errors = problems.iter().filter(|problem| problem.severity == Severity::Error);
    let Some(first) = errors.next() else { return problems.to_string() };
    let mut text = match &first.label {
        Some(label) => {
            let (line, column) = label.source.line_column(label.span.start);
            format!("{}:{line}:{column}: {}", label.source.name, first.message)
        }
        None => first.message.clone(),
    };
    for help in &first.help {
        text.push_str(": ");
        text.push_str(help);
    }
    match errors.count() {
        0 => text,
        more => format!("{text}; and {more} more, which `cargo oosync plan` shows"),
    }
}

fn stamps(files: &[PathBuf]) -> Vec<Stamp> {
    let stamp = |path: &PathBuf| {
        let data = std::fs::metadata(path).ok()?;
        Some((data.modified().ok()?, data.len()))
    };
    files.iter().map(stamp).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// A folder with the config and the facts of the example.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("oosync-derive-{}-{name}", std::process::id()));
            std::fs::create_dir_all(folder.join("package/src")).unwrap();
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
            for file in ["Oosync.toml", "oosync.facts.json"] {
                std::fs::copy(root.join(file), folder.join(file)).unwrap();
            }
            Self(folder)
        }

        fn place(&self, attribute: Option<&str>, variables: &[(&str, &str)]) -> Place {
            Place::among(attribute, |name| match name {
                "CARGO_MANIFEST_DIR" => Some(self.0.join("package")),
                _ => variables.iter().find(|(known, _)| *known == name).map(|(_, path)| self.0.join(path)),
            })
            .unwrap()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn facts_are_named_by_the_attribute_then_by_the_build_script_then_by_the_nearest_config() {
        let folder = Folder::new("place");
        let config = Some(folder.0.join("Oosync.toml"));
        let place = folder.place(None, &[]);
        assert_eq!((&place.folder, &place.config, &place.facts), (&folder.0, &config, &None));

        let place = folder.place(None, &[("OOSYNC_FACTS", "oosync.facts.json")]);
        assert_eq!((place.config, place.facts), (config, Some(folder.0.join("oosync.facts.json"))));
        let place = folder.place(None, &[("OOSYNC_FACTS", "x.json"), ("OOSYNC_CONFIG", "x.toml")]);
        assert_eq!(
            (place.config, place.facts),
            (Some(folder.0.join("x.toml")), Some(folder.0.join("x.json")))
        );

        let other = Folder::new("place-of-another");
        let facts = other.0.join("oosync.facts.json");
        let place = folder.place(facts.to_str(), &[("OOSYNC_FACTS", "x.json"), ("OOSYNC_CONFIG", "x.toml")]);
        assert_eq!((place.config, place.facts), (Some(other.0.join("Oosync.toml")), Some(facts)));
    }

    #[test]
    fn files_are_read_again_when_they_change_and_only_then() {
        let folder = Folder::new("cache");
        let mut cache = Cache(Vec::new());
        let first = cache.source(folder.place(None, &[])).unwrap();
        let second = cache.source(folder.place(None, &[])).unwrap();
        assert!(Arc::ptr_eq(&first, &second));
        assert!(first.plan.tables.iter().any(|table| table.name.name == "labels"));

        let config = folder.0.join("Oosync.toml");
        let text = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, text.replace("[sync]", "[sync]\nexclude = [\"labels\"]")).unwrap();
        let third = cache.source(folder.place(None, &[])).unwrap();
        assert!(third.plan.tables.iter().all(|table| table.name.name != "labels"));

        std::fs::remove_file(folder.0.join("oosync.facts.json")).unwrap();
        let error = cache.source(folder.place(None, &[])).err().unwrap();
        assert!(
            error.ends_with(
                "oosync.facts.json does not exist: make it with `cargo oosync snapshot`, or with `cargo oosync init` \
                 in a new project"
            ),
            "{error}"
        );
        assert_eq!(cache.0.len(), 1, "what was read before is forgotten");
    }

    #[test]
    fn a_process_that_lives_for_days_does_not_grow() {
        let folder = Folder::new("bound");
        let mut cache = Cache(Vec::new());
        let used = cache.source(folder.place(None, &[])).unwrap();
        for number in 0..100 {
            let typed = format!("../x{number}.json");
            assert!(cache.source(folder.place(Some(&typed), &[])).is_err());
            assert!(
                Arc::ptr_eq(&used, &cache.source(folder.place(None, &[])).unwrap()),
                "what is used stays"
            );
        }
        assert_eq!(cache.0.len(), REMEMBERED);
    }

    #[test]
    fn the_compiler_is_told_once_which_files_were_read() {
        let folder = Folder::new("track");
        let source = Cache(Vec::new()).source(folder.place(None, &[])).unwrap();
        let told = source.track().to_string();
        assert!(told.contains("Oosync.toml") && told.contains("oosync.facts.json"), "{told}");
        assert!(source.track().is_empty());
    }

    #[test]
    fn an_error_in_the_config_is_short_and_has_its_place() {
        let folder = Folder::new("config");
        let config = folder.0.join("Oosync.toml");
        std::fs::write(
            &config,
            "[tables.todoes]\nparent = \"list_id\"\n[tables.lisst]\npush = \"disabled\"\n",
        )
        .unwrap();
        let error = Cache(Vec::new()).source(folder.place(None, &[])).err().unwrap();
        assert!(
            error.contains("Oosync.toml:1:9: ") && error.contains("and 1 more, which `cargo oosync plan`"),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}
