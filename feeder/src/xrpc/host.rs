//! The XRPC calls Kith makes, by atrium's types over our [`Client`].
//!
//! Parameters and answers are atrium-api's. Only the records of strangers are not: atrium's
//! `listRecords` output fails as a whole if one record has a value or CID it does not like, so
//! here a page is a list of raw JSON values, read one by one.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use atrium_api::client::AtpServiceClient;
use atrium_api::com::atproto::identity::resolve_handle;
use atrium_api::com::atproto::repo::list_records;
use atrium_api::com::atproto::sync::get_repo_status;
use atrium_api::types::string::{AtIdentifier, Did, Handle, Nsid};
use atrium_xrpc::error::XrpcErrorKind;
use atrium_xrpc::{HttpClient, OutputDataOrBytes, XrpcClient, XrpcRequest};
use http::{Method, Request, Response};
use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use url::Url;

use super::client::{Client, FetchError, Took};
use super::shorten;

/// Records asked for per page: the most that `listRecords` gives.
const PAGE_RECORDS: u8 = 100;

/// Why an XRPC call brought no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// There was no answer.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The answer is an error by status.
    #[error("{host} answered {status}{}", describe(name.as_deref(), message.as_deref()))]
    Answer {
        /// Base URL of the server.
        host: String,
        /// HTTP status, 400..=599 from well-behaved servers.
        status: u16,
        /// The XRPC error's name, such as `RepoNotFound`.
        name: Option<String>,
        /// The XRPC error's message, shortened.
        message: Option<String>,
    },
    /// The answer is not what the lexicon says.
    #[error("the answer of {host} cannot be read: {reason}")]
    Malformed {
        /// Base URL of the server.
        host: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A parameter is not valid, so nothing was asked.
    #[error("{text:?} is not a valid {what}")]
    BadParameter {
        /// What was expected: `DID`, `handle` ..
        what: &'static str,
        /// What was given, shortened.
        text: String,
    },
}

fn describe(name: Option<&str>, message: Option<&str>) -> String {
    match (name, message) {
        (None, None) => String::new(),
        (Some(one), None) | (None, Some(one)) => format!(": {one}"),
        (Some(name), Some(message)) => format!(": {name}: {message}"),
    }
}

/// A page of `com.atproto.repo.listRecords`, its records still unread.
#[derive(Debug, Deserialize)]
pub struct RecordPage {
    /// Where the next page begins; none or empty at the end.
    #[serde(default)]
    pub cursor: Option<String>,
    #[serde(deserialize_with = "records")]
    records: Vec<Box<RawValue>>,
}

/// Records on a page at most: a hundred were asked for, and a small answer may unpack to millions.
const PAGE_RECORDS_MAX: usize = 1_000;

fn records<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Box<RawValue>>, D::Error> {
    struct Records;
    impl<'de> Visitor<'de> for Records {
        type Value = Vec<Box<RawValue>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "at most {PAGE_RECORDS_MAX} records")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            let mut records = Vec::new();
            while let Some(record) = seq.next_element()? {
                if records.len() == PAGE_RECORDS_MAX {
                    return Err(A::Error::invalid_length(records.len() + 1, &self));
                }
                records.push(record);
            }
            Ok(records)
        }
    }
    deserializer.deserialize_seq(Records)
}

impl RecordPage {
    /// Records on the page, readable or not.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether the page has no records.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Reads the records as [`RecordEntry`] or [`LikeEntry`]; `None` for each that lacks a part.
    pub fn entries<'a, E: Deserialize<'a>>(&'a self) -> impl Iterator<Item = Option<E>> {
        self.records
            .iter()
            .map(|raw| serde_json::from_str(raw.get()).ok())
    }
}

/// What is needed of a follow or block record in a page. Everything else is ignored.
#[derive(Debug, Deserialize)]
pub struct RecordEntry {
    /// AT-URI of the record, unchecked.
    pub uri: String,
    value: SubjectValue,
}

#[derive(Debug, Deserialize)]
struct SubjectValue {
    subject: String,
}

impl RecordEntry {
    /// The `subject` of the record, unchecked.
    pub fn subject(&self) -> &str {
        &self.value.subject
    }

    /// Gives up the `subject` of the record.
    pub fn into_subject(self) -> String {
        self.value.subject
    }
}

