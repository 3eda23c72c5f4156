//! The network as the config wants it: the HTTPS client, the directory, and who is tracked.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use anyhow::Result;
use hashbrown::{HashMap, HashSet};
use kith_config::{Config, Handle, Identifier, Problems, Source, edit::problems_at};
use kith_feeder::{
    backfill::{Reader, ReaderOptions, SchedulerOptions},
    identity::{DidDocument, Directory, DirectoryOptions, HandleError},
    source::StreamOptions,
    xrpc::{Client, ClientOptions, Rate},
};

use kith_store::Store;
use tokio::sync::mpsc;

use crate::{
    engine::{Settings, TrackedDid},
    exit::InputError,
    service::now,
};

/// A directory that asks the hosts the config names.
pub(crate) fn directory(
    config: &Config,
    learned: Option<mpsc::Sender<Arc<DidDocument>>>,
) -> Result<Directory> {
    let network = &config.network;
    let client = Client::new(ClientOptions {
        plc: network.plc.clone(),
        allow_private_addresses: network.allow_private_addresses,
        request_time_max: network.request_timeout,
        connect_time_max: network.connect_timeout,
        host_rate: Rate {
            requests: network.host_requests_per_five_minutes,
            period: Duration::from_mins(5),
            burst: burst(network.host_requests_per_five_minutes),
        },
        plc_rate: Rate {
            requests: network.plc_requests_per_second.saturating_mul(10),
            period: Duration::from_secs(10),
            // What was missed while this machine was busy elsewhere is made up for.
            burst: (network.plc_requests_per_second / 4).max(2),
        },
        ..ClientOptions::default()
    })?;
    let pdses = config
        .sources
        .iter()
        .filter(|source| matches!(source, Source::Pds { .. }));
    Ok(Directory::new(
        client,
        DirectoryOptions {
            handle_resolvers: network.handle_resolver.clone().into_iter().collect(),
            private_handle_resolvers: pdses.filter_map(Source::http_url).collect(),
            learned,
            cache_time: DOCUMENT_AGE_MAX,
            ..DirectoryOptions::default()
        },
    ))
}

/// Documents are believed for so long after they were fetched.
const DOCUMENT_AGE_MAX: Duration = Duration::from_hours(24);

/// Puts the documents of earlier runs into the directory, as far as they are fresh.
pub(crate) async fn remember(directory: &Directory, store: &Store) -> Result<()> {
    let now = now();
    let age_max = i64::try_from(DOCUMENT_AGE_MAX.as_micros())?;
    for (did, row) in store.load_identities(now - age_max).await? {
        let age = u64::try_from(now - row.fetched_micros).unwrap_or(0);
        let document = DidDocument {
            did,
            handle: row.handle,
            pds: row.pds,
            signing_key: row.signing_key,
        };
        directory.keep(document, Duration::from_micros(age));
    }
    Ok(())
}

/// How many requests may go at once after a rest: few beside the whole.
fn burst(requests: u32) -> u32 {
    (requests / 30).max(1)
}

/// A reader of accounts, within the bounds of the config.
pub(crate) fn reader(config: &Config, directory: Directory) -> Reader {
    let records_max = config.circle.max_follows;
    Reader::new(
        directory,
        ReaderOptions {
            records_max,
            ..ReaderOptions::default()
        },
    )
}

/// How many accounts are read at once, and for how long.
pub(crate) fn scheduler_options(config: &Config) -> SchedulerOptions {
    let defaults = SchedulerOptions::default();
    let requests = config.network.host_requests_per_five_minutes.max(1);
    let at_once = u32::try_from(defaults.accounts_per_host_max).unwrap_or(u32::MAX);
    SchedulerOptions {
        accounts_at_once_max: config.network.backfill_accounts as usize,
        page_time: Duration::from_mins(5).saturating_mul(at_once) / requests,
        ..defaults
    }
}

/// How streams are kept open.
pub(crate) fn stream_options(config: &Config) -> StreamOptions {
    StreamOptions {
        allow_private_addresses: config.network.allow_private_addresses,
        connect_timeout: config.network.connect_timeout,
        backoff_max: config.network.reconnect_pause,
        silence_max: config.network.silence_timeout,
        ping_after: config.network.silence_timeout / 3,
        zstd_dictionary: config.network.jetstream_dictionary.clone(),
        ..StreamOptions::default()
    }
}

/// A handle's host may ask to be asked again in an hour.
const RESOLVING_TIME_MAX: Duration = Duration::from_mins(1);
/// Where it is known whom the handle named before, that will do.
const RESOLVING_AGAIN_TIME_MAX: Duration = Duration::from_secs(10);

/// Who the accounts of a config are: each handle is resolved once, until it is forgotten.
#[derive(Debug)]
pub(crate) struct Names {
    directory: Directory,
    dids: HashMap<Handle, String>,
    /// Handles that were resolved since the last settings.
    resolved: HashSet<Handle>,
    /// Whose they were when they were last resolved, as the store has it.
    before: HashMap<String, String>,
    has_unresolved: bool,
    /// Who is tracked so far. None: nobody was ever, and a name that does not resolve is a mistake.
    tracked: Option<Vec<TrackedDid>>,
}

