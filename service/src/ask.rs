//! What a report is asked with: parameters as people write them, on the command line or in a URL.

use kith_config::{Did, Handle};
use kith_store::{Parameter, Store, StoreError};

/// The parameters of reports, each with what it says; of a URL also `limit` and `offset`.
pub(crate) const PARAMETERS: [(&str, &str); 7] = [
    (
        "viewer",
        "Whose view: a DID, or the handle of a known account.",
    ),
    (
        "viewers",
        "Whose view together: DIDs or handles, each with its weight, as in a=2,b=-1; a weight left \
         out is 1.",
    ),
    (
        "holder",
        "Who holds the points in question: a DID, or the handle of a known account.",
    ),
    (
        "account",
        "Which account the question is about: a DID, or the handle of a known account.",
    ),
    (
        "since",
        "From when on: so long before the last event, as 7d or 12h; or a time of UTC, as 2026-11-21 \
         or 2026-11-21T10:00:00Z. Unless told given begins with the current epoch, activity seven \
         days before the last event, newcomers at the very beginning.",
    ),
    (
        "epoch",
        "Which earlier epoch: to look at, or to compare with. Unless told the last that ended, or \
         the one before that.",
    ),
    (
        "all_origins",
        "1: count the points of everybody, not of tracked accounts only; such totals are easily \
         gamed.",
    ),
];

/// The largest weight of a viewer, either way, and the most viewers: a holder's points of one
/// origin are below 2^32, so no sum goes beyond 64 bits.
const WEIGHT_MAX: i64 = 1_000_000;
const VIEWERS_MAX: usize = 1_000;

/// A word this far from one of ours, in letters, was not meant to be it.
const TYPOS_MAX: usize = 2;

/// What a mistyped word was probably meant to be.
pub(crate) fn nearest<'a>(known: impl Iterator<Item = &'a str>, typed: &str) -> Option<&'a str> {
    // Beyond this length nothing is near, and comparing takes long.
    let is_long = typed.len() > 64;
    known
        .filter(|_| !is_long)
        .map(|word| (strsim::damerau_levenshtein(word, typed), word))
        .min_by_key(|(typos, _)| *typos)
        .filter(|(typos, _)| *typos <= TYPOS_MAX)
        .map(|(_, word)| word)
}

/// A parameter that cannot be understood.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[error("{} {what}\n  help: {help}", shown(name))]
pub(crate) struct Misasked {
    /// Which; in capitals, one that is given without its name.
    pub(crate) name: &'static str,
    /// What is wrong with it, after its name.
    pub(crate) what: String,
    /// What to write instead.
    pub(crate) help: &'static str,
}

fn shown(name: &str) -> String {
    match name.starts_with(char::is_uppercase) {
        true => name.to_owned(),
        false => format!("--{}", name.replace('_', "-")),
    }
}

/// Why a parameter has no value.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    /// It cannot be understood.
    #[error(transparent)]
    Misasked(#[from] Misasked),
    /// The store knows no such account, or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AskError {
    /// Whether what was asked, not the machine, is the reason.
    pub(crate) fn is_input(&self) -> bool {
        match self {
            AskError::Misasked(_) => true,
            AskError::Store(error) => error.is_input(),
        }
    }
}

/// The value of a parameter of [`PARAMETERS`].
pub(crate) async fn parameter(
    store: &Store,
    name: &'static str,
    text: &str,
) -> Result<Parameter, AskError> {
    Ok(match name {
        "viewers" => {
            let mut list = Vec::new();
            for (viewer, weight) in weighed(text)? {
                list.push(format!(
                    "{}={weight}",
                    known_did(store, name, viewer).await?
                ));
            }
            Parameter::Text(list.join(","))
        }
        "since" => Parameter::Int(since_micros(text, store.clock_micros().await?)?),
        "epoch" => Parameter::Int(known_epoch(store, text).await?),
        "all_origins" => Parameter::Int(match text {
            "0" => 0,
            "1" => 1,
            _ => {
                return Err(Misasked {
                    name: "all_origins",
                    what: format!("{text:?} is neither yes nor no"),
                    help: "write 1 or 0",
                }
                .into());
            }
        }),
        account => Parameter::Text(known_did(store, account, text).await?),
    })
}

/// An epoch whose end is known: it is over, did not come before the ledger, and its history was kept.
async fn known_epoch(store: &Store, text: &str) -> Result<i64, AskError> {
    let epoch = text.parse().map_err(|_| Misasked {
        name: "epoch",
        what: format!("{text:?} is no number of an epoch"),
        help: "write a whole number; the report epochs lists them",
    })?;
    let known = store.closed_epochs().await?;
    match known.is_some_and(|(first, last)| (first..=last).contains(&epoch)) {
        true => Ok(epoch),
        false => Err(StoreError::UnknownEpoch { epoch, known }.into()),
    }
}

/// The DID of an account that was heard of.
async fn known_did(store: &Store, name: &'static str, account: &str) -> Result<String, AskError> {
    let did = did_of(store, name, account).await?;
    match store.is_tracked(&did).await? {
        Some(_) => Ok(did),
        None => Err(StoreError::UnknownDid { did }.into()),
    }
}

