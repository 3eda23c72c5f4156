//! Errors as `application/problem+json` (RFC 9457): what is wrong, with what, and what to do.

use axum::{
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use kith_store::StoreError;
use serde::Serialize;

use crate::ask::AskError;

/// An answer that says no.
#[derive(Debug, Serialize)]
pub(super) struct Problem {
    status: u16,
    title: &'static str,
    detail: String,
    /// Which parameter is the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<String>,
    /// What was probably meant, or what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

impl Problem {
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Box<Problem> {
        Box::new(Problem {
            status: status.as_u16(),
            title: status.canonical_reason().unwrap_or("Problem"),
            detail: detail.into(),
            parameter: None,
            help: None,
        })
    }

    pub(super) fn parameter(mut self: Box<Self>, name: impl Into<String>) -> Box<Problem> {
        self.parameter = Some(name.into());
        self
    }

    pub(super) fn help(mut self: Box<Self>, help: impl Into<String>) -> Box<Problem> {
        self.help = Some(help.into());
        self
    }

    /// A parameter that is of no use here or cannot be understood.
    pub(super) fn bad(name: &str, what: impl AsRef<str>) -> Box<Problem> {
        let detail = format!("{name} {}", what.as_ref());
        Problem::new(StatusCode::BAD_REQUEST, detail).parameter(name)
    }

    /// A failure of ours: the log has the reason, the answer has not.
    pub(super) fn ours(error: &dyn std::fmt::Display) -> Box<Problem> {
        tracing::error!(%error, "a request failed");
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the database could not answer; the log says why",
        )
    }

    /// An account, or a report's parameter, as [`crate::ask`] understood it.
    pub(super) fn of_ask(name: &'static str, error: AskError) -> Box<Problem> {
        match error {
            AskError::Misasked(wrong) => Problem::bad(wrong.name, &wrong.what).help(wrong.help),
            AskError::Store(StoreError::UnknownHandle { handle }) => Problem::new(
                StatusCode::NOT_FOUND,
                format!("no account is known by the handle {handle:?}"),
            )
            .parameter(name)
            .help("give its DID"),
            AskError::Store(error) => Problem::ours(&error),
        }
    }
}

impl IntoResponse for Box<Problem> {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).unwrap_or_default();
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
pub(super) async fn method_not_allowed(method: Method, uri: Uri) -> Box<Problem> {
    let detail = format!("{method} is not for {}", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail)
}