impl Names {
    /// Nobody is known yet.
    pub(crate) fn new(directory: Directory) -> Names {
        Names {
            directory,
            dids: HashMap::new(),
            resolved: HashSet::new(),
            before: HashMap::new(),
            has_unresolved: false,
            tracked: None,
        }
    }

    /// Goes on from what a database has: handles that do not resolve stand for whom they named then, and
    /// others are left out.
    pub(crate) async fn go_on_from(&mut self, store: &Store) -> Result<()> {
        if store.load_state().await?.is_none() {
            return Ok(());
        }
        self.before.extend(store.load_named().await?);
        let mut tracked = Vec::new();
        for row in store.load_tracked().await? {
            if let Some((did, _)) = store.account_name(row.account).await? {
                tracked.push(TrackedDid {
                    did,
                    handle: None,
                    label: row.label,
                });
            }
        }
        self.tracked = Some(tracked);
        Ok(())
    }

    /// Every handle is to be resolved anew: it may have gone to another account.
    pub(crate) fn forget(&mut self) {
        self.dids.clear();
    }

    /// The engine's settings, every handle of the config resolved. One that never resolved is an error of the
    /// first settings, and is left out of others, until it does.
    pub(crate) async fn settings(&mut self, config: &Config) -> Result<Settings, Unsettled> {
        self.has_unresolved = false;
        let circle = &config.circle;
        let mut unknown = Vec::new();
        let mut tracked = Vec::new();
        for account in &circle.tracked {
            match self.did(&account.id).await {
                Ok(did) => tracked.push((
                    &account.id,
                    TrackedDid {
                        did,
                        handle: (account.id.as_handle())
                            .filter(|handle| self.resolved.contains(*handle))
                            .map(|handle| handle.as_str().to_owned()),
                        label: account.label.clone(),
                    },
                )),
                Err(reason) => unknown.push(reason),
            }
        }
        let is_tracked_known = unknown.is_empty();
        let mut lists = [Vec::new(), Vec::new()];
        for (list, ids) in lists.iter_mut().zip([&circle.skip, &circle.opt_out]) {
            for id in ids {
                match self.did(id).await {
                    Ok(did) => list.push((id, did)),
                    Err(reason) => unknown.push(reason),
                }
            }
        }
        let [skip, opt_out] = lists;
        distinct(&tracked, &skip)?;
        let dids =
            |list: Vec<(&Identifier, String)>| list.into_iter().map(|(_, did)| did).collect();
        let (skip, opt_out): (Vec<String>, _) = (dids(skip), dids(opt_out));
        let mut tracked: Vec<TrackedDid> = tracked.into_iter().map(|(_, who)| who).collect();
        let before = self.tracked.take();
        match before {
            None if !unknown.is_empty() => return Err(Unsettled(unknown)),
            Some(before) if !is_tracked_known => {
                // One of them may be who is named anew.
                let is_left = |who: &TrackedDid| {
                    !skip.contains(&who.did) && tracked.iter().all(|other| other.did != who.did)
                };
                let left: Vec<_> = before.into_iter().filter(is_left).collect();
                tracked.extend(left);
            }
            _ => {}
        }
        for reason in &unknown {
            self.has_unresolved = true;
            tracing::error!(
                %reason,
                "a handle of the configuration is left out until it resolves: check its spelling"
            );
        }
        self.tracked = Some(tracked.clone());
        let mut settings = Settings::new(config, tracked, skip, opt_out);
        settings.named = Some(self.named(config));
        self.resolved.clear();
        Ok(settings)
    }

    /// The config's handles and whose they are, ascending.
    fn named(&self, config: &Config) -> Vec<(String, String)> {
        let circle = &config.circle;
        let tracked = circle.tracked.iter().map(|account| &account.id);
        let all = tracked.chain(&circle.skip).chain(&circle.opt_out);
        let handles = all.filter_map(Identifier::as_handle);
        let did = |handle: &Handle| self.before.get(handle.as_str()).cloned();
        let named = handles.filter_map(|handle| Some((handle.as_str().to_owned(), did(handle)?)));
        let named: BTreeMap<String, String> = named.collect();
        named.into_iter().collect()
    }

    /// Whether some handle stands for whom it named before, and is to be asked for again.
    pub(crate) fn has_unresolved(&self) -> bool {
        self.has_unresolved
    }

