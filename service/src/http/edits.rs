//! What the token allows: to edit the configuration, as `kith track` and `kith opt-out` do. A
//! running service takes the edit up by itself; nothing else is talked to.

use std::{path::Path, sync::Arc};

use axum::{
    body::{Body, to_bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use kith_config::{
    Identifier,
    edit::{EditError, is_label},
};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::json;

use super::{Site, api::json as answer, guard::BODY_BYTES_MAX, problem::Problem, token};
use crate::{
    commands::{opt_out, track},
    exit::{FileError, InputError},
};

/// Whom to track.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tracked {
    /// A DID or a handle.
    id: String,
    /// What the user calls it.
    #[serde(default, deserialize_with = "given")]
    label: Option<String>,
}

/// Whom an edit is about.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    /// A DID or a handle.
    id: String,
}

/// Adds an account to the tracked ones.
pub(super) async fn track(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let help = "send {\"id\": \"alice.example.com\"}, also with \"label\"";
    let Tracked { id, label } = body_of(&site, &headers, body, help).await?;
    readable(&id)?;
    if label.as_deref().is_some_and(|label| !is_label(label)) {
        return Err(told(&EditError::Label.to_string(), StatusCode::BAD_REQUEST).parameter("label"));
    }
    let id = edit(&site, move |path| track::add(path, &id, label.as_deref())).await?;
    answer(&json!({ "tracked": id.as_str() }), None)
}

/// Removes an account from the tracked ones.
pub(super) async fn untrack(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let Named { id } = body_of(&site, &headers, body, NAMED_HELP).await?;
    readable(&id)?;
    let id = edit(&site, move |path| track::remove(path, &id)).await?;
    answer(&json!({ "untracked": id.as_str() }), None)
}

/// Adds an account to those that want no points.
pub(super) async fn opt_out(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let Named { id } = body_of(&site, &headers, body, NAMED_HELP).await?;
    readable(&id)?;
    let id = edit(&site, move |path| opt_out::add(path, &id)).await?;
    answer(&json!({ "opted_out": id.as_str() }), None)
}

/// Removes an account from those that want no points.
pub(super) async fn opt_in(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let Named { id } = body_of(&site, &headers, body, NAMED_HELP).await?;
    readable(&id)?;
    let id = edit(&site, move |path| opt_out::remove(path, &id)).await?;
    answer(&json!({ "opted_in": id.as_str() }), None)
}

/// An account's name has to be one.
fn readable(id: &str) -> Result<(), Problem> {
    let id = track::identifier(id).map(drop);
    id.map_err(|InputError(said)| told(&said, StatusCode::BAD_REQUEST))
}

const NAMED_HELP: &str = "send {\"id\": \"alice.example.com\"}";

/// A value that may be left out, but is not `null`: of the two ways of saying nothing the API's
/// description has the one.
pub(super) fn given<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// Checks the token and reads the body.
pub(super) async fn body_of<T: DeserializeOwned>(
    site: &Site,
    headers: &HeaderMap,
    body: Body,
    help: &str,
) -> Result<T, Problem> {
    token::require(site.token.get().as_deref(), headers)?;
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/json") {
        let detail = "the body has to be application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    let bytes = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| {
        let detail = format!("the body is cut off, or has more than {BODY_BYTES_MAX} bytes");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail)
    })?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let detail = format!("the body cannot be read: {error}");
        Problem::new(StatusCode::BAD_REQUEST, detail).help(help)
    })
}

/// Edits the file; files are waited for elsewhere.
async fn edit(
    site: &Site,
    change: impl FnOnce(&Path) -> anyhow::Result<Identifier> + Send + 'static,
) -> Result<Identifier, Problem> {
    let path = site.path.clone();
    let edited = tokio::task::spawn_blocking(move || change(&path)).await;
    let edited = edited.map_err(|error| Problem::ours(&error))?;
    edited.map_err(|error| match error.downcast::<InputError>() {
        Ok(InputError(said)) => told(&said, StatusCode::CONFLICT),
        Err(error) => match error.downcast::<FileError>() {
            Ok(FileError(said)) => told(&said, StatusCode::INTERNAL_SERVER_ERROR),
            Err(error) => Problem::ours(&error),
        },
    })
}

/// What a command would have said.
pub(super) fn told(said: &str, status: StatusCode) -> Problem {
    let (detail, help) = said.split_once("\n  help: ").unwrap_or((said, ""));
    let problem = Problem::new(status, detail.replace('\n', " "));
    match help {
        "" => problem,
        help => problem.help(help),
    }
}
