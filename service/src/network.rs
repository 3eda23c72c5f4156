//! The network as the config wants it: the HTTPS client, the directory, and who is tracked.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use kith_config::{Config, Identifier, Source};
use kith_feeder::{
    backfill::{Reader, ReaderOptions},
    identity::{DidDocument, Directory, DirectoryOptions},
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
    let handle_resolvers = network
        .handle_resolver
        .clone()
        .into_iter()
        .chain(pdses.filter_map(Source::http_url))
        .collect();
    Ok(Directory::new(
        client,
        DirectoryOptions {
            handle_resolvers,
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

/// The engine's settings, every handle of the config resolved.
pub(crate) async fn settings_online(config: &Config, directory: &Directory) -> Result<Settings> {
    let mut tracked = Vec::new();
    for account in &config.circle.tracked {
        tracked.push(resolve(directory, &account.id, account.label.clone()).await?);
    }
    let mut lists = [Vec::new(), Vec::new()];
    for (list, ids) in lists
        .iter_mut()
        .zip([&config.circle.skip, &config.circle.opt_out])
    {
        for id in ids {
            list.push(resolve(directory, id, None).await?.did);
        }
    }
    let [skip, opt_out] = lists;
    distinct(tracked).map(|tracked| Settings::new(config, tracked, skip, opt_out))
}

async fn resolve(
    directory: &Directory,
    id: &Identifier,
    label: Option<String>,
) -> Result<TrackedDid> {
    match id {
        Identifier::Did(did) => Ok(TrackedDid {
            did: did.as_str().to_owned(),
            handle: None,
            label,
        }),
        Identifier::Handle(handle) => {
            let document = directory
                .resolve_handle(handle.as_str())
                .await
                .map_err(|error| {
                    InputError(format!(
                        "the handle {} does not resolve: {error}\n  help: check its spelling, or \
                     write the account's DID",
                        handle.as_str()
                    ))
                })?;
            let did = document.did.clone();
            Ok(TrackedDid {
                did,
                handle: Some(handle.as_str().to_owned()),
                label,
            })
        }
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
    distinct(tracked).map(|tracked| Settings::new(config, tracked, skip, opt_out))
}

/// No account is tracked twice, once by handle and once by DID.
fn distinct(tracked: Vec<TrackedDid>) -> Result<Vec<TrackedDid>> {
    for (i, account) in tracked.iter().enumerate() {
        if tracked[..i].iter().any(|other| other.did == account.did) {
            return Err(InputError(format!(
                "{} is tracked twice, by its DID and by its handle\n  help: remove one of them",
                account.did
            )))
            .context("the configuration");
        }
    }
    Ok(tracked)
}
