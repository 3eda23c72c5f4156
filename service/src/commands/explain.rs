//! `kith explain DID`: the paths by which an account is in the circle, or why it is not.
//!
//! Reads the database only, beside a running service: the follow records that lie on the way are
//! put into a small circle of their own, which is asked.

use std::{collections::BTreeMap, io::Write, path::Path};

use anyhow::Result;
use kith_config::{Config, Identifier, Mode};
use kith_graph::{AccountId, Changes, Circle};
use kith_store::{Access, Explanation, Membership, Store, Table, Value};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    ask,
    cli::{ExplainArgs, Format},
    output::{self, harmless, without_shared},
};

/// The answer; its field names are a contract.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Answer {
    did: String,
    handle: Option<String>,
    /// null: outside the circle.
    hop: Option<i64>,
    /// active, deactivated, …; null: never seen.
    status: Option<String>,
    /// Event time of entering, unix microseconds.
    since_micros: Option<i64>,
    /// From a tracked account to this one, shortest first.
    paths: Vec<Vec<String>>,
    /// Why it is outside: `unknown`, `forgotten`, `skipped`, `left`, `not_followed`, or `not_yet` (the configuration
    /// tracks it, but no service has taken that up). null: it is inside.
    reason: Option<&'static str>,
    entered: Option<Moved>,
    left: Option<Moved>,
    /// How it came nearer or went farther last, since it entered.
    moved: Option<Moved>,
    /// Members of the last degree that follow it, which does not bring it in.
    followers_at_the_edge: i64,
    /// Handles of the accounts named here, by DID, where one has it alone.
    handles: BTreeMap<String, String>,
    #[serde(skip)]
    depth: u8,
}

impl Answer {
    /// Leaves out that the account asked to be forgotten, which is not for everybody.
    pub(crate) fn keep_wishes(&mut self) {
        if self.reason == Some("forgotten") {
            self.reason = Some("skipped");
        }
    }
}

/// How it entered, left or moved.
#[derive(Debug, Serialize, JsonSchema)]
struct Moved {
    micros: i64,
    /// null: it was outside.
    from_hop: Option<i64>,
    /// null: it is outside.
    to_hop: Option<i64>,
    cause: String,
    /// DID of the account whose record it was, or whose tracking.
    by: Option<String>,
    /// That follow record: of this account, or of one on its way into the circle.
    record: Option<String>,
    /// DID of the account that the record names; null: the record is not held any more.
    subject: Option<String>,
}

impl From<Membership> for Moved {
    fn from(change: Membership) -> Moved {
        let record = change.by.as_ref().zip(change.rkey);
        Moved {
            micros: change.micros,
            from_hop: change.from_hop,
            to_hop: change.to_hop,
            cause: change.cause,
            record: record.map(|(by, rkey)| format!("at://{by}/app.bsky.graph.follow/{rkey}")),
            by: change.by,
            subject: change.subject,
        }
    }
}

/// Explains an account.
pub(super) async fn run(path: &Path, args: ExplainArgs) -> Result<()> {
    let config = super::load(path, Mode::Offline)?;
    let store = Store::open(&config.database, Access::Snapshot).await?;
    let did = ask::did_of(&store, "ACCOUNT", &args.account).await?;
    let answer = answer(&store, &config, did, args.limit as usize).await?;
    match args.output.format() {
        Format::Json => output::json(&answer)?,
        Format::Csv => output::table(&steps(&answer), Format::Csv)?,
        Format::Table => output::out().write_all(text(&answer)?.as_bytes())?,
    }
    store.close().await;
    Ok(())
}

