//! The end-to-end load driver: made-up frames through decode, circle, ledger, journal and
//! checkpoint, with the program that users run.
//!
//! ```text
//! cargo build --release -p kith && cargo run --release -p kith-bench -- [OPTIONS]
//! ```

#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "its output is its purpose"
)]

mod grown;
mod live;
mod measured;
mod seeds;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use clap::Parser;
use kith_store::{Access, Store};
use kith_tests::{
    Database, Postgres,
    world::{Size, World},
};
use live::{Batches, Relay};
use measured::Measured;
use seeds::Way;
use tempfile::TempDir;

/// What can be turned.
#[derive(Debug, Parser)]
struct Options {
    /// Members of the circle.
    #[arg(long, default_value_t = 100_000)]
    members: u32,
    /// Tracked accounts among them.
    #[arg(long, default_value_t = 50)]
    tracked: u32,
    /// Follow records.
    #[arg(long, default_value_t = 500_000)]
    follows: u64,
    /// Likes between members.
    #[arg(long, default_value_t = 1_000_000)]
    likes: u64,
    /// Strangers' commits for each like.
    #[arg(long, default_value_t = 0)]
    strangers: u32,
    /// Epoch boundaries among the likes.
    #[arg(long, default_value_t = 1)]
    ticks: u32,
    /// Likes by which ways of writing are compared; 0 leaves that out.
    #[arg(long, default_value_t = 20_000)]
    compared: u64,
    /// The program; a release build beside this one unless told.
    #[arg(long, env = "KITH_BINARY")]
    kith: Option<PathBuf>,
    /// Instead of the load: a service that has grown to this size is started and follows a
    /// stream for so many seconds.
    #[arg(long)]
    live: Option<u64>,
    /// Seconds before that, in which it writes the images of its tail.
    #[arg(long, default_value_t = 120)]
    warm_up: u64,
    /// Likes since its last checkpoint.
    #[arg(long, default_value_t = 1_000_000)]
    tail: u64,
    /// Events a second of the stream; every twentieth is a like among the members.
    #[arg(long, default_value_t = 2_000)]
    events: u32,
    /// Instead of the load: its recordings, and a configuration that fits, are written to this folder,
    /// to be replayed by hand.
    #[arg(long)]
    frames: Option<PathBuf>,
    /// Which databases.
    #[arg(long, value_delimiter = ',', default_values = ["sqlite", "postgres"])]
    databases: Vec<String>,
}

/// Operations in a batch, unless it is compared.
const BATCH: usize = 20_000;

fn main() -> Result<()> {
    let options = Options::parse();
    let size = Size {
        members: options.members,
        tracked: options.tracked,
        follows: options.follows,
        likes: options.likes,
        strangers: options.strangers,
        ticks: options.ticks,
    };
    if let Some(folder) = &options.frames {
        return write(folder, size);
    }
    let kith = options.kith.clone().map_or_else(beside, Ok)?;
    let servers = Servers::start(&options.databases);
    if let Some(seconds) = options.live {
        let spans = (
            Duration::from_secs(options.warm_up),
            Duration::from_secs(seconds),
        );
        return live(&options, &kith, &servers, size, spans);
    }
    println!("| what | database | likes a second | measured |");
    println!("| --- | --- | --- | --- |");
    let load = Load::write(size)?;
    for name in servers.names() {
        let Run {
            circle,
            likes,
            accepted,
            rows,
        } = load.run(&kith, &servers.fresh(name), BATCH)?;
        println!(
            "| the circle: {} members, {} follows | {name} | | {circle} |",
            size.members, size.follows
        );
        println!(
            "| {accepted} accepted likes, {} strangers' commits each, {} ticks; {} MiB of frames, \
             {rows} rows at the end | {name} | {:.0} | {likes} |",
            size.strangers,
            size.ticks,
            load.bytes >> 20,
            likes.rate(accepted)
        );
    }
    if options.compared > 0 {
        compare(&options, &kith, &servers)?;
    }
    Ok(())
}

