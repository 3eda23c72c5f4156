//! A throw-away `PostgreSQL` cluster, one per test process.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

use crate::database::{Database, execute};
use crate::leash::Leash;
use crate::needs::{missing, wait_until};

/// The password in every URL given out here: tests may look for it where it must not be.
const PASSWORD: &str = "not-for-any-log";

/// Nothing has to survive the machine.
const IN_MEMORY: &[&str] = &[
    "fsync=off",
    "full_page_writes=off",
    "max_connections=200",
    "log_checkpoints=off",
];
/// For measuring: only the room that anybody gives a server who writes to it a lot.
const DURABLE: &[&str] = &[
    "min_wal_size=2GB",
    "max_wal_size=4GB",
    "shared_buffers=512MB",
];
/// Makes a hundred files of the write-ahead log, of 16 MiB each, and has them to be used again.
const IN_USE: &str = "CREATE TABLE filled (n INT); \
     DO $$ BEGIN FOR n IN 1..100 LOOP \
     INSERT INTO filled VALUES (n); PERFORM pg_switch_wal(); END LOOP; END $$; \
     CHECKPOINT; DROP TABLE filled";

/// Times another port is tried, when somebody took the free one before the server did.
const PORTS_MAX: usize = 5;

/// A running cluster. The shared one lives as long as the test process.
#[derive(Debug)]
pub struct Postgres {
    port: u16,
    settings: &'static [&'static str],
    databases: AtomicU32,
    server: Child,
    folder: PathBuf,
    leash: Leash,
}

/// The cluster of this test process, started when first asked for; `None` (said clearly) where
/// `PostgreSQL` is not installed.
pub fn postgres() -> Option<&'static Postgres> {
    static CLUSTER: OnceLock<Option<Postgres>> = OnceLock::new();
    let cluster = CLUSTER
        .get_or_init(|| programs().map(|bin| Postgres::start(&bin, IN_MEMORY)))
        .as_ref();
    if cluster.is_none() {
        missing(
            "PostgreSQL is not installed",
            "install its server, for example apt install postgresql",
        );
    }
    cluster
}

/// A program of the version of the server; `None` (said clearly) where that is not installed.
pub fn postgres_program(name: &str) -> Option<Command> {
    postgres()?;
    // Perhaps only a link to the server is on the path.
    let server = fs::canonicalize(programs()?.join("postgres")).ok()?;
    let program = server.with_file_name(name);
    if program.is_file() {
        return Some(Command::new(program));
    }
    missing(
        &format!("PostgreSQL's {name} is not installed"),
        "install its client, for example apt install postgresql-client",
    );
    None
}