/// What there is to say of an account, with so many paths at most.
pub(crate) async fn answer(
    store: &Store,
    config: &Config,
    did: String,
    paths_max: usize,
) -> Result<Answer> {
    let found = store.explain(&did).await?;
    let account = found.account.as_ref();
    let hop = account.and_then(|account| account.hop);
    let mut paths = Vec::new();
    let mut names = BTreeMap::new();
    if let (Some(account), Some(_)) = (account, hop) {
        let id = u32::try_from(account.id)?;
        for path in shortest(&found, id, paths_max)? {
            let mut dids = Vec::new();
            for step in path {
                let Some((did, handle)) = store.account_name(step).await? else {
                    continue;
                };
                names.extend(handle.map(|handle| (did.clone(), handle)));
                dids.push(did);
            }
            paths.push(dids);
        }
    }
    for moved in [&found.entered, &found.left, &found.moved]
        .into_iter()
        .flatten()
    {
        names.extend(moved.by.clone().zip(moved.by_handle.clone()));
        names.extend(moved.subject.clone().zip(moved.subject_handle.clone()));
    }
    let handle = account.and_then(|account| account.handle.clone());
    let reason = match hop {
        Some(_) => None,
        None if store.is_forgotten(&did).await? => Some("forgotten"),
        None => Some(why_not(&found, config, &did, handle.as_deref())),
    };
    Ok(Answer {
        handle,
        hop,
        status: account.map(|account| account.status.clone()),
        since_micros: account.and_then(|account| account.since_micros),
        paths,
        reason,
        entered: found.entered.map(Moved::from),
        left: found.left.map(Moved::from),
        moved: found.moved.map(Moved::from),
        followers_at_the_edge: found.followers_at_the_edge,
        handles: without_shared(names),
        depth: found.depth,
        did,
    })
}

/// The paths to an account, each as numbers of accounts.
fn shortest(found: &Explanation, id: u32, paths_max: usize) -> Result<Vec<Vec<u32>>> {
    let mut circle = Circle::new(found.depth)?;
    let mut changes = Changes::new();
    let (mut to_circle, mut to_store) = (BTreeMap::new(), Vec::new());
    let mut intern = |circle: &mut Circle, id: u32| {
        *to_circle.entry(id).or_insert_with(|| {
            to_store.push(id);
            circle.intern(&format!("did:web:{id}"))
        })
    };
    for id in &found.tracked {
        let id = intern(&mut circle, *id);
        circle.track(id, &mut changes);
    }
    let target = intern(&mut circle, id);
    for way in &found.ways {
        let follower = intern(&mut circle, way.follower);
        let subject = intern(&mut circle, way.subject);
        circle.set_follow(follower, &way.rkey, subject, &mut changes);
        changes.clear();
    }
    let paths = circle.explain(target, paths_max);
    let number = |id: AccountId| to_store.get(id.index()).copied();
    Ok(paths
        .into_iter()
        .map(|path| path.into_iter().filter_map(number).collect())
        .collect())
}

/// Why an account is outside.
fn why_not(found: &Explanation, config: &Config, did: &str, handle: Option<&str>) -> &'static str {
    let is_it = |id: &Identifier| match id {
        Identifier::Did(id) => id.as_str() == did,
        Identifier::Handle(id) => Some(id.as_str()) == handle,
    };
    if config.circle.skip.iter().any(is_it) {
        "skipped"
    } else if config.circle.tracked.iter().any(|a| is_it(&a.id)) {
        "not_yet"
    } else if found.left.is_some() {
        "left"
    } else if found.account.is_some() {
        "not_followed"
    } else {
        "unknown"
    }
}

