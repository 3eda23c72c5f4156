//! A real network on loopback: `tests/network`, started for one test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde::Deserialize;
use tempfile::TempDir;

use crate::leash::Leash;
use crate::needs::{missing, wait_until};
use crate::truth::Truth;

/// Times other ports are tried, when somebody took a free one before the servers did.
const PORTS_MAX: usize = 5;

/// A running PLC directory with two PDSes. Dropping it stops them and removes their data; so does
/// the end of the test process.
#[derive(Debug)]
pub struct Network {
    /// The directory's URL.
    pub plc: String,
    /// The hosts' URLs, `http://localhost:PORT`.
    pub pds: Vec<String>,
    /// The suffixes under which each host hands out handles, such as `.pds1.test`.
    pub handle_domains: Vec<String>,
    /// The administrator's password on both hosts.
    pub admin_password: String,
    folder: TempDir,
    servers: Child,
    _leash: Leash,
}

/// The line that `start.mjs` prints when every port accepts connections.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ready {
    plc: String,
    pds: Vec<String>,
    handle_domains: Vec<String>,
    admin_password: String,
}

/// How much life `populate.mjs` brings. All choices come from the seed; DIDs and keys do not.
#[derive(Debug, Clone, Copy)]
pub struct Populate {
    /// Accounts, at least 33: the odd cases are theirs.
    pub accounts: u32,
    /// Random actions of ordinary life before the odd cases; a seventh as many after them.
    pub actions: u32,
    /// The seed of all choices.
    pub seed: u32,
}

impl Default for Populate {
    fn default() -> Self {
        Self {
            accounts: 40,
            actions: 700,
            seed: 7,
        }
    }
}

/// A population under way.
#[derive(Debug)]
pub struct Populating {
    script: Child,
    truth: PathBuf,
    log: PathBuf,
}

impl Network {
    /// Starts a network on free ports; `None` (said clearly) where `Node.js` or its packages are
    /// not installed.
    pub fn start() -> Option<Self> {
        Self::start_with(&[])
    }

    /// The same, with further options of `start.mjs`.
    pub fn start_with(options: &[&str]) -> Option<Self> {
        if Command::new("node")
            .arg("--version")
            .stdout(Stdio::null())
            .status()
            .is_err()
        {
            missing(
                "Node.js is not installed",
                "install Node.js 20 and run tests/network/setup.sh",
            );
            return None;
        }
        if !scripts().join("node_modules/.kith-built").is_file() {
            missing("tests/network is not set up", "run tests/network/setup.sh");
            return None;
        }
        for attempt in 1..=PORTS_MAX {
            match Self::try_start(options) {
                Ok(network) => return Some(network),
                Err(said) => assert!(
                    attempt < PORTS_MAX && said.contains("EADDRINUSE"),
                    "the network does not start:\n{said}"
                ),
            }
        }
        None
    }

    fn try_start(options: &[&str]) -> Result<Self, String> {
        let folder = TempDir::with_prefix("kith-network-").expect("a temporary folder can be made");
        let said = folder.path().join("stderr");
        let mut servers = node("start.mjs")
            .args([
                "--plc-port",
                "0",
                "--pds-ports",
                "0,0",
                "--until-stdin-ends",
                "--data",
            ])
            .arg(folder.path().join("data"))
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(std::fs::File::create(&said).expect("the servers' log can be made"))
            .spawn()
            .expect("node starts");
        let mut line = String::new();
        let stdout = servers.stdout.take().expect("standard output is a pipe");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("the servers can be listened to");
        if line.is_empty() {
            let _ = servers.kill();
            let _ = servers.wait();
            return Err(std::fs::read_to_string(&said).unwrap_or_default());
        }
        std::fs::write(folder.path().join("net.json"), &line).expect("net.json can be written");
        let ready: Ready = serde_json::from_str(&line).expect("start.mjs prints one line of JSON");
        let Ready {
            plc,
            pds,
            handle_domains,
            admin_password,
        } = ready;
        // They stop by themselves when their standard input closes; the leash removes the folder.
        let leash = Leash::new(servers.id(), "TERM", Some(folder.path()));
        Ok(Self {
            plc,
            pds,
            handle_domains,
            admin_password,
            folder,
            servers,
            _leash: leash,
        })
    }