    async fn did(&mut self, id: &Identifier) -> Result<String, Reason> {
        let handle = match id {
            Identifier::Did(did) => return Ok(did.as_str().to_owned()),
            Identifier::Handle(handle) => handle,
        };
        if let Some(did) = self.dids.get(handle) {
            return Ok(did.clone());
        }
        tracing::debug!(handle = handle.as_str(), "asking whose it is");
        let before = self.before.get(handle.as_str());
        let time_max = match before {
            Some(_) => RESOLVING_AGAIN_TIME_MAX,
            None => RESOLVING_TIME_MAX,
        };
        let document = self.directory.resolve_handle(handle.as_str());
        let reason = match tokio::time::timeout(time_max, document).await {
            Ok(Ok(document)) => {
                let did = document.did.clone();
                self.before.insert(handle.as_str().to_owned(), did.clone());
                self.dids.insert(handle.clone(), did.clone());
                self.resolved.insert(handle.clone());
                return Ok(did);
            }
            Ok(Err(source)) => Reason::Handle {
                id: id.clone(),
                source: Box::new(source),
            },
            Err(_) => Reason::Slow { id: id.clone() },
        };
        let Some(did) = before else {
            return Err(reason);
        };
        self.has_unresolved = true;
        tracing::warn!(
            handle = handle.as_str(),
            did,
            %reason,
            "a handle of the configuration does not resolve now; it stands for whom it named before"
        );
        Ok(did.clone())
    }
}

/// Why it is not clear who the accounts of a config are: at least one reason.
#[derive(Debug)]
pub(crate) struct Unsettled(Vec<Reason>);

#[derive(Debug, thiserror::Error)]
enum Reason {
    /// Nobody is found by this name.
    #[error("{source}")]
    Handle {
        /// As the file has it.
        id: Identifier,
        /// What the directory says.
        source: Box<HandleError>,
    },
    /// Nobody has said whose name it is.
    #[error("nobody said in time whose handle this is")]
    Slow {
        /// As the file has it.
        id: Identifier,
    },
    /// Tracked by one name, and kept out by the other.
    #[error("{did} is tracked, and skip of [circle] keeps it out, once by DID and once by handle")]
    Skipped {
        /// The name in skip.
        id: Identifier,
        /// The account.
        did: String,
    },
    /// Two names of one account.
    #[error("{did} is tracked twice, by its DID and by its handle")]
    Twice {
        /// The second name.
        id: Identifier,
        /// The account.
        did: String,
    },
}

impl std::fmt::Display for Unsettled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, reason) in self.0.iter().enumerate() {
            let comma = if index > 0 { "; " } else { "" };
            write!(f, "{comma}{reason}")?;
        }
        Ok(())
    }
}

impl Unsettled {
    /// How many reasons there are.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The same as problems of the file, each in its place.
    pub(crate) fn in_file(&self, path: &Path) -> Problems {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let problems = self.0.iter().map(|reason| {
            let (id, help) = match reason {
                Reason::Handle { id, .. } | Reason::Slow { id } => {
                    (id, "check its spelling, or write the account's DID")
                }
                Reason::Twice { id, .. } | Reason::Skipped { id, .. } => (id, "remove one of them"),
            };
            (id, reason.to_string(), help)
        });
        problems_at(&text, &path.display().to_string(), problems)
    }
}

/// The engine's settings without asking anybody: only DIDs will do.
pub(crate) fn settings_offline(config: &Config) -> Result<Settings> {
    let did = |id: &Identifier| match id {
        Identifier::Did(did) => Ok(did.as_str().to_owned()),
        Identifier::Handle(handle) => Err(InputError(format!(
            "{} is a handle, and nobody is asked for handles offline\n  help: write the account's \
             DID, for example id = \"did:plc:…\"",
            handle.as_str()
        ))),
    };
    let tracked = config.circle.tracked.iter().map(|account| {
        Ok(TrackedDid {
            did: did(&account.id)?,
            handle: None,
            label: account.label.clone(),
        })
    });
    let tracked = tracked.collect::<Result<Vec<_>, InputError>>()?;
    let skip = config
        .circle
        .skip
        .iter()
        .map(did)
        .collect::<Result<_, _>>()?;
    let opt_out = config
        .circle
        .opt_out
        .iter()
        .map(did)
        .collect::<Result<_, _>>()?;
    // Written as DIDs they are distinct: the config is checked.
    Ok(Settings::new(config, tracked, skip, opt_out))
}

/// No account is tracked twice, or tracked and kept out, once by handle and once by DID.
fn distinct(
    tracked: &[(&Identifier, TrackedDid)],
    skip: &[(&Identifier, String)],
) -> Result<(), Unsettled> {
    let refused = |reason| Err(Unsettled(vec![reason]));
    for (id, did) in skip {
        if tracked.iter().any(|(_, account)| account.did == *did) {
            return refused(Reason::Skipped {
                id: (*id).clone(),
                did: did.clone(),
            });
        }
    }
    for (i, (id, account)) in tracked.iter().enumerate() {
        let mut earlier = tracked[..i].iter();
        if earlier.any(|(_, other)| other.did == account.did) {
            return refused(Reason::Twice {
                id: (*id).clone(),
                did: account.did.clone(),
            });
        }
    }
    Ok(())
}
