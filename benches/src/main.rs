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

mod frames;
mod measured;
mod world;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;
use kith_tests::Database;
use measured::Measured;
use world::{Size, World};

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
    /// The program; a release build beside this one unless told.
    #[arg(long, env = "KITH_BINARY")]
    kith: Option<PathBuf>,
    /// Which databases.
    #[arg(long, value_delimiter = ',', default_values = ["sqlite", "postgres"])]
    databases: Vec<String>,
}

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
    let folder = tempfile::tempdir()?;
    let (circle, likes) = (
        folder.path().join("circle.frames"),
        folder.path().join("likes.frames"),
    );
    let mut world = World::new(size);
    world.write_circle(&circle)?;
    world.write_likes(&likes)?;
    let bytes = std::fs::metadata(&likes)?.len();
    println!(
        "{} likes of {} members, {} strangers' commits each, {} MiB of frames\n",
        size.likes,
        size.members,
        size.strangers,
        bytes >> 20
    );
    println!("| what | database | measured |");
    println!("| --- | --- | --- |");
    for name in &options.databases {
        let database = match name.as_str() {
            "sqlite" => Some(Database::sqlite()),
            _ => Database::postgres(),
        };
        let Some(database) = database else { continue };
        let config = config(&world, database.url());
        std::fs::write(folder.path().join("kith.toml"), config)?;
        let kith = options.kith.clone().map_or_else(beside, Ok)?;
        let run = |file: &str| Measured::run(&kith, folder.path(), &["replay", "--frames", file]);
        let seeded = run("circle.frames")?;
        println!(
            "| the circle, {} follows | {name} | {seeded} |",
            size.follows
        );
        let liked = run("likes.frames")?;
        let accepted = database.number("SELECT value FROM counter WHERE name = 'likes.accepted'");
        let rate = accepted as f64 / liked.seconds();
        println!("| {accepted} accepted likes | {name} | {rate:.0} a second; {liked} |");
        let rows = database.number("SELECT COUNT(*) FROM assignment");
        println!("| rows of assignments | {name} | {rows} |");
    }
    Ok(())
}

/// The program as cargo builds it beside this one.
fn beside() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let path = own.with_file_name("kith");
    path.exists()
        .then_some(path)
        .context("kith is not built: cargo build --release -p kith")
}

fn config(world: &World, database: &str) -> String {
    let tracked: String = world
        .tracked()
        .map(|did| format!("[[circle.tracked]]\nid = \"{did}\"\n"))
        .collect();
    format!(
        "database = \"{database}\"\n[circle]\nbackfill = \"stream\"\n{tracked}\
         [[source]]\nkind = \"file\"\npath = \"likes.frames\"\n\
         [ledger]\nepoch = \"{}\"\nseed = 42\n",
        World::EPOCH
    )
}
