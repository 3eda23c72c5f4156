//! `kith track add|remove|list`: the tracked accounts of the configuration file, edited in place.
//!
//! The service is not talked to: it watches the file.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Seek, Write},
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;
use kith_config::{FILE_BYTES_MAX, Identifier, edit};
use kith_store::{Table, Value};
use tempfile::NamedTempFile;

use crate::{
    cli::{Format, TrackCommand},
    exit::{FileError, InputError},
    output,
};

/// Edits or shows the list.
pub(super) fn run(path: &Path, command: TrackCommand) -> Result<()> {
    match command {
        TrackCommand::Add { id, label } => {
            let id = add(path, &id, label.as_deref())?;
            tell(&format!("added {id} to {}", path.display()));
            Ok(())
        }
        TrackCommand::Remove { id } => {
            let id = remove(path, &id)?;
            tell(&format!("removed {id} from {}", path.display()));
            Ok(())
        }
        TrackCommand::List { output } => list(path, output.format()),
    }
}

/// Adds an account to the file.
///
/// # Errors
/// [`InputError`]: it is no name of an account, it is there already, or the file is not as it
/// should be. [`FileError`]: it cannot be read or written.
pub(crate) fn add(path: &Path, id: &str, label: Option<&str>) -> Result<Identifier> {
    let id = identifier(id)?;
    let origin = path.display().to_string();
    change(path, |text| edit::add_tracked(text, &origin, &id, label))?;
    Ok(id)
}

/// Removes an account from the file.
///
/// # Errors
/// As [`add`]; or it is not there.
pub(crate) fn remove(path: &Path, id: &str) -> Result<Identifier> {
    let id = identifier(id)?;
    let origin = path.display().to_string();
    change(path, |text| edit::remove_tracked(text, &origin, &id))?;
    Ok(id)
}

fn list(path: &Path, format: Format) -> Result<()> {
    let origin = path.display().to_string();
    let tracked = edit::tracked(&read(path)?, &origin).map_err(|error| refused(&error))?;
    let rows = tracked.into_iter().map(|account| {
        vec![
            Value::Text(account.id.to_string()),
            account.label.map_or(Value::Null, Value::Text),
        ]
    });
    let table = Table {
        columns: vec!["id".to_owned(), "label".to_owned()],
        rows: rows.collect(),
    };
    output::table(&table, format)
}

/// What was done to the file, and what comes of it.
pub(super) fn tell(done: &str) {
    output::note(&format!(
        "{done}\na running service takes it up by itself; otherwise the next `kith run` does"
    ));
}

pub(crate) fn identifier(text: &str) -> Result<Identifier, InputError> {
    let bare = text.trim().trim_start_matches('@');
    bare.parse().map_err(|error| {
        InputError(format!(
            "{text:?}: {error}\n  help: write a handle, as in alice.example.com, or a DID, as in \
             did:plc:…"
        ))
    })
}

/// Replaces the text of the file, all or nothing, and only if nobody else changed it meanwhile.
pub(super) fn change(
    path: &Path,
    edit: impl FnOnce(&str) -> Result<String, edit::EditError>,
) -> Result<()> {
    let target = resolved(path)?;
    // Editors do not wait for the lock, which is why the text is compared, too.
    let Some(_lock) = lock(&target).map_err(|error| unreadable(path, &error))? else {
        return Err(InputError(format!(
            "somebody has had {} locked for {LOCK_TIME_MAX:?}; nothing was written\n  help: try again",
            path.display()
        ))
        .into());
    };
    let before = read(&target)?;
    let after = edit(&before).map_err(|error| refused(&error))?;
    match write(&target, &before, &after) {
        Ok(true) => Ok(()),
        Ok(false) => Err(InputError(format!(
            "{} was changed by somebody else just now; nothing was written\n  help: try again",
            path.display()
        ))
        .into()),
        Err(error) => Err(FileError(format!(
            "cannot write {}: {error}\n  help: the file and its folder must be writable; nothing was \
             changed",
            path.display()
        ))
        .into()),
    }
}

