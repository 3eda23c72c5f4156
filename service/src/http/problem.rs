//! Errors as `application/problem+json` (RFC 9457): what is wrong, with what, and what to do.

use axum::{
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use kith_store::StoreError;
use serde::Serialize;

use crate::ask::AskError;

/// An answer that says no. Boxed, since it is the rare half of every result.
#[derive(Debug)]
pub(super) struct Problem(Box<Said>);

#[derive(Debug, Serialize)]
struct Said {
    status: u16,
    title: &'static str,
    detail: String,
    /// Which parameter is the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
    /// The reason's name, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    /// What was probably meant, or what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Problem {
        Problem(Box::new(Said {
            status: status.as_u16(),
            title: status.canonical_reason().unwrap_or("Problem"),
            detail: detail.into(),
            parameter: None,
            reason: None,
            help: None,
        }))
    }

    pub(super) fn parameter(mut self, name: impl Into<String>) -> Problem {
        self.0.parameter = Some(name.into());
        self
    }

    pub(super) fn reason(mut self, name: &'static str) -> Problem {
        self.0.reason = Some(name);
        self
    }

    pub(super) fn help(mut self, help: impl Into<String>) -> Problem {
        self.0.help = Some(help.into());
        self
    }

    /// A parameter that is of no use here or cannot be understood.
    pub(super) fn bad(name: &str, what: impl AsRef<str>) -> Problem {
        let detail = format!("{name} {}", what.as_ref());
        Problem::new(StatusCode::BAD_REQUEST, detail).parameter(name)
    }

    /// A failure of ours: the log has the reason, the answer has not.
    pub(super) fn ours(error: &dyn std::fmt::Display) -> Problem {
        tracing::error!(%error, "a request failed");
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the database could not answer; the log says why",
        )
    }

    /// An account, or a report's parameter, as [`crate::ask`] understood it.
    pub(super) fn of_ask(name: &'static str, error: AskError) -> Problem {
        match error {
            AskError::Misasked(wrong) => Problem::bad(wrong.name, &wrong.what).help(wrong.help),
            AskError::Store(StoreError::UnknownHandle { handle }) => Problem::new(
                StatusCode::NOT_FOUND,
                format!("no account is known by the handle {handle:?}"),
            )
            .parameter(name)
            .help("give its DID"),
            AskError::Store(error @ StoreError::UnknownEpoch { .. }) => {
                let said = error.to_string();
                let (detail, help) = said.split_once("\n  help: ").unwrap_or((&said, ""));
                Problem::new(StatusCode::NOT_FOUND, detail)
                    .parameter(name)
                    .help(help)
            }
            AskError::Store(StoreError::UnknownDid { did }) => {
                Problem::new(StatusCode::NOT_FOUND, format!("no account {did} is known"))
                    .parameter(name)
                    .help("check its spelling")
            }
            AskError::Store(StoreError::AmbiguousHandle { handle, dids }) => Problem::new(
                StatusCode::CONFLICT,
                format!(
                    "{} say that the handle {handle:?} is theirs",
                    dids.join(" and ")
                ),
            )
            .parameter(name)
            .help("give a DID"),
            AskError::Store(error) => Problem::ours(&error),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status =
            StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self.0).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        let kind = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, kind);
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// There is something at this path, but not for this method.
pub(super) async fn method_not_allowed(method: Method, uri: Uri) -> Problem {
    let detail = format!("{method} is not for {}", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
}
