//! Running the built program.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::Value;
use tempfile::TempDir;

use crate::leash::Leash;
use crate::needs::wait_until;

/// The built binary: `KITH_BINARY`, or else `kith` beside this test, brought up to date by cargo
/// once per test process, with the profile of the tests.
pub fn kith_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| std::env::var_os("KITH_BINARY").map_or_else(build, PathBuf::from))
}

fn build() -> PathBuf {
    // TARGET/PROFILE/deps/it-HASH
    let test = std::env::current_exe().expect("a test knows its own file");
    let profile = test
        .ancestors()
        .nth(2)
        .expect("a test lies in target/PROFILE/deps");
    let name = match profile.file_name().and_then(|name| name.to_str()) {
        Some("debug") => "dev",
        Some(name) => name,
        None => panic!("no profile folder above {}", test.display()),
    };
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut cargo = Command::new(cargo);
    // What cargo tells this test of its package, a build script of ring (which asks for it) would
    // take for a change: it, and most of what uses it, would be built anew.
    for (name, _) in std::env::vars_os() {
        let key = name.to_string_lossy();
        if ["CARGO_MANIFEST_", "CARGO_PKG_"]
            .iter()
            .any(|start| key.starts_with(start))
        {
            cargo.env_remove(&name);
        }
    }
    let built = cargo
        .args([
            "build",
            "--quiet",
            "--package",
            "kith",
            "--bin",
            "kith",
            "--profile",
            name,
        ])
        .arg("--target-dir")
        .arg(profile.parent().expect("a profile folder lies in target"))
        .current_dir(crate::project())
        .output()
        .expect("cargo starts");
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "cargo cannot build kith:\n{said}");
    profile.join("kith")
}

/// A folder with a config file, in which `kith` runs.
#[derive(Debug)]
pub struct Kith {
    folder: TempDir,
    runs: AtomicU32,
}

impl Kith {
    /// Makes a fresh folder with this text as `kith.toml`.
    pub fn new(config: &str) -> Self {
        let folder = TempDir::with_prefix("kith-test-").expect("a temporary folder can be made");
        let kith = Self {
            folder,
            runs: AtomicU32::new(0),
        };
        kith.configure(config);
        kith
    }

    /// The folder: the working directory of everything run here, removed with this value.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Replaces the config file.
    pub fn configure(&self, config: &str) {
        fs::write(self.folder().join("kith.toml"), config).expect("kith.toml can be written");
    }

    /// `kith ARGS`, to be changed further; reads `kith.toml`, whatever the environment says.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(kith_binary());
        command
            .args(args)
            .current_dir(self.folder())
            .stdin(Stdio::null());
        for name in [
            "KITH_CONFIG",
            "KITH_DATABASE",
            "RUST_LOG",
            "http_proxy",
            "https_proxy",
            "all_proxy",
        ] {
            command.env_remove(name).env_remove(name.to_uppercase());
        }
        command.env("NO_COLOR", "1");
        command
    }

    /// Runs `kith ARGS` to its end.
    pub fn run(&self, args: &[&str]) -> Ran {
        self.start(args).wait()
    }

    /// Runs `kith ARGS --json`, which must succeed, and parses what it prints.
    pub fn json(&self, args: &[&str]) -> Value {
        self.run(&[args, &["--json"]].concat()).expect_ok().json()
    }

    /// Starts `kith ARGS` in the background.
    pub fn start(&self, args: &[&str]) -> Running {
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        let file = |stream: &str| self.folder().join(format!("run-{run}.{stream}"));
        let (stdout, stderr) = (file("stdout"), file("stderr"));
        let make = |path: &Path| File::create(path).expect("an output file can be made");
        let child = self
            .command(args)
            .stdout(make(&stdout))
            .stderr(make(&stderr))
            .spawn()
            .unwrap_or_else(|e| panic!("cannot start {}: {e}", kith_binary().display()));
        let leash = Leash::new(child.id(), "TERM", None);
        Running {
            command: format!("kith {}", args.join(" ")),
            child,
            stdout,
            stderr,
            _leash: leash,
        }
    }
}

/// What a finished run left.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The command line, for messages.
    pub command: String,
    /// How it ended.
    pub status: ExitStatus,
    /// All of standard output.
    pub stdout: String,
    /// All of standard error.
    pub stderr: String,
}

impl Ran {
    /// The exit code; `None` after a signal.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Insists on exit code 0.
    #[must_use]
    pub fn expect_ok(self) -> Self {
        self.expect_code(0)
    }

    /// Insists on an exit code.
    #[must_use]
    pub fn expect_code(self, code: i32) -> Self {
        let Self {
            command,
            status,
            stdout,
            stderr,
        } = &self;
        assert_eq!(
            status.code(),
            Some(code),
            "`{command}`: {status}\n{stdout}\n{stderr}"
        );
        self
    }

    /// Standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("`{}` printed no JSON: {e}\n{}", self.command, self.stdout))
    }
}

/// What a test sends to a running `kith`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Int,
    /// Please stop: drain, commit, exit 0.
    Term,
    /// Read the configuration again.
    Hup,
    /// Stop dead, no last words.
    Kill,
    /// Stand still, holding everything, until `Cont`.
    Stop,
    /// Go on after `Stop`.
    Cont,
}

/// A `kith` in the background. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    command: String,
    child: Child,
    stdout: PathBuf,
    stderr: PathBuf,
    _leash: Leash,
}

impl Running {
    /// Sends a signal, and returns at once.
    pub fn signal(&mut self, signal: Signal) {
        let name = match signal {
            Signal::Int => "INT",
            Signal::Term => "TERM",
            Signal::Hup => "HUP",
            Signal::Kill => "KILL",
            Signal::Stop => "STOP",
            Signal::Cont => "CONT",
        };
        let script = format!("kill -s {name} {}", self.child.id());
        // The process may have ended by itself; until `wait`, its id is nobody else's.
        let _ = Command::new("sh")
            .args(["-c", &script])
            .stderr(Stdio::null())
            .status();
    }

    /// Its id, for `/proc`.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Is it still running?
    pub fn is_running(&mut self) -> bool {
        self.child
            .try_wait()
            .expect("a child can be asked after")
            .is_none()
    }

    /// Waits until it ends by itself.
    pub fn wait(mut self) -> Ran {
        let what = format!("`{}` to end", self.command);
        let status = wait_until(&what, || {
            self.child.try_wait().expect("a child can be asked after")
        });
        let (stdout, stderr) = (read(&self.stdout), read(&self.stderr));
        Ran {
            command: self.command.clone(),
            status,
            stdout,
            stderr,
        }
    }

    /// Sends a signal and waits for the end.
    pub fn stop(mut self, signal: Signal) -> Ran {
        self.signal(signal);
        self.wait()
    }

    /// Waits until `done` answers with a value, and fails at once if the program ends before.
    pub fn until<T>(&mut self, what: &str, mut done: impl FnMut() -> Option<T>) -> T {
        wait_until(what, || {
            let running = self.is_running();
            let value = done();
            assert!(
                running || value.is_some(),
                "`{}` ended before {what}:\n{}",
                self.command,
                self.stderr()
            );
            value
        })
    }

    /// What it has printed to standard output so far.
    pub fn stdout(&self) -> String {
        read(&self.stdout)
    }

    /// What it has printed to standard error so far.
    pub fn stderr(&self) -> String {
        read(&self.stderr)
    }

    /// The file that its standard error goes to.
    pub fn stderr_file(&self) -> &Path {
        &self.stderr
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}
