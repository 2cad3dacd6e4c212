//! The schemas that `OOSYNC_SCHEMA_CORPUS` points at: `NAME.sql`, and `NAME.data.sql` where there is data.

use std::path::PathBuf;

/// One schema of the corpus.
#[derive(Debug)]
pub struct CorpusSchema {
    /// The file's name without its ending.
    pub name: String,
    /// `NAME.sql`.
    pub schema: PathBuf,
    /// `NAME.data.sql`, where there is one.
    pub data: Option<PathBuf>,
}

/// All schemas, sorted by name; nothing where the variable is not set.
///
/// # Panics
///
/// Where the variable is set and the folder has no schema: a typo must not pass for success.
pub fn schemas() -> Option<Vec<CorpusSchema>> {
    let folder = PathBuf::from(std::env::var_os("OOSYNC_SCHEMA_CORPUS")?);
    let entries = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("OOSYNC_SCHEMA_CORPUS={}: {error}", folder.display()));
    let mut schemas: Vec<CorpusSchema> = entries
        .filter_map(|entry| {
            let schema = entry.expect("the folder is readable").path();
            let name = schema.file_name()?.to_str()?.strip_suffix(".sql")?.to_owned();
            if name.ends_with(".data") {
                return None;
            }
            let data = schema.with_file_name(format!("{name}.data.sql"));
            Some(CorpusSchema { name, schema, data: data.exists().then_some(data) })
        })
        .collect();
    schemas.sort_by(|a, b| a.name.cmp(&b.name));
    assert!(!schemas.is_empty(), "OOSYNC_SCHEMA_CORPUS={} holds no NAME.sql", folder.display());
    Some(schemas)
}
