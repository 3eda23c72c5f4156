//! What the token allows: to edit the configuration, as `kith track` does. A running service takes
//! the edit up by itself; nothing else is talked to.

use std::sync::Arc;

use axum::{
    body::{Body, to_bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use serde::Deserialize;
use serde_json::json;

use super::{Site, api::json as answer, guard::BODY_BYTES_MAX, problem::Problem, token};
use crate::{commands::track as file, exit::InputError};

/// Whom to track, or not any more.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// A DID or a handle.
    id: String,
    /// What the user calls it; to track only.
    label: Option<String>,
}

/// Adds an account to the tracked ones.
pub(super) async fn track(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Box<Problem>> {
    let Wanted { id, label } = wanted(&site, &headers, body).await?;
    let path = site.path.clone();
    let edit = tokio::task::spawn_blocking(move || file::add(&path, &id, label.as_deref()));
    let id = done(edit.await)?;
    answer(&json!({ "tracked": id.as_str() }), None)
}

/// Removes an account from the tracked ones.
pub(super) async fn untrack(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Box<Problem>> {
    let Wanted { id, label } = wanted(&site, &headers, body).await?;
    if label.is_some() {
        return Err(Problem::bad("label", "is for /api/v1/track only"));
    }
    let path = site.path.clone();
    let id = done(tokio::task::spawn_blocking(move || file::remove(&path, &id)).await)?;
    answer(&json!({ "untracked": id.as_str() }), None)
}

/// Checks the token and reads the body.
async fn wanted(site: &Site, headers: &HeaderMap, body: Body) -> Result<Wanted, Box<Problem>> {
    token::require(site.token.as_ref(), headers)?;
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
        Problem::new(
            StatusCode::BAD_REQUEST,
            format!("the body cannot be read: {error}"),
        )
        .help("send {\"id\": \"alice.example.com\"}, to track also with \"label\"")
    })
}

type Edited = Result<anyhow::Result<kith_config::Identifier>, tokio::task::JoinError>;

fn done(edited: Edited) -> Result<kith_config::Identifier, Box<Problem>> {
    let edited = edited.map_err(|error| Problem::ours(&error))?;
    edited.map_err(|error| match error.downcast::<InputError>() {
        Ok(InputError(said)) => {
            let (detail, help) = said.split_once("\n  help: ").unwrap_or((&said, ""));
            let problem = Problem::new(StatusCode::CONFLICT, detail.replace('\n', " "));
            match help {
                "" => problem,
                help => problem.help(help),
            }
        }
        Err(error) => Problem::ours(&error),
    })
}