    /// A folder of this network's own, for whatever a test keeps.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The WebSocket URL of a host's firehose, for `[[source]] url`.
    pub fn firehose(&self, host: usize) -> String {
        self.pds[host].replacen("http", "ws", 1)
    }

    /// Asks the hosts for the DID behind one of their handles; `None` while nobody has it.
    pub fn resolve(&self, handle: &str) -> Option<String> {
        let path = format!("/xrpc/com.atproto.identity.resolveHandle?handle={handle}");
        self.pds.iter().find_map(|host| {
            let answer = get(host, &path).ok()?;
            let (_, did) = answer.split_once(r#"{"did":""#)?;
            did.split('"').next().map(str::to_owned)
        })
    }

    /// Populates the network, and returns what is true of it then.
    pub fn populate(&self, how: Populate) -> Truth {
        self.start_populating(how).wait()
    }

    /// Starts to populate the network.
    pub fn start_populating(&self, how: Populate) -> Populating {
        let (truth, log) = (
            self.folder().join("truth.json"),
            self.folder().join("populate.log"),
        );
        let script = node("populate.mjs")
            .arg("--net")
            .arg(self.folder().join("net.json"))
            .arg("--out")
            .arg(&truth)
            .args([
                "--accounts",
                &how.accounts.to_string(),
                "--actions",
                &how.actions.to_string(),
            ])
            .args(["--seed", &how.seed.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null()) // What it prints there is in the truth, too.
            .stderr(std::fs::File::create(&log).expect("the script's log can be made"))
            .spawn()
            .expect("node starts");
        Populating { script, truth, log }
    }

    /// Records a host's firehose from its beginning until it is idle, and returns the file.
    pub fn record(&self, host: usize) -> PathBuf {
        let frames = self.folder().join(format!("host-{host}.frames"));
        let mut command = node("record.mjs");
        command.args([
            "--url",
            &self.pds[host],
            "--cursor",
            "0",
            "--idle-ms",
            "3000",
            "--out",
        ]);
        run(command.arg(&frames));
        frames
    }

    /// Follows recordings (the first host's first) with the reference libraries and compares the outcome with the truth of
    /// the last population; returns the checker's report.
    ///
    /// # Errors
    /// The report, when something differs.
    pub fn check(&self, recordings: &[&Path]) -> Result<String, String> {
        let mut command = node("check.mjs");
        command
            .arg("--truth")
            .arg(self.folder().join("truth.json"))
            .args(recordings);
        let output = command.output().expect("node starts");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        if output.status.success() {
            Ok(said)
        } else {
            Err(said)
        }
    }
}

impl Populating {
    /// Is it still at work?
    pub fn is_running(&mut self) -> bool {
        self.script
            .try_wait()
            .expect("a child can be asked after")
            .is_none()
    }

    /// Waits for its end, and returns what is true then.
    pub fn wait(mut self) -> Truth {
        let status = wait_until("populate.mjs to end", || {
            self.script.try_wait().expect("a child can be asked after")
        });
        let said = std::fs::read_to_string(&self.log).unwrap_or_default();
        assert!(status.success(), "populate.mjs: {status}\n{said}");
        Truth::read(&self.truth)
    }
}

impl Drop for Populating {
    fn drop(&mut self) {
        let _ = self.script.kill();
        let _ = self.script.wait();
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        drop(self.servers.stdin.take()); // They stop when it closes,
        for _ in 0..100 {
            if matches!(self.servers.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let _ = self.servers.kill(); // or after five seconds.
        let _ = self.servers.wait();
    }
}

/// The whole answer, head and all, to a plain GET: enough for hosts of our own.
fn get(host: &str, path: &str) -> std::io::Result<String> {
    let address = host.trim_start_matches("http://");
    let port = address
        .rsplit(':')
        .next()
        .and_then(|port| port.parse().ok());
    let mut stream = TcpStream::connect(("127.0.0.1", port.unwrap_or(80)))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn scripts() -> PathBuf {
    crate::project().join("tests/network")
}

fn node(script: &str) -> Command {
    let mut command = Command::new("node");
    command
        .arg(scripts().join(script))
        .env_remove("NODE_OPTIONS");
    command
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().expect("node starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{command:?}: {}\n{said}",
        output.status
    );
}
