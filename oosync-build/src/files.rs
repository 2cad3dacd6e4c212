//! Writing files so that a reader, a failure or an interruption never meets half of one; showing paths.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// What [`write_if_changed`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Written {
    /// There was no such file.
    Created,
    /// The file held something else.
    Changed,
    /// The file already held just this and was not touched, so that build tools see no change.
    Unchanged,
}

/// Makes `path` hold `content`, in one step, touching nothing if it already does.
///
/// A symbolic link is followed; the permissions of an existing file are kept.
///
/// # Errors
///
/// What the file system says. The file is then as it was.
pub fn write_if_changed(path: &Path, content: &[u8]) -> io::Result<Written> {
    let target = match fs::canonicalize(path) {
        Ok(target) => target,
        // A link may point at a file that is still to be made.
        Err(error) if error.kind() == io::ErrorKind::NotFound => match fs::read_link(path) {
            Ok(target) => path.parent().unwrap_or(Path::new("")).join(target),
            Err(_) => path.to_owned(),
        },
        Err(error) => return Err(error),
    };
    let permissions = match fs::read(&target) {
        Ok(old) if old == content => return Ok(Written::Unchanged),
        Ok(_) => Some(fs::metadata(&target)?.permissions()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    // A file that may not be written is not to be replaced through its folder either.
    if permissions.as_ref().is_some_and(fs::Permissions::readonly) {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "the file is marked read-only"));
    }
    let mut beside = Beside::create(&target)?;
    (&beside.file).write_all(content)?;
    if let Some(permissions) = &permissions {
        beside.file.set_permissions(permissions.clone())?;
    }
    beside.file.sync_all()?;
    fs::rename(&beside.path, &target)?;
    beside.renamed = true;
    remove_abandoned(&target);
    // The new name outlives a power cut only once its folder is written; not every system lets us ask for that.
    if let Ok(folder) = File::open(folder_of(&target)) {
        let _ = folder.sync_all();
    }
    Ok(if permissions.is_some() { Written::Changed } else { Written::Created })
}

/// [`write_if_changed`] for what can be made again at any time: nothing waits for the disk.
///
/// # Errors
///
/// What the file system says.
#[cfg(feature = "codegen")]
pub(crate) fn write_generated(path: &Path, content: &[u8]) -> io::Result<Written> {
    let written = match fs::read(path) {
        Ok(old) if old == content => return Ok(Written::Unchanged),
        Ok(_) => Written::Changed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            Written::Created
        }
        Err(error) => return Err(error),
    };
    let mut beside = Beside::create(path)?;
    (&beside.file).write_all(content)?;
    fs::rename(&beside.path, path)?;
    beside.renamed = true;
    Ok(written)
}

/// A path as a person would write it: relative to where they stand, if it lies below.
pub(crate) fn shown(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let relative = path.strip_prefix(&here).unwrap_or(path);
    let relative = if relative.as_os_str().is_empty() { Path::new(".") } else { relative };
    relative.display().to_string()
}

/// A new file in the target's folder, removed again unless it was renamed.
///
/// It is locked as long as its process lives, so that what a killed process left is told from what is being written.
struct Beside {
    path: PathBuf,
    file: File,
    renamed: bool,
}

