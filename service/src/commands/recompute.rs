//! `kith recompute`: the same history under other rules, in a new database.

use std::path::Path;

use anyhow::Result;
use hashbrown::HashSet;
use kith_config::{Config, Env, Ledger, Mode, Repeat, check_database_url, mask_passwords};
use kith_store::{Access, Store};

use crate::{
    cli::RecomputeArgs,
    engine::{Engine, Settings, WhatIf},
    exit::{InputError, Interrupted},
    signals,
};

/// Recomputes.
pub(super) async fn run(path: &Path, args: &RecomputeArgs) -> Result<()> {
    let stopping = signals::stopping()?;
    let config = super::load(path, Mode::Offline)?;
    let mut what_if = what_if(&args.set)?;
    if let Err(wrong) = check_database_url(&args.into) {
        return Err(InputError(format!("--into: {wrong}")).into());
    }
    if !what_if.keys.contains("pin_tracked") {
        // As they are in the journal, which has none under rule reference.
        what_if.pins = true;
        what_if.makes_pins = what_if.keys.contains("rule") && config.ledger.pin_tracked;
    }
    let store = Store::open(&config.database, Access::Snapshot).await?;
    let into = Store::open_new(&args.into).await?;
    let settings = Settings::new(&config, Vec::new(), Vec::new(), Vec::new());
    for missing in missing(&what_if, &config.ledger) {
        tracing::warn!("{missing} are not in the journal: they cannot count now");
    }
    let done = tokio::select! {
        done = Engine::recompute(&store, &into, settings, &what_if) => Some(done),
        () = stopping.cancelled() => None,
    };
    store.close().await;
    if let Some(Ok(())) = done {
        into.close().await;
    } else {
        // A part of it would be taken for the whole by whoever asks it.
        let is_gone = into.discard().await;
        return Err(match (done, is_gone) {
            (Some(Err(error)), _) => error,
            (_, true) => Interrupted::Nothing.into(),
            (_, false) => Interrupted::Halfway(mask_passwords(&args.into)).into(),
        });
    }
    tracing::info!("recomputed; `KITH_DATABASE=… kith report NAME` asks the new database");
    Ok(())
}

/// The rules of `--set ledger.key=value`, checked as a config file is.
fn what_if(sets: &[String]) -> Result<WhatIf> {
    let mut text =
        "[[circle.tracked]]\nid = \"did:plc:aaaaaaaaaaaaaaaaaaaaaaaa\"\n[ledger]\n".to_owned();
    let mut keys = HashSet::new();
    for set in sets {
        let (key, value) = set.split_once('=').ok_or_else(|| wrong(set))?;
        let key = key
            .trim()
            .strip_prefix("ledger.")
            .ok_or_else(|| wrong(set))?;
        let is_key = key.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        let value = value.trim();
        // As the file has it.
        let bare = value
            .strip_prefix('"')
            .and_then(|value| value.strip_suffix('"'));
        let value = bare.unwrap_or(value);
        if !is_key || value.contains(['\n', '\r', '"', '\\']) || !keys.insert(key.to_owned()) {
            return Err(wrong(set).into());
        }
        let is_bare = value.parse::<u64>().is_ok() || value == "true" || value == "false";
        let quote = if is_bare { "" } else { "\"" };
        text.extend([key, " = ", quote, value, quote, "\n"]);
    }
    let config = Config::parse(&text, "--set", &Env::default(), Mode::Offline)?;
    Ok(WhatIf {
        pins: config.ledger.pin_tracked,
        makes_pins: config.ledger.pin_tracked,
        rules: config.ledger,
        keys,
    })
}

/// What would count under the rules that are set, and was dropped under those of the config.
fn missing<'a>(set: &'a WhatIf, before: &'a Ledger) -> impl Iterator<Item = &'static str> {
    let after = &set.rules;
    let likes = after.max_likes_per_epoch > before.max_likes_per_epoch;
    let missing = [
        ("repost", before.repost == 0, "reposts that did not count"),
        (
            "repeat",
            after.repeat != before.repeat && after.repeat == Repeat::Count,
            "repeated likes",
        ),
        (
            "max_likes_per_epoch",
            likes,
            "likes beyond ledger.max_likes_per_epoch",
        ),
    ];
    let missing = missing.into_iter();
    missing.filter_map(|(key, is_missing, what)| {
        (is_missing && set.keys.contains(key)).then_some(what)
    })
}

fn wrong(set: &str) -> InputError {
    InputError(format!(
        "--set {set:?} is not ledger.KEY=VALUE, each key once\n  help: for example --set \
         ledger.decay_percent=5; only keys of [ledger] can be set, since what the filter dropped \
         is not in the journal"
    ))
}

#[cfg(test)]
mod tests {
    use super::what_if;

    #[test]
    fn keys_are_checked_as_a_config_is() {
        let sets =
            |list: &[&str]| what_if(&list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>());
        let ok = sets(&[
            "ledger.decay_percent=5",
            "ledger.epoch=1d",
            "ledger.rule=reference",
        ])
        .expect("sensible rules");
        assert_eq!((ok.rules.decay_percent, ok.keys.len()), (5, 3));
        for (wrong, told) in [
            (["ledger.decay_percent=101"].as_slice(), "decay_percent"),
            (&["ledger.decay=5"], "decay"),
            (&["circle.depth=1"], "only keys of [ledger]"),
            (&["ledger.like"], "ledger.KEY=VALUE"),
            (&["ledger.like=1", "ledger.like=2"], "each key once"),
            (&["ledger.like=1\nx=2"], "ledger.KEY=VALUE"),
        ] {
            let said = format!("{:#}", sets(wrong).expect_err(told));
            assert!(said.contains(told), "{wrong:?}: {said}");
        }
    }
}
