//! `kith status`: where the service stands.

use std::{collections::BTreeMap, fmt::Display, io::Write, path::Path};

use anyhow::Result;
use kith_config::Mode;
use kith_store::{Access, BootstrapStatus, Status, Store, Table, Value};

use crate::{cli::Format, output, sources};

/// Accounts named whose follows are read only up to `max_follows`.
const CAPPED_SHOWN: usize = 10;

/// Shows the status.
pub(super) async fn run(path: &Path, format: Format) -> Result<()> {
    let config = super::load(path, Mode::Offline)?;
    let store = Store::open(&config.database, Access::Snapshot).await?;
    let status = store.status(&sources::names(&config)).await?;
    match format {
        Format::Json => output::json(&status)?,
        Format::Csv => output::table(&flat(&status), format)?,
        Format::Table => output::out().write_all(text(&status)?.as_bytes())?,
    }
    store.close().await;
    Ok(())
}

/// The status in words.
fn text(status: &Status) -> Result<String> {
    let mut out = Vec::new();
    let epoch = status
        .epoch
        .map_or_else(|| "-".to_owned(), |epoch| epoch.to_string());
    writeln!(out, "epoch     {epoch}, {} ticks", status.ticks)?;
    writeln!(
        out,
        "circle    {}",
        list(
            status
                .circle
                .iter()
                .map(|(hop, n)| (format!("hop {hop}"), *n))
        )
    )?;
    writeln!(out, "likes     {}", counts(&status.likes))?;
    writeln!(out, "frames    {}", counts(&status.frames))?;
    writeln!(out, "verified  {}", counts(&status.verify))?;
    write_sources(&mut out, status)?;
    writeln!(
        out,
        "backfill  {}",
        list(
            status
                .backfill
                .iter()
                .map(|(state, n)| ((*state).to_owned(), *n))
        )
    )?;
    if let Some(day_one) = &status.bootstrap {
        writeln!(out, "day one   {}", day_one_words(day_one))?;
    }
    let oldest = status
        .checkpoint
        .oldest_position
        .map_or_else(|| "-".to_owned(), output::thousands);
    writeln!(
        out,
        "journal   position {}, oldest image {oldest}",
        output::thousands(status.journal.position)
    )?;
    if status.journal.dropped_position > 0 {
        writeln!(
            out,
            "dropped   the journal up to position {}",
            output::thousands(status.journal.dropped_position)
        )?;
    }
    let kept = status.checkpoint.kept.iter().map(i64::to_string);
    let kept: Vec<String> = kept.collect();
    writeln!(
        out,
        "database  {} bytes, kept checkpoints of epochs: {}",
        output::thousands(status.database.bytes),
        if kept.is_empty() {
            "none".to_owned()
        } else {
            kept.join(", ")
        }
    )?;
    write_capped(status, &mut out)?;
    if status.gaps.is_empty() {
        writeln!(out, "gaps      none open")?;
    }
    for gap in &status.gaps {
        let whose = gap.did.as_deref().or(gap.source.as_deref()).unwrap_or("-");
        let left = match gap.accounts {
            1 => String::new(),
            all => format!(
                ", {} of {} accounts still to be read",
                output::thousands(gap.accounts_left),
                output::thousands(all)
            ),
        };
        writeln!(out, "gap       {} {whose}{left}", gap.kind)?;
    }
    Ok(String::from_utf8(out)?)
}

fn write_sources(out: &mut Vec<u8>, status: &Status) -> Result<()> {
    for source in &status.sources {
        let state = match (source.connected, source.configured) {
            (true, _) => "connected",
            (false, true) => "not connected",
            (false, false) => "not in the config",
        };
        let cursor = source
            .cursor
            .map_or_else(|| "-".to_owned(), |cursor| cursor.to_string());
        let lag = source
            .lag_seconds
            .map(|lag| format!(", {lag:.1} s behind"))
            .unwrap_or_default();
        writeln!(
            out,
            "source    {} {}: {state}, cursor {cursor}{lag}",
            source.kind, source.url
        )?;
    }
    Ok(())
}