impl Beside {
    fn create(target: &Path) -> io::Result<Self> {
        let (prefix, suffix) = Self::name(target).ok_or(io::ErrorKind::InvalidInput)?;
        // Nobody else's file, and no link that somebody laid there, is opened: the name is new or it is not used.
        loop {
            let unique = RandomState::new().hash_one(std::process::id());
            let mut name = prefix.clone();
            name.push(format!("{unique:016x}{suffix}"));
            let path = target.with_file_name(name);
            match File::create_new(&path) {
                // Another process that took it for abandoned between these two steps has the lock, or has removed it.
                Ok(file) => match file.try_lock() {
                    Err(TryLockError::WouldBlock) => {}
                    // A file system without locks has nothing to be told apart: `remove_abandoned` gets none either.
                    Ok(()) | Err(TryLockError::Error(_)) if path.exists() => {
                        return Ok(Self { path, file, renamed: false });
                    }
                    Ok(()) | Err(TryLockError::Error(_)) => {}
                },
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// What the names of such files begin and end with; between them are 16 hexadecimal digits.
    fn name(target: &Path) -> Option<(OsString, &'static str)> {
        let mut prefix = OsString::from(".");
        prefix.push(target.file_name()?);
        prefix.push(".");
        Some((prefix, ".tmp"))
    }
}

/// Where a file lies; a name alone lies here.
fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Removes what processes that were killed while they wrote `target` left beside it.
///
/// Whatever cannot be read or removed stays: it is in nobody's way.
fn remove_abandoned(target: &Path) {
    let Some((prefix, suffix)) = Beside::name(target) else { return };
    for entry in fs::read_dir(folder_of(target)).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let digits = name
            .as_encoded_bytes()
            .strip_prefix(prefix.as_encoded_bytes())
            .and_then(|rest| rest.strip_suffix(suffix.as_bytes()));
        let ours = digits
            .is_some_and(|digits| digits.len() == 16 && digits.iter().all(u8::is_ascii_hexdigit))
            && entry.file_type().is_ok_and(|kind| kind.is_file());
        let Some(file) = ours.then(|| File::open(entry.path()).ok()).flatten() else { continue };
        if file.try_lock().is_ok() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.renamed {
            // Nothing better can be done here than to leave it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("oosync-files-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    #[test]
    fn an_equal_file_is_not_touched_and_another_is_replaced_whole() {
        let folder = folder("replace");
        let path = folder.join("x");
        assert_eq!(write_if_changed(&path, b"a").unwrap(), Written::Created);
        let before = fs::metadata(&path).unwrap().modified().unwrap();
        assert_eq!(write_if_changed(&path, b"a").unwrap(), Written::Unchanged);
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), before);
        assert_eq!(write_if_changed(&path, b"b").unwrap(), Written::Changed);
        assert_eq!(fs::read(&path).unwrap(), b"b");
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside it");
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_a_killed_process_left_is_removed_and_nothing_else() {
        let folder = folder("abandoned");
        let path = folder.join("x");
        let writing = Beside::create(&path).unwrap();
        let left = folder.join(".x.0123456789abcdef.tmp");
        let others =
            [".x.0123.tmp", ".y.0123456789abcdef.tmp", ".x.0123456789abcdef", "x.0123456789abcdef.tmp"];
        for name in others {
            fs::write(folder.join(name), b"a").unwrap();
        }
        fs::write(&left, b"a").unwrap();
        fs::create_dir(folder.join(".x.fedcba9876543210.tmp")).unwrap();
        write_if_changed(&path, b"b").unwrap();
        assert!(!left.exists() && writing.path.exists());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), others.len() + 3);
        drop(writing);
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_read_only_file_is_refused_and_kept() {
        let folder = folder("readonly");
        let path = folder.join("x");
        fs::write(&path, b"a").unwrap();
        let mut permissions = fs::metadata(&path).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions).unwrap();
        let error = write_if_changed(&path, b"b").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        assert_eq!(fs::read(&path).unwrap(), b"a");
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_symbolic_link_stays_a_link() {
        let folder = folder("link");
        fs::write(folder.join("real"), b"a").unwrap();
        std::os::unix::fs::symlink("real", folder.join("link")).unwrap();
        write_if_changed(&folder.join("link"), b"b").unwrap();
        assert_eq!(fs::read(folder.join("real")).unwrap(), b"b");
        assert!(fs::symlink_metadata(folder.join("link")).unwrap().is_symlink());
        fs::remove_file(folder.join("real")).unwrap();
        write_if_changed(&folder.join("link"), b"c").unwrap();
        assert_eq!(fs::read(folder.join("real")).unwrap(), b"c", "also one that points at nothing yet");
        fs::remove_dir_all(folder).unwrap();
    }
}
