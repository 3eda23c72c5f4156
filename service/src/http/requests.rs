//! Claims and being forgotten, with the token: the request is left in the database as commands
//! leave it, and the service that runs answers it. This server never writes to the ledger.

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    response::Response,
};
use kith_config::Did;
use kith_store::{
    RequestState, StoreError,
    batch::{Answer, Request, RequestKind},
};
use serde::Deserialize;
use serde_json::Number;

use super::{
    Site,
    api::json as answer,
    edits::{body_of, given, told},
    problem::Problem,
    token,
};
use crate::{ask, commands::claim::refusal, requests, service::now};

/// How long an answer is waited for, below what any answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is claimed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Claim {
    /// A DID, or the handle of a known account.
    account: String,
    /// Everything; else one of the others is needed.
    #[serde(default)]
    all: bool,
    /// Bundles of this sender only.
    #[serde(default, deserialize_with = "given")]
    from: Option<String>,
    /// This bundle only.
    #[serde(default, deserialize_with = "given")]
    entry: Option<Number>,
}

/// Who is to be forgotten, or not any more.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forget {
    did: String,
    #[serde(default)]
    undo: bool,
}

/// An account takes what waits for it.
pub(super) async fn claim(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let help = "send {\"account\": DID, \"all\": true}, or with \"from\", \"entry\" or both";
    let claim: Claim = body_of(&site, &headers, body, help).await?;
    let is_part = claim.from.is_some() || claim.entry.is_some();
    if claim.all == is_part {
        let detail = "a claim is either of all or says from whom, or which entry";
        return Err(Problem::new(StatusCode::BAD_REQUEST, detail).help(help));
    }
    let did = async |name, account: &str| {
        let did = ask::did_of(&site.store, name, account).await;
        did.map_err(|error| Problem::of_ask(name, error))
    };
    let sender = match &claim.from {
        Some(sender) => Some(did("from", sender).await?),
        None => None,
    };
    let request = Request {
        kind: RequestKind::Claim,
        did: did("account", &claim.account).await?,
        sender,
        entry: claim.entry.map(|entry| whole(&entry)).transpose()?,
    };
    leave(&site, &request).await
}

/// A whole number, also one that is written as 3.0: to JSON they are the same.
fn whole(number: &Number) -> Result<u32, Problem> {
    let text = number.to_string();
    let text = text.strip_suffix(".0").unwrap_or(&text);
    text.parse()
        .map_err(|_| Problem::bad("entry", format!("is a whole number from 0 to {}", u32::MAX)))
}

/// An account is forgotten, or may be met again.
pub(super) async fn forget(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let help = "send {\"did\": DID}, with \"undo\": true to let it be met again";
    let forget: Forget = body_of(&site, &headers, body, help).await?;
    let did = forget.did.parse::<Did>().map_err(|error| {
        Problem::bad("did", format!("is no DID: {error}")).help("a handle will not do here")
    })?;
    let request = Request {
        kind: match forget.undo {
            true => RequestKind::Remember,
            false => RequestKind::Forget,
        },
        did: did.as_str().to_owned(),
        sender: None,
        entry: None,
    };
    leave(&site, &request).await
}

/// What became of a request.
pub(super) async fn request(
    State(site): State<Arc<Site>>,
    id: Result<Path<u64>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    token::require(site.token.get().as_deref(), &headers)?;
    if uri.query().is_some_and(|query| !query.is_empty()) {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "this has no parameters",
        ));
    }
    let id = id.map(|Path(id)| id).unwrap_or_default();
    let state = site.store.request(id).await;
    match state.map_err(|error| Problem::ours(&error))? {
        Some(state) => answer(&state, None),
        None => Err(Problem::new(
            StatusCode::NOT_FOUND,
            "there is no request of this number",
        )),
    }
}

/// Leaves a request, and waits for its answer if a service runs.
async fn leave(site: &Site, request: &Request) -> Result<Response, Problem> {
    let id = site.store.ask(request, now()).await.map_err(|error| {
        let StoreError::TooManyRequests { .. } = error else {
            return Problem::ours(&error);
        };
        told(&error.to_string(), StatusCode::SERVICE_UNAVAILABLE)
    })?;
    let state = requests::heard(&site.store, id, PATIENCE).await;
    let state = state.map_err(|error| Problem::ours(&error))?;
    match state.answer.as_deref().and_then(Answer::parse) {
        Some(Answer::Done | Answer::Partly) => answer(&state, None),
        Some(no @ Answer::UnknownAccount) => Err(refused(no, &state, StatusCode::NOT_FOUND)),
        Some(no) => Err(refused(no, &state, StatusCode::CONFLICT)),
        None => waits(&state),
    }
}

fn refused(no: Answer, state: &RequestState, status: StatusCode) -> Problem {
    told(&refusal(no, state), status).reason(no.name())
}

/// It is taken when a service runs; the address says where to look.
fn waits(state: &RequestState) -> Result<Response, Problem> {
    let mut response = answer(state, None)?;
    *response.status_mut() = StatusCode::ACCEPTED;
    if let Ok(address) = HeaderValue::from_str(&format!("/api/v1/requests/{}", state.id)) {
        response.headers_mut().insert(header::LOCATION, address);
    }
    Ok(response)
}