/// Waits until no other `kith track` edits the file, but not for long. Each puts another file in its
/// place, so that what was waited for may be the file of before.
fn lock(target: &Path) -> io::Result<Option<File>> {
    let begun = Instant::now();
    loop {
        let file = File::open(target)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) if begun.elapsed() < LOCK_TIME_MAX => {
                thread::sleep(LOCK_PAUSE);
                continue;
            }
            Err(TryLockError::WouldBlock) => return Ok(None),
        }
        let (locked, there) = (file.metadata()?, fs::metadata(target)?);
        if (locked.dev(), locked.ino()) == (there.dev(), there.ino()) {
            return Ok(Some(file));
        }
    }
}

/// Less than an answer by HTTP may take.
const LOCK_TIME_MAX: Duration = Duration::from_secs(10);
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// Puts a new file in the old one's place, with its permissions and owner. False: it is not as it was
/// before.
fn write(target: &Path, before: &str, after: &str) -> io::Result<bool> {
    use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem, ResourceBusy};
    let beside = match beside(target, after) {
        Ok(beside) => Some(beside),
        // The file may be another's of the folder: mounted into it, for example.
        Err(error) if matches!(error.kind(), PermissionDenied | ReadOnlyFilesystem) => None,
        Err(error) => return Err(error),
    };
    if fs::read(target)? != before.as_bytes() {
        return Ok(false);
    }
    match beside.map(|beside| beside.persist(target)) {
        Some(Ok(_)) => Ok(true),
        Some(Err(failed)) if failed.error.kind() != ResourceBusy => Err(failed.error),
        // Its place cannot be another's: only its text can be another.
        Some(Err(_)) | None => {
            let file = File::options().write(true).open(target)?;
            put(&file, after).inspect_err(|_| {
                let _ = put(&file, before);
            })?;
            Ok(true)
        }
    }
}

/// A new file in the same folder.
fn beside(target: &Path, text: &str) -> io::Result<NamedTempFile> {
    let folder = target.parent().unwrap_or(Path::new("/"));
    let old = fs::metadata(target)?;
    let mut file = tempfile::Builder::new()
        .prefix(".kith-track-")
        .tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    let new = file.as_file().metadata()?;
    if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
        chown(file.path(), Some(old.uid()), Some(old.gid()))?;
    }
    file.as_file().set_permissions(old.permissions())?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// Gives a file another text.
fn put(mut file: &File, text: &str) -> io::Result<()> {
    file.rewind()?;
    file.write_all(text.as_bytes())?;
    file.set_len(text.len() as u64)?;
    file.sync_all()
}

/// The file itself, where the path is a link: the link stays.
fn resolved(path: &Path) -> Result<PathBuf, FileError> {
    path.canonicalize()
        .map_err(|error| unreadable(path, &error))
}

pub(super) fn read(path: &Path) -> Result<String, FileError> {
    let size = fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if size.len() > FILE_BYTES_MAX {
        return Err(unreadable(path, &io::ErrorKind::FileTooLarge.into()));
    }
    fs::read_to_string(path).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> FileError {
    FileError(format!(
        "cannot read {}: {error}\n  help: write one with `kith init`, or name yours with --config",
        path.display()
    ))
}

pub(super) fn refused(error: &edit::EditError) -> InputError {
    InputError(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    const FILE: &str = "# mine\n[[circle.tracked]]\nid = \"a.example.com\"\n";

    #[test]
    fn the_file_keeps_its_permissions_and_its_links() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (
            folder.path().join("real.toml"),
            folder.path().join("k.toml"),
        );
        fs::write(&file, FILE).expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("set");
        symlink(&file, &link).expect("linked");
        let id: Identifier = "did:plc:b".parse().expect("a DID");
        change(&link, |text| edit::add_tracked(text, "k", &id, None)).expect("edited");
        assert!(link.is_symlink());
        let text = fs::read_to_string(&file).expect("read");
        assert!(
            text.starts_with(FILE) && text.contains("did:plc:b"),
            "{text}"
        );
        let mode = fs::metadata(&file).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        let left = fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(left, 2, "no temporary file is left");
    }

    #[test]
    fn what_somebody_else_wrote_meanwhile_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("kith.toml");
        fs::write(&file, FILE).expect("written");
        let error = change(&file, |text| {
            fs::write(&file, "# somebody else's").expect("written");
            Ok(format!("{text}# edited"))
        });
        let error = error.expect_err("refused").to_string();
        assert!(error.contains("changed by somebody else"), "{error}");
        let text = fs::read_to_string(&file).expect("read");
        assert_eq!(text, "# somebody else's");
    }
}