/// The recordings of a load, for other programs.
fn write(folder: &Path, size: Size) -> Result<()> {
    let tracked: Vec<String> = World::new(size).tracked().collect();
    std::fs::create_dir_all(folder)?;
    Load::write_to(folder, size)?;
    let source = "kind = \"file\"\npath = \"likes.frames\"";
    let config = config(&tracked, "sqlite:kith.db", ("stream", source), BATCH);
    Ok(std::fs::write(folder.join("kith.toml"), config)?)
}

/// One event in so many is a like among the members.
const LIKE_EACH: u32 = 20;

/// A start with a tail, and a live stream, on a database that was written for it.
fn live(
    options: &Options,
    kith: &Path,
    servers: &Servers,
    size: Size,
    spans: (Duration, Duration),
) -> Result<()> {
    println!(
        "| database | grown | started in | a tick's sweep | commits meanwhile, and after | of one \
         core | at most resident |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    for name in servers.names() {
        let database = servers.fresh(name);
        let runtime = tokio::runtime::Runtime::new()?;
        let rows = runtime.block_on(grown::write(database.url(), size, options.tail))?;
        let folder = tempfile::tempdir()?;
        let relay = Relay::new()?;
        let source = format!(
            "kind = \"relay\"\nurl = \"{}\"\n[network]\nverify = \"none\"\n\
             allow_private_addresses = true\nhandles_per_minute = 0",
            relay.url()?
        );
        let world = World::new(size);
        let config = config(
            &world.tracked().collect::<Vec<_>>(),
            database.url(),
            ("pds", &source),
            BATCH,
        );
        std::fs::write(folder.path().join("kith.toml"), config)?;
        let stream = (options.events, LIKE_EACH);
        let store = runtime.block_on(Store::open(database.url(), Access::Read))?;
        let live = relay.measure(kith, folder.path(), store, world, stream, spans)?;
        let sweep = live.sweep.map_or("not over".to_owned(), |sweep| {
            format!("{:.1} s", sweep.as_secs_f64())
        });
        let [during, after] = live.batches.map(|batches| {
            let Batches { median, longest } = batches;
            format!("{median} ms, {longest} at most")
        });
        println!(
            "| {name} | {} accounts, {} follows, {rows} rows, a tail of {} | {:.1} s | {sweep} \
             | {during}; {after} | {:.1} % at {} events a second | {} MiB |",
            size.members,
            size.follows,
            options.tail,
            live.starting.as_secs_f64(),
            live.percent,
            options.events,
            live.peak >> 10
        );
    }
    Ok(())
}

/// A twentieth of the network, few likes, written in all ways.
fn compare(options: &Options, kith: &Path, servers: &Servers) -> Result<()> {
    let members = (options.members / 20).max(2 * options.tracked);
    let load = Load::write(Size {
        members,
        follows: options.follows / 20,
        likes: options.compared,
        strangers: 0,
        ticks: 0,
        tracked: options.tracked,
    })?;
    for name in servers.names() {
        for batch in [100, 500, 2_000, BATCH] {
            let run = load.run(kith, &servers.fresh(name), batch)?;
            println!(
                "| Kith, {batch} operations a batch | {name} | {:.0} | {} |",
                run.likes.rate(run.accepted),
                run.likes
            );
        }
    }
    let likes = seeds::history(members, options.compared)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let ways = [
        (1, Way::ByTheRow, "a statement a row, a transaction a like"),
        (
            100,
            Way::ByTheRow,
            "a statement a row, 100 likes a transaction",
        ),
        (
            500,
            Way::ByTheRow,
            "a statement a row, 500 likes a transaction",
        ),
        (
            500,
            Way::ExecuteMany,
            "executemany, 500 likes a transaction",
        ),
        (
            BATCH,
            Way::ExecuteMany,
            "executemany, 20,000 likes a transaction",
        ),
        (
            500,
            Way::Bulk,
            "many rows a statement, 500 likes a transaction",
        ),
        (
            BATCH,
            Way::Bulk,
            "many rows a statement, 20,000 likes a transaction",
        ),
        (
            500,
            Way::Copy,
            "the journal by COPY, 500 likes a transaction",
        ),
        (
            BATCH,
            Way::Copy,
            "the journal by COPY, 20,000 likes a transaction",
        ),
    ];
    for name in servers.names() {
        for (each, way, what) in ways {
            if way == Way::Copy && name == "sqlite" {
                continue;
            }
            // A transaction a like takes long, and its rate is known soon.
            let some = if each == 1 {
                likes.len() / 10
            } else {
                likes.len()
            };
            let database = servers.fresh(name);
            let work = seeds::measure(database.url(), &likes[..some], each, way);
            println!("| {what} | {name} | {:.0} | |", runtime.block_on(work)?);
        }
    }
    for connections in [2, 8, 17] {
        if let Some(server) = &servers.postgres {
            let database = Database::at(&server.fresh_database());
            let work = seeds::measure_pool(database.url(), &likes, 8, connections);
            let (rate, timeouts) = runtime.block_on(work)?;
            println!(
                "| the journal alone, 8 batches of 500 under way, two connections each, a pool of {connections} \
                 | postgres | {rate:.0} | {timeouts} timeouts of 1 s |"
            );
        }
    }
    Ok(())
}