/// What is needed of a like or repost record in a page. Everything else is ignored.
#[derive(Debug, Deserialize)]
pub struct LikeEntry {
    /// AT-URI of the record, unchecked.
    pub uri: String,
    /// CID of the record, unchecked.
    pub cid: String,
    value: LikeValue,
}

#[derive(Debug, Deserialize)]
struct LikeValue {
    subject: StrongRef,
}

#[derive(Debug, Deserialize)]
struct StrongRef {
    uri: String,
}

impl LikeEntry {
    /// Gives up the AT-URI of what is liked, unchecked.
    pub fn into_subject(self) -> String {
        self.value.subject.uri
    }
}

/// In which order `listRecords` lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Ascending by record key.
    OldestFirst,
    /// Descending.
    NewestFirst,
}

/// Answer of `com.atproto.sync.getRepoStatus`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepoStatus {
    /// Whether the host serves the repo.
    pub active: bool,
    /// Why not: `takendown`, `suspended`, `deactivated` .. Other words are possible.
    pub status: Option<String>,
    /// Current revision, if active.
    pub rev: Option<String>,
}

/// One server, asked through a [`Client`]. Clones share the time counter.
#[derive(Clone)]
pub struct Host {
    client: Client,
    base: String,
    spent_micros: Arc<AtomicU64>,
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host")
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

impl Host {
    /// A server by its base URL: `https://pds.example`.
    pub fn new(client: &Client, base: &str) -> Host {
        Host {
            client: client.clone(),
            base: base.trim_end_matches('/').to_owned(),
            spent_micros: Arc::default(),
        }
    }

    /// Base URL, without a final slash.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Time that answers have taken so far, without the time requests waited for their turn.
    pub fn spent(&self) -> Duration {
        Duration::from_micros(self.spent_micros.load(Ordering::Relaxed))
    }

    /// A page of at most 100 records of a collection (`com.atproto.repo.listRecords`), from
    /// after `cursor`.
    pub async fn list_records(
        &self,
        repo: &str,
        collection: &str,
        order: Order,
        cursor: Option<String>,
    ) -> Result<RecordPage, CallError> {
        let parameters = list_records::ParametersData {
            collection: Nsid::new(collection.to_owned())
                .map_err(|_| bad_parameter("collection", collection))?,
            cursor,
            limit: PAGE_RECORDS.try_into().ok(),
            repo: AtIdentifier::Did(did(repo)?),
            reverse: Some(order == Order::OldestFirst),
        };
        let request = XrpcRequest::<list_records::Parameters, ()> {
            method: Method::GET,
            nsid: list_records::NSID.to_owned(),
            parameters: Some(parameters.into()),
            input: None,
            encoding: None,
        };
        let answer = self
            .send_xrpc::<_, _, RecordPage, list_records::Error>(&request)
            .await;
        match answer.map_err(|error| self.call_error(error))? {
            OutputDataOrBytes::Data(page) => Ok(page),
            OutputDataOrBytes::Bytes(_) => Err(self.malformed("it is not json".to_owned())),
        }
    }

    /// Whether the host serves a repo (`com.atproto.sync.getRepoStatus`); `None` if it knows no
    /// such repo: it never had it, or the account was deleted.
    pub async fn repo_status(&self, repo: &str) -> Result<Option<RepoStatus>, CallError> {
        let parameters = get_repo_status::ParametersData { did: did(repo)? };
        let service = AtpServiceClient::new(self.clone()).service;
        match service
            .com
            .atproto
            .sync
            .get_repo_status(parameters.into())
            .await
        {
            Ok(answer) if answer.did.as_str() != repo => {
                Err(self.malformed(format!("it is about {}", shorten(answer.did.as_str()))))
            }
            Ok(answer) => Ok(Some(RepoStatus {
                active: answer.active,
                status: answer.status.clone(),
                rev: answer.rev.as_ref().map(|rev| rev.as_str().to_owned()),
            })),
            Err(error) => match self.call_error(error) {
                CallError::Answer {
                    name: Some(name), ..
                } if name == "RepoNotFound" => Ok(None),
                error => Err(error),
            },
        }
    }

