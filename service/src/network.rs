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
    /// Who they are so far. None: nobody was ever tracked, and a name that does not resolve is a mistake.
    last: Option<Lists>,
}

/// Whom the lists of a config name.
#[derive(Debug, Default)]
struct Lists {
    tracked: Vec<TrackedDid>,
    skip: Vec<String>,
    opt_out: Vec<String>,
}

impl Lists {
    /// Who was of a list stays so, if one of its names is lost, unless he is named elsewhere now.
    fn keep(&mut self, last: &Lists, [tracked, skip, opt_out]: [bool; 3]) {
        if tracked {
            let left = last.tracked.iter().filter(|who| !self.names(&who.did));
            let left: Vec<_> = left.cloned().collect();
            self.tracked.extend(left);
        }
        let left = |lists: &Lists, list: &[String]| -> Vec<String> {
            list.iter()
                .filter(|did| !lists.names(did))
                .cloned()
                .collect()
        };
        if skip {
            self.skip.extend(left(self, &last.skip));
        }
        if opt_out {
            self.opt_out.extend(left(self, &last.opt_out));
        }
    }

    fn names(&self, did: &str) -> bool {
        let tracked = self.tracked.iter().map(|who| &who.did);
        let mut all = tracked.chain(&self.skip).chain(&self.opt_out);
        all.any(|other| other == did)
    }

