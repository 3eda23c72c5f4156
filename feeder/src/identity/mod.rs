//! DID documents and handles: who an account is, and where it lives.
//!
//! - [`DidDocument`] is what Kith needs of a DID document, read leniently from both shapes.
//! - [`Directory`] fetches documents (PLC, did:web), keeps them for a while in a bounded cache,
//!   and resolves handles (DNS, https, XRPC), believing a handle only if the account's document
//!   claims it.
//!
//! Source: <https://atproto.com/specs/did>, <https://atproto.com/specs/handle>.

mod cache;
mod dns;
mod document;
mod handle;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::{Response, StatusCode};
use tokio::sync::mpsc;
use url::{Host, Url};

use crate::syntax::is_did;
use crate::xrpc::{Client, FetchError, shorten};
use cache::Cache;
pub use dns::Dns;
pub use document::{DidDocument, DocumentError};
pub use handle::HandleError;

/// Bytes of a DID document read at most. Real ones have less than 2 kB.
const DOCUMENT_BYTES_MAX: usize = 256 << 10;

/// What a [`Directory`] may do.
#[derive(Debug, Clone)]
pub struct DirectoryOptions {
    /// Base URLs of XRPC servers asked for a handle, in this order, after DNS and https.
    pub handle_resolvers: Vec<String>,
    /// The same for handles that are in no public DNS (`alice.test`), and for those alone: hosts of
    /// accounts, who would know, and who may say of a public handle whatever they like.
    pub private_handle_resolvers: Vec<String>,
    /// How TXT records of handles are looked up.
    pub dns: Dns,
    /// Documents kept in memory (about 500 bytes each).
    pub cache_documents_max: usize,
    /// How long a document is believed.
    pub cache_time: Duration,
    /// Told of every document that is fetched, as far as there is room: for a cache that outlives
    /// this one.
    pub learned: Option<mpsc::Sender<Arc<DidDocument>>>,
}

impl Default for DirectoryOptions {
    fn default() -> DirectoryOptions {
        DirectoryOptions {
            handle_resolvers: Vec::new(),
            private_handle_resolvers: Vec::new(),
            dns: Dns::System,
            cache_documents_max: 50_000,
            cache_time: Duration::from_hours(24),
            learned: None,
        }
    }
}

/// Why there is no document for a DID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// The directory does not have the DID, or it is tombstoned.
    #[error("{did} is not registered or has been removed")]
    Gone {
        /// The DID asked for.
        did: String,
    },
    /// The directory or web host did not answer, or answered with a failure of its own.
    #[error("the document of {did} cannot be fetched now: {reason}")]
    Unreachable {
        /// The DID asked for.
        did: String,
        /// What happened.
        reason: String,
    },
    /// What came is not a DID document, or another's.
    #[error("the document of {did} cannot be read: {reason}")]
    Malformed {
        /// The DID asked for.
        did: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The document is at an address that must not be talked to.
    #[error("the document of {did} is not fetched: {reason}")]
    Refused {
        /// The DID asked for.
        did: String,
        /// Why not.
        reason: String,
    },
    /// The text is no DID, or of a method other than plc and web.
    #[error("{did:?} is not a did:plc or did:web")]
    NotADid {
        /// What was given, shortened.
        did: String,
    },
}

impl IdentityError {
    /// Whether asking again later may help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, IdentityError::Unreachable { .. })
    }
}

/// Fetches DID documents and resolves handles. Cheap to clone; clones share the cache.
#[derive(Clone)]
pub struct Directory {
    inner: Arc<Inner>,
}

struct Inner {
    client: Client,
    handle_resolvers: Vec<String>,
    private_handle_resolvers: Vec<String>,
    dns: dns::TxtLookup,
    cache: Cache,
    learned: Option<mpsc::Sender<Arc<DidDocument>>>,
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory")
            .field("handle_resolvers", &self.inner.handle_resolvers)
            .finish_non_exhaustive()
    }
}

impl Directory {
    /// Makes a directory over a client, whose options name the PLC directory. No request is
    /// sent.
    pub fn new(client: Client, options: DirectoryOptions) -> Directory {
        let inner = Inner {
            client,
            handle_resolvers: options.handle_resolvers,
            private_handle_resolvers: options.private_handle_resolvers,
            dns: dns::TxtLookup::new(&options.dns),
            cache: Cache::new(options.cache_documents_max, options.cache_time),
            learned: options.learned,
        };
        Directory {
            inner: Arc::new(inner),
        }
    }

    /// The client documents are fetched with.
    pub fn client(&self) -> &Client {
        &self.inner.client
    }

    /// The document of a DID, from the cache if it is there and not too old.
    pub async fn document(&self, did: &str) -> Result<Arc<DidDocument>, IdentityError> {
        match self.cached_document(did) {
            Some(document) => Ok(document),
            None => self.fresh_document(did).await,
        }
    }

    /// The document of a DID if it is in the cache and not too old.
    pub fn cached_document(&self, did: &str) -> Option<Arc<DidDocument>> {
        self.inner.cache.get(did)
    }

