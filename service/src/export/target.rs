//! Where an export goes: a file, which is there when it is whole, or standard output.

use std::{
    fs::File,
    io::{self, BufWriter, IsTerminal, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use tempfile::{Builder, NamedTempFile};

use crate::{cli::FileFormat, exit::InputError, output};

/// Bytes that are collected before they are written.
const BUFFER_BYTES: usize = 256 << 10;

/// A file in the making. Dropped before it is finished, it leaves nothing.
#[derive(Debug)]
pub(super) enum Target {
    Stdout,
    File {
        partial: NamedTempFile,
        name: PathBuf,
        may_replace: bool,
    },
}

/// What a format writes to.
pub(super) type Out = BufWriter<Box<dyn Write + Send>>;

impl Target {
    /// A file of this name, or standard output for `-`.
    ///
    /// # Errors
    /// It is there already and may not be replaced; it cannot be made; the format is not for
    /// terminals.
    pub(super) fn new(to: &Path, may_replace: bool, format: FileFormat) -> Result<Target> {
        if to == Path::new("-") {
            if format == FileFormat::Parquet && io::stdout().is_terminal() {
                return Err(InputError(
                    "Parquet is not for terminals\n  help: --to FILE.parquet, or --format csv"
                        .to_owned(),
                )
                .into());
            }
            return Ok(Target::Stdout);
        }
        let shown = to.display();
        let there = std::fs::metadata(to);
        match &there {
            Ok(there) if !there.is_file() => {
                return Err(InputError(format!(
                    "{shown} is no file\n  help: name a file, or write - for standard output"
                ))
                .into());
            }
            Ok(_) if !may_replace => return Err(there_already(to).into()),
            _ => {}
        }
        // What a link names is replaced, and not the link.
        let name = to.canonicalize().unwrap_or_else(|_| to.to_owned());
        let folder = match name.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let begin = name.file_name().unwrap_or_default().to_string_lossy();
        let partial = Builder::new()
            .prefix(&format!(".{begin}."))
            .suffix(".partial")
            // With the permissions of any new file, and with errors that do not name this one, of
            // which nobody has heard.
            .make_in(folder, |path| {
                File::options().read(true).write(true).create_new(true).open(path)
            })
            .map_err(|error| {
                InputError(format!(
                    "cannot write {shown}: {error}\n  help: its folder has to be there, and yours to \
                     write to"
                ))
            })?;
        if let Ok(there) = there {
            // Who may not read the old one may not read the new one.
            let taken_over = partial.as_file().set_permissions(there.permissions());
            taken_over.map_err(|error| InputError(format!("cannot write {shown}: {error}")))?;
        }
        Ok(Target::File {
            partial,
            name,
            may_replace,
        })
    }

    /// What to write to. It is to be flushed before the end.
    pub(super) fn writer(&self) -> Result<Out> {
        let out: Box<dyn Write + Send> = match self {
            Target::Stdout => Box::new(output::out()),
            Target::File { partial, .. } => {
                let file: File = partial.as_file().try_clone().context("cannot write")?;
                Box::new(file)
            }
        };
        Ok(BufWriter::with_capacity(BUFFER_BYTES, out))
    }

    /// Gives the file its name. Returns its size in bytes; None: it is none.
    pub(super) fn finish(self) -> Result<Option<u64>> {
        let Target::File {
            partial,
            name,
            may_replace,
        } = self
        else {
            return Ok(None);
        };
        let file = partial.as_file();
        file.sync_all()
            .with_context(|| format!("cannot write {}", name.display()))?;
        let bytes = file.metadata().map(|file| file.len()).ok();
        let named = match may_replace {
            true => partial.persist(&name),
            false => partial.persist_noclobber(&name),
        };
        match named {
            Ok(_) => Ok(bytes),
            Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(there_already(&name).into())
            }
            Err(failed) => Err(anyhow::Error::new(failed.error)
                .context(format!("cannot write {}", name.display()))),
        }
    }
}

fn there_already(name: &Path) -> InputError {
    InputError(format!(
        "{} is there already\n  help: name a new file, or give --force to replace it",
        name.display()
    ))
}
