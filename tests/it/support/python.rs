//! The Python packages that exports are opened with, and the API is asked by.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::{missing, project};

/// A Python that has the packages of `tests/python/requirements.txt`, installed there once; `None`
/// (said clearly) where that cannot be done.
pub fn python() -> Option<&'static Path> {
    static PYTHON: OnceLock<Option<PathBuf>> = OnceLock::new();
    PYTHON.get_or_init(install).as_deref()
}

fn install() -> Option<PathBuf> {
    let folder = project().join("tests/python");
    let said = match Command::new(folder.join("setup.sh")).output() {
        Ok(ran) if ran.status.success() => return Some(folder.join("venv/bin/python")),
        Ok(ran) => String::from_utf8_lossy(&ran.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    let last = said.lines().last().unwrap_or_default();
    missing(
        &format!("the Python packages of tests/python cannot be installed: {last}"),
        "run tests/python/setup.sh, with python3-venv installed and PyPI at hand",
    );
    None
}