impl Postgres {
    /// Makes an empty database that nobody else uses, and returns its URL.
    pub fn fresh_database(&self) -> String {
        let name = format!("kith_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        execute(&self.url("postgres"), &format!("CREATE DATABASE {name}"))
            .unwrap_or_else(|e| panic!("cannot create database {name}: {e}"));
        self.url(&name)
    }

    fn url(&self, database: &str) -> String {
        url(self.port, database)
    }

    /// A cluster that nobody else uses, to be killed.
    pub fn of_ones_own() -> Option<Self> {
        postgres()?; // Says so where it is missing.
        Some(Self::start(&programs()?, IN_MEMORY))
    }

    /// A cluster that writes through to the disk, as users have it: a new one would make each file of its
    /// write-ahead log for the first time.
    pub fn durable() -> Option<Self> {
        postgres()?;
        let server = Self::start(&programs()?, DURABLE);
        Database::at(&server.fresh_database()).execute(IN_USE);
        Some(server)
    }

    /// Ends the server without a word.
    pub fn kill(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }

    /// Starts the server again, as it was left, at the same address.
    pub fn restart(&mut self) {
        let bin = programs().expect("it was there before");
        let owner = Owner::of_the_server();
        let data = self.folder.join("data");
        let log = self.folder.join("log");
        // Those it had started hold its memory until they notice that it is gone.
        self.server = wait_until("the killed server to be gone", || {
            let mut server = serve(&bin, &owner, (&data, &log), self.port, self.settings);
            accepts(&mut server, self.port).then_some(server)
        });
        let folder = self.folder.clone();
        // The old leash is dropped last, and does nothing.
        self.leash = Leash::new(self.server.id(), "INT", Some(&folder));
    }

    fn start(bin: &Path, settings: &'static [&'static str]) -> Self {
        let owner = Owner::of_the_server();
        let folder =
            TempDir::with_prefix("kith-postgres-").expect("a temporary folder can be made");
        owner.give(folder.path());
        let data = folder.path().join("data");
        init(bin, &owner, folder.path(), &data);
        for _ in 0..PORTS_MAX {
            let port = free_port();
            let log = folder.path().join("log");
            let mut server = serve(bin, &owner, (&data, &log), port, settings);
            if accepts(&mut server, port) {
                let folder = folder.keep();
                let leash = Leash::new(server.id(), "INT", Some(&folder));
                return Self {
                    port,
                    settings,
                    databases: AtomicU32::new(0),
                    server,
                    folder,
                    leash,
                };
            }
            let said = fs::read_to_string(&log).unwrap_or_default();
            assert!(
                said.contains("in use"),
                "PostgreSQL does not start:\n{said}"
            );
        }
        panic!("PostgreSQL found no free port in {PORTS_MAX} attempts");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn url(port: u16, database: &str) -> String {
    format!("postgres://kith:{PASSWORD}@127.0.0.1:{port}/{database}")
}

/// The folder of `initdb` and `postgres`: on the path, or the newest of where Debian puts them.
fn programs() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let debian = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut debian: Vec<(u32, PathBuf)> = debian
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    debian.sort();
    std::env::split_paths(&on_path)
        .chain(debian.into_iter().rev().map(|(_, bin)| bin))
        .find(|bin| bin.join("initdb").is_file() && bin.join("postgres").is_file())
}

/// Makes the cluster's files.
///
/// Its collation is a natural language's where the build knows any, because users' clusters have
/// one: what is ordered by text must say how, to be the same as in `SQLite`.
fn init(bin: &Path, owner: &Owner, folder: &Path, data: &Path) {
    let password = folder.join("password");
    fs::write(&password, PASSWORD).expect("the password file can be written");
    owner.give(&password);
    let languages: [&[&str]; 2] = [
        &[
            "--locale-provider=icu",
            // Not the order of bytes: ch comes after h.
            "--icu-locale=cs",
            "--locale=C.UTF-8",
        ],
        &["--no-locale"],
    ];
    let mut said = String::new();
    for language in languages {
        let made = owner
            .command(&bin.join("initdb"), folder)
            .arg("--pgdata")
            .arg(data)
            .arg("--pwfile")
            .arg(&password)
            .args([
                "--username=kith",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--no-sync",
            ])
            .args(language)
            .output()
            .expect("initdb starts");
        if made.status.success() {
            return;
        }
        said.push_str(&String::from_utf8_lossy(&made.stderr)); // initdb removes what it began.
    }
    panic!("initdb made no cluster in {}:\n{said}", data.display());
}

fn serve(
    bin: &Path,
    owner: &Owner,
    (data, log): (&Path, &Path),
    port: u16,
    settings: &[&str],
) -> Child {
    let log = fs::File::create(log).expect("the server's log can be made");
    let mut command = owner.command(&bin.join("postgres"), data);
    command
        .arg("-D")
        .arg(data)
        .args(["-p", &port.to_string(), "-h", "127.0.0.1", "-k", ""]);
    for setting in settings {
        command.args(["-c", setting]);
    }
    command.process_group(0); // Ctrl-C reaches it through the leash, in order.
    command
        .stdout(Stdio::null())
        .stderr(log)
        .spawn()
        .expect("postgres starts")
}

/// Waits until the server answers (true) or has ended (false).
fn accepts(server: &mut Child, port: u16) -> bool {
    wait_until("PostgreSQL to accept connections", || {
        if server
            .try_wait()
            .expect("the server can be asked after")
            .is_some()
        {
            return Some(false);
        }
        execute(&url(port, "postgres"), "SELECT 1")
            .is_ok()
            .then_some(true)
    })
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let probe = TcpListener::bind(("127.0.0.1", 0)).expect("loopback has a free port");
    probe
        .local_addr()
        .expect("a bound socket has an address")
        .port()
}

/// Whom the server runs as: it refuses root, so then it is `postgres` or else `nobody`.
struct Owner(Option<(u32, u32)>);

impl Owner {
    fn of_the_server() -> Self {
        let mine = tempfile::tempfile().and_then(|file| file.metadata());
        if mine.expect("a temporary file can be made").uid() != 0 {
            return Self(None);
        }
        let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let ids = |name: &str| {
            let mut fields = users
                .lines()
                .find(|l| l.split(':').next() == Some(name))?
                .split(':')
                .skip(2);
            Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
        };
        let ids = ids("postgres").or_else(|| ids("nobody"));
        Self(Some(ids.expect(
            "PostgreSQL refuses root, and there is no user postgres or nobody",
        )))
    }

    fn give(&self, path: &Path) {
        if let Some((uid, gid)) = self.0 {
            chown(path, Some(uid), Some(gid)).expect("root may give files away");
        }
    }

    fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .stdin(Stdio::null())
            .env_remove("PGDATA");
        if let Some((uid, gid)) = self.0 {
            command.uid(uid).gid(gid);
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::postgres;
    use crate::database::{execute, number};

    #[test]
    fn fresh_databases_are_apart() {
        let Some(cluster) = postgres() else { return };
        let (a, b) = (cluster.fresh_database(), cluster.fresh_database());
        execute(
            &a,
            "CREATE TABLE things (id INT); INSERT INTO things VALUES (1), (2)",
        )
        .unwrap();
        assert_eq!(number(&a, "SELECT count(*) FROM things").unwrap(), 2);
        assert!(number(&b, "SELECT count(*) FROM things").is_err());
    }
}