fn day_one_words(day_one: &BootstrapStatus) -> String {
    let accounts = list(day_one_accounts(day_one));
    let likes = list(day_one_likes(day_one));
    format!("{}, accounts {accounts}, likes {likes}", day_one.state)
}

fn day_one_accounts(day_one: &BootstrapStatus) -> impl Iterator<Item = (&'static str, i64)> {
    [
        ("read", day_one.accounts_read),
        ("failed", day_one.accounts_failed),
        ("capped", day_one.accounts_capped),
        ("left", day_one.accounts_left),
    ]
    .into_iter()
}

fn day_one_likes(day_one: &BootstrapStatus) -> impl Iterator<Item = (&'static str, i64)> {
    [("read", day_one.likes_read), ("taken", day_one.likes_taken)].into_iter()
}

/// The accounts whose follows are read only up to the bound.
fn write_capped(status: &Status, out: &mut impl Write) -> Result<()> {
    for account in status.capped.iter().take(CAPPED_SHOWN) {
        let name = account.handle.as_ref().unwrap_or(&account.did);
        writeln!(out, "capped    {}", output::harmless(name))?;
    }
    let shown = status.capped.len().min(CAPPED_SHOWN);
    let more = status.capped_accounts - i64::try_from(shown)?;
    if more > 0 {
        writeln!(out, "capped    and {} more", output::thousands(more))?;
    }
    Ok(())
}

fn counts(counts: &BTreeMap<String, u64>) -> String {
    list(
        counts
            .iter()
            .filter(|(_, n)| **n > 0)
            .map(|(name, n)| (name.clone(), n.cast_signed())),
    )
}

fn list(counts: impl Iterator<Item = (impl Display, i64)>) -> String {
    let words: Vec<String> = counts
        .map(|(name, n)| format!("{name} {}", output::thousands(n)))
        .collect();
    if words.is_empty() {
        "none".to_owned()
    } else {
        words.join(", ")
    }
}

/// The numbers of the status as name and value.
fn flat(status: &Status) -> Table {
    let mut rows: Vec<(String, i64)> = status
        .epoch
        .map(|epoch| ("epoch".to_owned(), epoch))
        .into_iter()
        .collect();
    let numbers = [
        ("ticks", status.ticks),
        ("journal.position", status.journal.position),
        ("capped_accounts", status.capped_accounts),
        ("journal.dropped_position", status.journal.dropped_position),
        ("checkpoint.position", status.checkpoint.position),
        ("gaps.open", status.open_gaps),
        ("database.bytes", status.database.bytes),
    ];
    rows.extend(numbers.map(|(name, n)| (name.to_owned(), n)));
    rows.extend(
        status
            .circle
            .iter()
            .map(|(hop, n)| (format!("circle.{hop}"), *n)),
    );
    let counts = [
        ("likes", &status.likes),
        ("frames", &status.frames),
        ("verify", &status.verify),
    ];
    for (kind, counts) in counts {
        let counts = counts.iter();
        rows.extend(counts.map(|(name, n)| (format!("{kind}.{name}"), n.cast_signed())));
    }
    rows.extend(
        status
            .backfill
            .iter()
            .map(|(state, n)| (format!("backfill.{state}"), *n)),
    );
    if let Some(day_one) = &status.bootstrap {
        let accounts = day_one_accounts(day_one);
        rows.extend(accounts.map(|(name, n)| (format!("bootstrap.accounts_{name}"), n)));
        let likes = day_one_likes(day_one);
        rows.extend(likes.map(|(name, n)| (format!("bootstrap.likes_{name}"), n)));
    }
    Table {
        columns: vec!["name".to_owned(), "value".to_owned()],
        rows: rows
            .into_iter()
            .map(|(name, n)| vec![Value::Text(name), Value::Int(n)])
            .collect(),
    }
}