/// The databases to be measured.
struct Servers {
    sqlite: bool,
    postgres: Option<Postgres>,
}

impl Servers {
    fn start(names: &[String]) -> Servers {
        let wants = |name: &str| names.iter().any(|n| n == name);
        Servers {
            sqlite: wants("sqlite"),
            postgres: wants("postgres").then(Postgres::durable).flatten(),
        }
    }

    fn names(&self) -> impl Iterator<Item = &'static str> {
        let sqlite = self.sqlite.then_some("sqlite");
        let postgres = self.postgres.is_some().then_some("postgres");
        sqlite.into_iter().chain(postgres)
    }

    fn fresh(&self, name: &str) -> Database {
        match &self.postgres {
            Some(server) if name == "postgres" => Database::at(&server.fresh_database()),
            _ => Database::sqlite(),
        }
    }
}

/// A network as two recordings in a folder.
struct Load {
    folder: TempDir,
    tracked: Vec<String>,
    bytes: u64,
}

/// What a load took, and gave.
struct Run {
    circle: Measured,
    likes: Measured,
    accepted: i64,
    rows: i64,
}

impl Load {
    fn write(size: Size) -> Result<Load> {
        let folder = tempfile::tempdir()?;
        let bytes = Load::write_to(folder.path(), size)?;
        Ok(Load {
            folder,
            tracked: World::new(size).tracked().collect(),
            bytes,
        })
    }

    /// Writes both recordings; returns the bytes of the likes.
    fn write_to(folder: &Path, size: Size) -> Result<u64> {
        let mut world = World::new(size);
        world.write_circle(&folder.join("circle.frames"))?;
        let likes = folder.join("likes.frames");
        world.write_likes(&likes)?;
        Ok(std::fs::metadata(&likes)?.len())
    }

    fn run(&self, kith: &Path, database: &Database, batch: usize) -> Result<Run> {
        let folder = self.folder.path();
        let source = "kind = \"file\"\npath = \"likes.frames\"";
        let config = config(&self.tracked, database.url(), ("stream", source), batch);
        std::fs::write(folder.join("kith.toml"), config)?;
        let replay = |file: &str| Measured::run(kith, folder, &["replay", "--frames", file]);
        Ok(Run {
            circle: replay("circle.frames")?,
            likes: replay("likes.frames")?,
            accepted: database.number("SELECT value FROM counter WHERE name = 'likes.accepted'"),
            rows: database.number("SELECT COUNT(*) FROM assignment"),
        })
    }
}

/// A config with one source, and where the follows before it come from.
fn config(
    tracked: &[String],
    database: &str,
    (backfill, source): (&str, &str),
    batch: usize,
) -> String {
    let tracked: Vec<String> = tracked
        .iter()
        .map(|did| format!("[[circle.tracked]]\nid = \"{did}\"\n"))
        .collect();
    let tracked = tracked.concat();
    format!(
        "database = \"{database}\"\n[circle]\nbackfill = \"{backfill}\"\n{tracked}\
         [[source]]\n{source}\n\
         [ledger]\nepoch = \"{}\"\nseed = 42\n[store]\nbatch_operations = {batch}\n",
        World::EPOCH
    )
}

/// The program as cargo builds it beside this one.
fn beside() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let path = own.with_file_name("kith");
    path.exists()
        .then_some(path)
        .context("kith is not built: cargo build --release -p kith")
}
