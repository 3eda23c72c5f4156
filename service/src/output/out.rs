//! Standard output, and readers of it that have seen enough.

use std::{
    io::{self, IsTerminal, Stdout, Write},
    sync::atomic::{AtomicBool, Ordering},
};

use anyhow::Result;

static READER_IS_GONE: AtomicBool = AtomicBool::new(false);

/// Standard output. That its reader is gone is noted.
#[derive(Debug)]
pub(crate) struct Out(Stdout);

/// Where data is printed.
pub(crate) fn out() -> Out {
    Out(io::stdout())
}

impl Out {
    /// Whether a person reads it.
    pub(crate) fn is_terminal(&self) -> bool {
        self.0.is_terminal()
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).inspect_err(note)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().inspect_err(note)
    }
}

fn note(error: &io::Error) {
    if error.kind() == io::ErrorKind::BrokenPipe {
        READER_IS_GONE.store(true, Ordering::Relaxed);
    }
}

/// Whether the reader of what is printed wants no more: then an error may come of that alone.
pub(crate) fn reader_is_gone() -> bool {
    READER_IS_GONE.load(Ordering::Relaxed)
}

/// Printed as far as somebody reads it: what the command has to say by its exit code it says either
/// way, and an error that comes later is another.
pub(crate) fn as_far_as_read(printed: Result<()>) -> Result<()> {
    match printed {
        Err(_) if READER_IS_GONE.swap(false, Ordering::Relaxed) => Ok(()),
        printed => printed,
    }
}