    /// The DID a handle points at by this server's word (`com.atproto.identity.resolveHandle`);
    /// `None` if it does not know the handle.
    pub async fn resolve_handle(&self, handle: &str) -> Result<Option<String>, CallError> {
        let parsed = Handle::new(handle.to_owned()).map_err(|_| bad_parameter("handle", handle))?;
        let parameters = resolve_handle::ParametersData { handle: parsed };
        let service = AtpServiceClient::new(self.clone()).service;
        match service
            .com
            .atproto
            .identity
            .resolve_handle(parameters.into())
            .await
        {
            Ok(answer) => Ok(Some(answer.did.as_str().to_owned())),
            Err(error) => match self.call_error(error) {
                CallError::Answer {
                    status: 400,
                    name: Some(name),
                    message,
                    ..
                } if name == "HandleNotFound"
                    || message.as_deref() == Some("Unable to resolve handle") =>
                {
                    Ok(None)
                }
                error => Err(error),
            },
        }
    }

    fn malformed(&self, reason: String) -> CallError {
        CallError::Malformed {
            host: shorten(&self.base),
            reason,
        }
    }

    fn call_error<E: fmt::Debug + fmt::Display>(&self, error: atrium_xrpc::Error<E>) -> CallError {
        let host = shorten(&self.base);
        match error {
            atrium_xrpc::Error::HttpClient(error) => match error.downcast::<FetchError>() {
                Ok(error) => CallError::Fetch(*error),
                Err(error) => CallError::Malformed {
                    host,
                    reason: shorten(&error.to_string()),
                },
            },
            atrium_xrpc::Error::XrpcResponse(answer) => {
                let (name, message) = name_and_message(answer.error);
                CallError::Answer {
                    host,
                    status: answer.status.as_u16(),
                    name,
                    message,
                }
            }
            atrium_xrpc::Error::Authentication(_) => CallError::Answer {
                host,
                status: 401,
                name: None,
                message: None,
            },
            other => CallError::Malformed {
                host,
                reason: shorten(&other.to_string()),
            },
        }
    }
}

/// Errors declared in a lexicon print as `Name` or `Name: message`; the others carry both.
fn name_and_message<E: fmt::Display>(
    error: Option<XrpcErrorKind<E>>,
) -> (Option<String>, Option<String>) {
    match error {
        None => (None, None),
        Some(XrpcErrorKind::Undefined(body)) => (
            body.error.as_deref().map(shorten),
            body.message.as_deref().map(shorten),
        ),
        Some(XrpcErrorKind::Custom(error)) => {
            let text = error.to_string();
            match text.split_once(": ") {
                Some((name, message)) => (Some(name.to_owned()), Some(shorten(message))),
                None => (Some(text), None),
            }
        }
    }
}

fn did(text: &str) -> Result<Did, CallError> {
    Did::new(text.to_owned()).map_err(|_| bad_parameter("DID", text))
}

fn bad_parameter(what: &'static str, text: &str) -> CallError {
    CallError::BadParameter {
        what,
        text: shorten(text),
    }
}

impl HttpClient for Host {
    async fn send_http(
        &self,
        request: Request<Vec<u8>>,
    ) -> Result<Response<Vec<u8>>, Box<dyn StdError + Send + Sync + 'static>> {
        let text = request.uri().to_string();
        let url = Url::parse(&text).map_err(|_| FetchError::NotAUrl {
            text: shorten(&text),
        })?;
        let answer = self
            .client
            .get(&url, self.client.options().body_bytes_max)
            .await?;
        if let Some(Took(took)) = answer.extensions().get() {
            let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            self.spent_micros.fetch_add(micros, Ordering::Relaxed);
        }
        Ok(answer.map(with_valid_utf8))
    }
}

impl XrpcClient for Host {
    fn base_uri(&self) -> String {
        self.base.clone()
    }
}

/// Replaces invalid UTF-8, so that one bad string costs one record and not its page.
fn with_valid_utf8(body: Vec<u8>) -> Vec<u8> {
    String::from_utf8(body)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
        .into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_not_many_more_records_than_were_asked_for() {
        let page = |records: usize| {
            let page = format!(r#"{{"records":[{}0]}}"#, "0,".repeat(records - 1));
            serde_json::from_str::<RecordPage>(&page)
        };
        assert_eq!(
            page(PAGE_RECORDS_MAX).expect("a page").len(),
            PAGE_RECORDS_MAX
        );
        assert!(page(PAGE_RECORDS_MAX + 1).is_err());
    }
}