    /// A handle is shown if it was found out just now.
    fn without_handles(&self) -> Lists {
        let tracked = self.tracked.iter().map(|who| TrackedDid {
            handle: None,
            ..who.clone()
        });
        Lists {
            tracked: tracked.collect(),
            skip: self.skip.clone(),
            opt_out: self.opt_out.clone(),
        }
    }
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
            last: None,
        }
    }

    /// Goes on from what a database has: handles that do not resolve stand for whom they named then, and
    /// others are left out.
    pub(crate) async fn go_on_from(&mut self, store: &Store) -> Result<()> {
        if store.load_state().await?.is_none() {
            return Ok(());
        }
        self.before.extend(store.load_named().await?);
        let mut last = Lists::default();
        for row in store.load_tracked().await? {
            if let Some((did, _)) = store.account_name(row.account).await? {
                last.tracked.push(TrackedDid {
                    did,
                    handle: None,
                    label: row.label,
                });
            }
        }
        for account in store.load_skipped().await? {
            last.skip
                .extend((store.account_name(account).await?).map(|(did, _)| did));
        }
        // It is not kept who of them was opted out.
        last.opt_out = self.before.values().cloned().collect();
        self.last = Some(last).filter(|last| !last.tracked.is_empty());
        Ok(())
    }

    /// Every handle is to be resolved anew: it may have gone to another account.
    pub(crate) fn forget(&mut self) {
        self.dids.clear();
    }

    /// The engine's settings, every handle of the config resolved. One that never resolved is an error of the
    /// first settings, and is left out of others, until it does; who was of its list stays so meanwhile, since
    /// the new name may be his.
    pub(crate) async fn settings(&mut self, config: &Config) -> Result<Settings, Unsettled> {
        self.has_unresolved = false;
        let circle = &config.circle;
        let mut unknown = Vec::new();
        let tracked = circle.tracked.iter().map(|account| &account.id);
        let found = [
            self.dids(tracked.collect(), &mut unknown).await,
            self.dids(circle.skip.iter().collect(), &mut unknown).await,
            self.dids(circle.opt_out.iter().collect(), &mut unknown)
                .await,
        ];
        self.has_unresolved |= !unknown.is_empty();
        distinct(&found[0], &found[1])?;
        let is_lost = found
            .each_ref()
            .map(|list| list.iter().any(|(_, did)| did.is_none()));
        let [tracked, skip, opt_out] = found;
        let tracked = circle.tracked.iter().zip(tracked);
        let mut lists = Lists {
            tracked: tracked
                .filter_map(|(account, (_, did))| {
                    let handle = account.id.as_handle();
                    Some(TrackedDid {
                        did: did?,
                        handle: handle
                            .filter(|handle| self.resolved.contains(*handle))
                            .map(|handle| handle.as_str().to_owned()),
                        label: account.label.clone(),
                    })
                })
                .collect(),
            skip: skip.into_iter().filter_map(|(_, did)| did).collect(),
            opt_out: opt_out.into_iter().filter_map(|(_, did)| did).collect(),
        };
        match &self.last {
            Some(last) => lists.keep(last, is_lost),
            None if unknown.is_empty() => {}
            None => return Err(Unsettled(unknown)),
        }
        for reason in &unknown {
            tracing::error!(
                %reason,
                "a handle of the configuration is left out until it resolves: check its spelling"
            );
        }
        self.last = Some(lists.without_handles());
        let mut settings = Settings::new(config, lists.tracked, lists.skip, lists.opt_out);
        settings.named = Some(self.named(config, !unknown.is_empty()));
        self.resolved.clear();
        Ok(settings)
    }

    /// Who these are, each; why not, is added to `unknown`.
    async fn dids<'c>(
        &mut self,
        ids: Vec<&'c Identifier>,
        unknown: &mut Vec<Reason>,
    ) -> Vec<(&'c Identifier, Option<String>)> {
        let mut found = Vec::new();
        for id in ids {
            let did = self.did(id).await;
            found.push((id, did.map_err(|reason| unknown.push(reason)).ok()));
        }
        found
    }

    /// The config's handles and whose they are, ascending; those of earlier, too, while one that does not
    /// resolve may be in the place of one of them.
    fn named(&self, config: &Config, also_earlier: bool) -> Vec<(String, String)> {
        if also_earlier {
            let all: BTreeMap<_, _> = self.before.clone().into_iter().collect();
            return all.into_iter().collect();
        }
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
    tracked: &[(&Identifier, Option<String>)],
    skip: &[(&Identifier, Option<String>)],
) -> Result<(), Unsettled> {
    fn known<'l>(
        list: &'l [(&'l Identifier, Option<String>)],
    ) -> impl Iterator<Item = (&'l Identifier, &'l String)> {
        list.iter()
            .filter_map(|(id, did)| Some((*id, did.as_ref()?)))
    }
    let refused = |reason| Err(Unsettled(vec![reason]));
    for (id, did) in known(skip) {
        if known(tracked).any(|(_, other)| other == did) {
            let (id, did) = (id.clone(), did.clone());
            return refused(Reason::Skipped { id, did });
        }
    }
    for (i, (id, did)) in known(tracked).enumerate() {
        if known(tracked).take(i).any(|(_, other)| other == did) {
            let (id, did) = (id.clone(), did.clone());
            return refused(Reason::Twice { id, did });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lists(tracked: &[&str], skip: &[&str], opt_out: &[&str]) -> Lists {
        let tracked = tracked.iter().map(|did| TrackedDid {
            did: (*did).to_owned(),
            handle: Some("somebody.example".to_owned()),
            label: None,
        });
        let texts = |list: &[&str]| list.iter().map(|did| (*did).to_owned()).collect();
        Lists {
            tracked: tracked.collect(),
            skip: texts(skip),
            opt_out: texts(opt_out),
        }
    }

    #[test]
    fn who_was_of_a_list_stays_while_one_of_its_names_is_lost() {
        let last = lists(&["a", "b"], &["s", "t"], &["o", "p"]).without_handles();
        for (list, kept) in [
            ([true, false, false], ["a n b", "s", "o"]),
            ([false, true, false], ["a n", "s t", "o"]),
            ([false, false, true], ["a n", "s", "o p"]),
            ([true, true, true], ["a n b", "s t", "o p"]),
        ] {
            let mut now = lists(&["a", "n"], &["s"], &["o"]);
            now.keep(&last, list);
            let tracked: Vec<_> = now.tracked.iter().map(|who| &*who.did).collect();
            let said = [tracked.join(" "), now.skip.join(" "), now.opt_out.join(" ")];
            assert_eq!(said, kept, "{list:?}");
            let shown = now.tracked.iter().filter(|who| who.handle.is_some());
            assert_eq!(shown.count(), 2, "names of before are not shown again");
        }
        // Who is tracked now is not kept out, because he was once.
        let mut now = lists(&["s"], &[], &[]);
        now.keep(&last, [false, true, false]);
        assert_eq!(now.skip, ["t"]);
    }

    /// A start that ended before anybody was tracked does not make the next one go on from it.
    #[tokio::test]
    async fn the_first_start_is_that_which_tracks_somebody() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("kith.db").display());
        let store = Store::open(&url, kith_store::Access::Write).await;
        let store = store.expect("opens");
        let state = kith_store::batch::State {
            clock: kith_store::batch::Clock {
                epoch_micros: 1,
                started: None,
            },
            depth: 2,
            ..Default::default()
        };
        store.create(&state).await.expect("is new");
        let text = "[[circle.tracked]]\nid = \"did:web:a.example\"\n";
        let env = kith_config::Env::default();
        let config = Config::parse(text, "kith.toml", &env, kith_config::Mode::Offline);
        let directory = directory(&config.expect("valid"), None).expect("a client");
        let mut names = Names::new(directory);
        names.go_on_from(&store).await.expect("reads");
        assert!(names.last.is_none());
    }
}