    /// The document of a DID, fetched now. The cache learns it.
    pub async fn fresh_document(&self, did: &str) -> Result<Arc<DidDocument>, IdentityError> {
        let private = self.client().options().allow_private_addresses;
        let url = document_url(did, &self.client().options().plc, private)?;
        let fetching = self.inner.cache.begin(did);
        let answer = self.client().get(&url, DOCUMENT_BYTES_MAX).await;
        let answer = answer.map_err(|error| fetch_error(did, error))?;
        let document = Arc::new(read_answer(did, &answer)?);
        if fetching.finish(&document)
            && let Some(learned) = &self.inner.learned
        {
            // Without room it is not kept, and fetched again after a restart.
            drop(learned.try_send(Arc::clone(&document)));
        }
        Ok(document)
    }

    /// Puts a document into the cache that was fetched some time ago.
    pub fn keep(&self, document: DidDocument, age: Duration) {
        self.inner.cache.keep(document, age);
    }

    /// The PDS a DID's document names now, past the cache; `None` if it names none.
    ///
    /// Ask before believing an `#account` event of a PDS: after a migration the old host says
    /// that the account is deactivated. Compare with [`same_host`](crate::xrpc::same_host).
    pub async fn current_host(&self, did: &str) -> Result<Option<String>, IdentityError> {
        Ok(self.fresh_document(did).await?.pds.clone())
    }

    /// Forgets what is cached of a DID, and keeps a document that is being fetched just now
    /// from being cached: call at `#identity` events.
    pub fn invalidate(&self, did: &str) {
        self.inner.cache.invalidate(did);
    }
}

/// Where the document of a DID is.
fn document_url(did: &str, plc: &str, private: bool) -> Result<Url, IdentityError> {
    let not_a_did = || IdentityError::NotADid { did: shorten(did) };
    if !is_did(did) {
        return Err(not_a_did());
    }
    if did.starts_with("did:plc:") {
        let url = format!("{}/{did}", plc.trim_end_matches('/'));
        return Url::parse(&url).map_err(|_| IdentityError::Unreachable {
            did: did.to_owned(),
            reason: format!("the plc directory {plc:?} is not a url"),
        });
    }
    let name = did.strip_prefix("did:web:").ok_or_else(not_a_did)?;
    let (host, port) = split_port(name)
        .filter(|(_, port)| port.is_none() || private)
        .ok_or_else(|| IdentityError::Refused {
            did: shorten(did),
            reason: "a did:web is a host name alone here: no path, no port".to_owned(),
        })?;
    // The reference's exception for tests: localhost has no certificates.
    let scheme = if private && host == "localhost" {
        "http"
    } else {
        "https"
    };
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    let url = Url::parse(&format!("{scheme}://{host}{port}/.well-known/did.json"));
    match url {
        Ok(url) if matches!(url.host(), Some(Host::Domain(_))) || private => Ok(url),
        _ => Err(not_a_did()),
    }
}

/// `host` or `host%3Aport`; no path parts (`:`), no other escapes.
fn split_port(name: &str) -> Option<(&str, Option<u16>)> {
    let lower = name.find("%3a");
    let (host, port) = match name.find("%3A").or(lower) {
        None => (name, None),
        Some(at) => (&name[..at], Some(name[at + 3..].parse().ok()?)),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    (!host.is_empty() && host.chars().all(plain)).then_some((host, port))
}

fn read_answer(did: &str, answer: &Response<Vec<u8>>) -> Result<DidDocument, IdentityError> {
    let did = did.to_owned();
    match answer.status() {
        status if status.is_success() => {
            DidDocument::parse(&did, answer.body()).map_err(|error| IdentityError::Malformed {
                did,
                reason: error.to_string(),
            })
        }
        StatusCode::NOT_FOUND | StatusCode::GONE => Err(IdentityError::Gone { did }),
        status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
            Err(IdentityError::Unreachable {
                did,
                reason: format!("the answer is {status}"),
            })
        }
        status => Err(IdentityError::Malformed {
            did,
            reason: format!("the answer is {status}"),
        }),
    }
}

fn fetch_error(did: &str, error: FetchError) -> IdentityError {
    let did = did.to_owned();
    let reason = error.to_string();
    match error {
        FetchError::Refused { .. } => IdentityError::Refused { did, reason },
        error if error.is_retryable() => IdentityError::Unreachable { did, reason },
        _ => IdentityError::Malformed { did, reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(did: &str, private: bool) -> Result<String, IdentityError> {
        document_url(did, "https://plc.example/", private).map(String::from)
    }

    #[test]
    fn documents_are_where_the_methods_say() {
        let plc = "did:plc:sxmei4ym4fsfdyeu4nxhimby";
        assert_eq!(
            url(plc, false).unwrap(),
            format!("https://plc.example/{plc}")
        );
        assert_eq!(
            url("did:web:pds.example", false).unwrap(),
            "https://pds.example/.well-known/did.json"
        );
        assert_eq!(
            url("did:web:localhost%3A2583", true).unwrap(),
            "http://localhost:2583/.well-known/did.json"
        );
    }

    #[test]
    fn odd_dids_lead_nowhere() {
        for did in [
            "did:web:localhost%3A2583",
            "did:web:pds.example%3A22",
            "did:web:pds.example:user:alice",
            "did:web:pds.example%2F..%2Fetc",
            "did:web:user%40pds.example",
        ] {
            assert!(
                matches!(url(did, false), Err(IdentityError::Refused { .. })),
                "{did}"
            );
        }
        for did in [
            "did:web:127.0.0.1",
            "did:key:zQ3shokFTS",
            "did:web:",
            "nobody",
            "",
            "did:plc:a/../b",
        ] {
            assert!(
                matches!(url(did, false), Err(IdentityError::NotADid { .. })),
                "{did}"
            );
        }
    }
}
