//! From a handle to the DID it names.

use std::collections::BTreeSet;
use std::sync::Arc;

use url::Url;

use super::{DidDocument, Directory, IdentityError, document};
use crate::syntax::is_did;
use crate::xrpc::{Host, shorten};

/// Bytes read of `/.well-known/atproto-did`, which holds one DID.
const WELL_KNOWN_BYTES_MAX: usize = 4 << 10;

/// Top-level names that are in no public DNS: only the XRPC resolvers may know them.
const PRIVATE_NAMES: [&str; 9] = [
    "test",
    "local",
    "localhost",
    "internal",
    "example",
    "invalid",
    "onion",
    "arpa",
    "alt",
];

/// Why a handle does not name an account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HandleError {
    /// The text is not a handle.
    #[error("{text:?} is not a handle; write it like alice.example.com")]
    NotAHandle {
        /// What was given, shortened.
        text: String,
    },
    /// Nobody that was asked knows it.
    #[error("the handle {handle} does not resolve (asked: {asked})")]
    NotFound {
        /// The handle.
        handle: String,
        /// Who was asked, and what went wrong there.
        asked: String,
    },
    /// Its DNS name has several DIDs.
    #[error("the handle {handle} has {dids} different DIDs in DNS; it should have one")]
    Ambiguous {
        /// The handle.
        handle: String,
        /// How many.
        dids: usize,
    },
    /// The account it points at does not claim it.
    #[error(
        "the handle {handle} points at {did}, but that account goes by {}",
        claimed.as_deref().unwrap_or("no handle")
    )]
    NotClaimed {
        /// The handle.
        handle: String,
        /// What it points at.
        did: String,
        /// The handle that the account's document claims.
        claimed: Option<String>,
    },
    /// The account it points at has no readable document.
    #[error("the handle {handle} points at {did}, whose document cannot be had")]
    Identity {
        /// The handle.
        handle: String,
        /// What it points at.
        did: String,
        /// What is wrong with the document.
        source: IdentityError,
    },
}

impl HandleError {
    /// Whether asking again later may help.
    pub fn is_retryable(&self) -> bool {
        match self {
            HandleError::NotFound { .. } => true,
            HandleError::Identity { source, .. } => source.is_retryable(),
            _ => false,
        }
    }
}

impl Directory {
    /// The account that a handle names, verified: the DID is looked up in DNS (TXT
    /// `_atproto.<handle>`), at `https://<handle>/.well-known/atproto-did`, and by the XRPC
    /// resolvers, in this order until one answers; then the DID's document must claim the
    /// handle. A handle that is in no public DNS is asked of the XRPC resolvers alone.
    pub async fn resolve_handle(&self, handle: &str) -> Result<Arc<DidDocument>, HandleError> {
        let normal = document::normal_handle(handle.strip_prefix('@').unwrap_or(handle));
        let Some(handle) = normal else {
            return Err(HandleError::NotAHandle {
                text: shorten(handle),
            });
        };
        let did = self.unverified_did(&handle).await?;
        let document = match self.fresh_document(&did).await {
            Ok(document) => document,
            Err(source) => {
                return Err(HandleError::Identity {
                    handle,
                    did,
                    source,
                });
            }
        };
        if document.handle.as_deref() != Some(handle.as_str()) {
            let claimed = document.handle.clone();
            return Err(HandleError::NotClaimed {
                handle,
                did,
                claimed,
            });
        }
        Ok(document)
    }

    /// The handle an account may be shown by: the one its document claims, if that handle
    /// points back at the account; `None` if it claims none or the handle points elsewhere.
    ///
    /// # Errors
    /// [`HandleError::NotFound`] if nobody knows the handle just now.
    pub async fn verified_handle(
        &self,
        document: &DidDocument,
    ) -> Result<Option<String>, HandleError> {
        let Some(handle) = &document.handle else {
            return Ok(None);
        };
        match self.unverified_did(handle).await {
            Ok(found) => Ok((found == document.did).then(|| handle.clone())),
            Err(HandleError::Ambiguous { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn unverified_did(&self, handle: &str) -> Result<String, HandleError> {
        let mut asked = Vec::new();
        let is_public = !PRIVATE_NAMES.contains(&handle.rsplit('.').next().unwrap_or_default());
        let mut resolvers: Vec<&String> = self.inner.handle_resolvers.iter().collect();
        if is_public {
            match self.did_from_dns(handle).await? {
                Ok(did) => return Ok(did),
                Err(reason) => asked.push(reason),
            }
            match self.did_from_https(handle).await {
                Ok(did) => return Ok(did),
                Err(reason) => asked.push(reason),
            }
        }
        if !is_public {
            resolvers.extend(&self.inner.private_handle_resolvers);
        }
        for resolver in resolvers {
            let host = Host::new(self.client(), resolver);
            match host.resolve_handle(handle).await {
                Ok(Some(did)) => return Ok(did),
                Ok(None) => asked.push(format!("{resolver}: unknown")),
                Err(error) => asked.push(error.to_string()),
            }
        }
        if asked.is_empty() {
            asked.push("nobody, since it is in no public DNS; set network.handle_resolver".into());
        }
        Err(HandleError::NotFound {
            handle: handle.to_owned(),
            asked: asked.join("; "),
        })
    }

    /// The DID, or why there is none there.
    async fn did_from_dns(&self, handle: &str) -> Result<Result<String, String>, HandleError> {
        let texts = match self.inner.dns.texts(&format!("_atproto.{handle}")).await {
            Ok(texts) => texts,
            Err(reason) => return Ok(Err(format!("DNS: {reason}"))),
        };
        let dids: BTreeSet<&str> = texts
            .iter()
            .filter_map(|text| text.strip_prefix("did="))
            .filter(|did| is_did(did))
            .collect();
        if dids.len() > 1 {
            return Err(HandleError::Ambiguous {
                handle: handle.to_owned(),
                dids: dids.len(),
            });
        }
        let did = dids.first().map(|did| (*did).to_owned());
        Ok(did.ok_or_else(|| "DNS: no record".to_owned()))
    }

    async fn did_from_https(&self, handle: &str) -> Result<String, String> {
        let url = Url::parse(&format!("https://{handle}/.well-known/atproto-did"))
            .map_err(|error| error.to_string())?;
        let answer = self.client().get(&url, WELL_KNOWN_BYTES_MAX).await;
        let answer = answer.map_err(|error| error.to_string())?;
        if !answer.status().is_success() {
            return Err(format!("{handle}: the answer is {}", answer.status()));
        }
        let text = String::from_utf8_lossy(answer.body());
        let did = text.trim();
        is_did(did)
            .then(|| did.to_owned())
            .ok_or_else(|| format!("{handle}: the answer is not a DID"))
    }
}