/// The DID of an account given by DID or by handle.
pub(crate) async fn did_of(
    store: &Store,
    name: &'static str,
    account: &str,
) -> Result<String, AskError> {
    let misasked = |error: &dyn std::fmt::Display| Misasked {
        name,
        what: format!("{account:?}: {error}"),
        help: "write a DID, as in did:plc:…, or the handle of a known account",
    };
    if account.trim_start_matches('@').starts_with("did:") {
        let did = account
            .trim_start_matches('@')
            .parse::<Did>()
            .map_err(|error| misasked(&error))?;
        return Ok(did.as_str().to_owned());
    }
    let handle = account.trim_start_matches('@').parse::<Handle>();
    let handle = handle.map_err(|error| misasked(&error))?;
    Ok(store.did_of_handle(handle.as_str()).await?)
}

/// A moment in unix microseconds: a duration before the last event (of which the clock tells), a
/// date, or a time of UTC.
fn since_micros(since: &str, clock: Option<i64>) -> Result<i64, Misasked> {
    let no_time = || Misasked {
        name: "since",
        what: format!("{since:?} is no time"),
        help: "write so long before the last event, as 7d or 12h, or a time of UTC, as 2026-11-21 \
               or 2026-11-21T10:00:00Z",
    };
    if since == "0" {
        return Err(no_time()); // Without a unit it says nothing.
    }
    if let Ok(before) = humantime::parse_duration(since) {
        let before = i64::try_from(before.as_micros()).unwrap_or(i64::MAX);
        return Ok(clock.unwrap_or_default().saturating_sub(before).max(0));
    }
    let written = match since.len() {
        10 => format!("{since}T00:00:00Z"),
        _ => since.to_owned(),
    };
    let at = humantime::parse_rfc3339_weak(&written).map_err(|_| no_time())?;
    let since = at.duration_since(std::time::UNIX_EPOCH);
    let micros = since.map_err(|_| no_time())?.as_micros();
    Ok(i64::try_from(micros).unwrap_or(i64::MAX))
}

/// The viewers of `a=2,b=-1,c` with their weights; one left out is 1.
fn weighed(viewers: &str) -> Result<Vec<(&str, i64)>, Misasked> {
    let list: Vec<&str> = viewers.split(',').map(str::trim).collect();
    if list.len() > VIEWERS_MAX {
        return Err(misweighed(format!(
            "names {} accounts, at most {VIEWERS_MAX} can be blended",
            list.len()
        )));
    }
    list.into_iter().map(one_weighed).collect()
}

fn one_weighed(viewer: &str) -> Result<(&str, i64), Misasked> {
    let (name, weight) = viewer.split_once('=').unwrap_or((viewer, "1"));
    let weight = weight.trim().parse::<i64>().ok();
    match (name.trim(), weight) {
        ("", _) => Err(misweighed(format!(
            "has nothing where a viewer should be, in {viewer:?}"
        ))),
        (name, Some(weight)) if (-WEIGHT_MAX..=WEIGHT_MAX).contains(&weight) => Ok((name, weight)),
        (name, _) => Err(misweighed(format!(
            "has a weight of {name} that is not a whole number from -{WEIGHT_MAX} to {WEIGHT_MAX}: \
             {viewer:?}"
        ))),
    }
}

fn misweighed(what: String) -> Misasked {
    Misasked {
        name: "viewers",
        what,
        help: "separate viewers with single commas, for example \
               alice.example.com=2,bob.example.com=-1",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_in_several_ways() {
        let clock = Some(1_795_227_479_000_000);
        for (written, micros) in [
            ("30s", 1_795_227_449_000_000),
            ("7d", 1_794_622_679_000_000),
            ("100years", 0),
            ("2026-11-21", 1_795_219_200_000_000),
            ("2026-11-21T02:17:35Z", 1_795_227_455_000_000),
            ("2026-11-21 02:17:35", 1_795_227_455_000_000),
        ] {
            assert_eq!(since_micros(written, clock).ok(), Some(micros), "{written}");
        }
        for wrong in ["", "soon", "0", "7", "2026-13-01", "-7d"] {
            let said = since_micros(wrong, clock).expect_err(wrong).to_string();
            assert!(said.contains("--since"), "{wrong}: {said}");
        }
    }

    #[test]
    fn viewers_have_weights() {
        let read = |text| weighed(text).map_err(|e| e.what);
        assert_eq!(
            read("did:plc:a=2, bob.example.com = -1,carol.example.com"),
            Ok(vec![
                ("did:plc:a", 2),
                ("bob.example.com", -1),
                ("carol.example.com", 1)
            ])
        );
        for (wrong, told) in [
            ("", "where a viewer should be"),
            ("a=1,,b=1", "where a viewer should be"),
            ("=3", "where a viewer should be"),
            ("a=", "weight of a"),
            ("a=1.5", "weight of a"),
            ("a=1=2", "weight of a"),
            ("a=1000001", "weight of a"),
            ("a=-9223372036854775808", "weight of a"),
        ] {
            let said = read(wrong).expect_err(wrong);
            assert!(said.contains(told), "{wrong}: {said}");
        }
        let crowd = vec!["a=1"; VIEWERS_MAX + 1].join(",");
        assert!(read(&crowd).is_err());
        assert_eq!(read(&crowd[4..]).map(|list| list.len()), Ok(VIEWERS_MAX));
    }
}