/// The answer in words.
fn text(answer: &Answer) -> Result<String> {
    let mut out = Vec::new();
    let who = match &answer.handle {
        Some(handle) => format!("{} ({})", harmless(handle), answer.did),
        None => answer.did.clone(),
    };
    let status = match answer.status.as_deref() {
        Some("active") | None => String::new(),
        Some(status) => format!(" ({status}: its likes and likes to it do not count)"),
    };
    match answer.hop {
        Some(0) => writeln!(out, "{who} is tracked{status}")?,
        Some(hop) => writeln!(out, "{who} is in the circle at hop {hop}{status}")?,
        None => writeln!(
            out,
            "{who} is not in the circle{status}: {}",
            because(answer)
        )?,
    }
    for (word, moved) in [("entered", &answer.entered), ("left", &answer.left)] {
        if let Some(moved) = moved
            .as_ref()
            .filter(|_| answer.hop.is_none() || word == "entered")
        {
            writeln!(out, "{word} {}", how(moved, answer))?;
        }
    }
    if let Some(moved) = &answer.moved
        && let Some((from, to)) = moved.from_hop.zip(moved.to_hop)
    {
        writeln!(out, "moved (hop {from} to {to}) {}", how(moved, answer))?;
    }
    if !answer.paths.is_empty() {
        writeln!(out, "paths, the shortest first:")?;
    }
    for path in &answer.paths {
        let steps: Vec<String> = path.iter().map(|did| name(did, answer)).collect();
        writeln!(out, "  {}", steps.join(" > "))?;
    }
    Ok(String::from_utf8(out)?)
}

fn because(answer: &Answer) -> String {
    let edge = match answer.followers_at_the_edge {
        0 => String::new(),
        n => format!(
            "; {} members at hop {} follow it, but the circle ends there",
            output::thousands(n),
            answer.depth
        ),
    };
    match answer.reason {
        Some("skipped") => "the configuration skips it ([circle] skip)".to_owned(),
        Some("not_yet") => {
            "the configuration tracks it, but no service has taken that up yet".to_owned()
        }
        Some("left") => format!("it was, and left{edge}"),
        Some("forgotten") => {
            "it is forgotten; `kith forget --undo` lets it be met again".to_owned()
        }
        Some("unknown") => "nothing of it was ever seen".to_owned(),
        _ => format!(
            "nobody nearer than hop {} to the tracked accounts follows it{edge}",
            answer.depth
        ),
    }
}

/// When and by what somebody entered, left or moved.
fn how(moved: &Moved, answer: &Answer) -> String {
    let when = match moved.micros {
        0 => "before the first event".to_owned(),
        micros => output::time(micros),
    };
    let by = moved.by.as_ref().map(|by| name(by, answer));
    if let (Some(by), Some(record)) = (&by, &moved.record) {
        return format!("{when} {}", by_record(by, &harmless(record), moved, answer));
    }
    let by = by.map(|by| format!(" of {by}")).unwrap_or_default();
    format!("{when} by {}{by}", moved.cause)
}

/// What a follow record that moved somebody says. It need not be one that names him: who comes in
/// brings those in whom he follows.
fn by_record(by: &str, record: &str, moved: &Moved, answer: &Answer) -> String {
    match (moved.cause.as_str(), &moved.subject) {
        ("unfollow", _) => format!("when {by} took back a follow (record {record})"),
        (_, Some(subject)) if *subject == answer.did => {
            format!("when {by} followed this account (record {record})")
        }
        (_, Some(subject)) => {
            let subject = name(subject, answer);
            format!("when {by} followed {subject} (record {record})")
        }
        (cause, None) => format!("by a {cause} of {by} (record {record}, not held any more)"),
    }
}

fn name(did: &str, answer: &Answer) -> String {
    let handle = answer.handles.get(did).map(String::as_str);
    harmless(handle.unwrap_or(did))
}

/// One row for each step of each path.
fn steps(answer: &Answer) -> Table {
    let mut rows = Vec::new();
    for (number, path) in (1..).zip(&answer.paths) {
        for (step, did) in (0..).zip(path) {
            let handle = answer.handles.get(did).cloned();
            rows.push(vec![
                Value::Int(number),
                Value::Int(step),
                Value::Text(did.clone()),
                handle.map_or(Value::Null, Value::Text),
            ]);
        }
    }
    Table {
        columns: ["path", "step", "did", "handle"]
            .map(str::to_owned)
            .to_vec(),
        rows,
    }
}
