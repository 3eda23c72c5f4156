//! What every request passes on its way in, and every answer on its way out.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    sync::Arc,
    time::Duration,
};

use axum::{
    body::HttpBody,
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::{Site, problem::Problem};

/// Longest path with its query, bytes: a blend of a thousand viewers has some 40,000.
const URI_BYTES_MAX: usize = 48 << 10;
/// Largest body of a request, bytes.
pub(super) const BODY_BYTES_MAX: usize = 16 << 10;
/// Longest time until an answer begins.
const ANSWER_TIME: Duration = Duration::from_secs(20);

/// Only what Kith itself serves is loaded, run or talked to; nobody frames it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (header::VARY, "authorization"),
];

/// Lets a request through, or says why not.
pub(super) async fn pass(State(site): State<Arc<Site>>, request: Request, next: Next) -> Response {
    let mut response = match admit(&site, &request) {
        Ok(()) => answer(&site, request, next).await,
        Err(problem) => problem.into_response(),
    };
    for (name, value) in HEADERS {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    let unless_told = HeaderValue::from_static("no-cache");
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(unless_told);
    response
}

/// A compressed answer is not the same bytes: its `ETag` is weak.
pub(super) async fn name_variant(mut response: Response) -> Response {
    let headers = response.headers_mut();
    if headers.contains_key(header::CONTENT_ENCODING)
        && let Some(tag) = headers.get(header::ETAG)
        && let Ok(weak) = HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat())
    {
        headers.insert(header::ETAG, weak);
    }
    response
}

fn admit(site: &Site, request: &Request) -> Result<(), Problem> {
    if site.listens_on_loopback {
        asks_loopback(request)?;
    }
    let uri = request.uri();
    let length = uri.path_and_query().map_or(0, |text| text.as_str().len());
    if length > URI_BYTES_MAX {
        let detail = format!("a path and query have at most {URI_BYTES_MAX} bytes");
        return Err(Problem::new(StatusCode::URI_TOO_LONG, detail));
    }
    // A body without a length is read up to the bound by whoever reads it; nobody else does.
    if request.body().size_hint().lower() > BODY_BYTES_MAX as u64 {
        let detail = format!("a body has at most {BODY_BYTES_MAX} bytes");
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
    }
    Ok(())
}

async fn answer(site: &Site, request: Request, next: Next) -> Response {
    let Ok(_slot) = site.requests.try_acquire() else {
        let detail = "as many requests as are allowed are being worked on";
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail)
            .help("come again in a moment")
            .into_response();
    };
    let is_safe = request.method().is_safe();
    match tokio::time::timeout(ANSWER_TIME, next.run(request)).await {
        Ok(response) => response,
        Err(_) if !is_safe => {
            let detail = format!("not done within {} s", ANSWER_TIME.as_secs());
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, detail);
            let help = "it may still be done: look before asking again";
            let mut response = problem.help(help).into_response();
            response.headers_mut().remove(header::RETRY_AFTER);
            response
        }
        Err(_) => Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            format!("no answer within {} s", ANSWER_TIME.as_secs()),
        )
        .help("ask for less, or on the command line, where there is no limit")
        .into_response(),
    }
}

/// For what listens on loopback alone: lets a request through that asks for that. Else a page of
/// elsewhere, which gives its own name that address, could read the answer.
pub(crate) async fn only_loopback(request: Request, next: Next) -> Response {
    match asks_loopback(&request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn asks_loopback(request: &Request) -> Result<(), Problem> {
    let host = request.headers().get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok()).unwrap_or_default();
    if is_loopback(host) {
        return Ok(());
    }
    let detail = format!("Host {host:?} is no name of this machine's loopback");
    Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, detail).help(
        "ask for localhost or 127.0.0.1; a reverse proxy sets Host to that of the address it asks, \
               see docs/OPERATING.md",
    ))
}

/// Whether a Host header names loopback, with or without a port.
fn is_loopback(host: &str) -> bool {
    if let Some(rest) = host.strip_prefix('[') {
        let address = rest
            .split_once(']')
            .map(|(name, _)| name.parse::<Ipv6Addr>());
        return address.is_some_and(|address| address.is_ok_and(|address| address.is_loopback()));
    }
    let name = host.split(':').next().unwrap_or_default();
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_loopback() {
        for own in [
            "localhost",
            "LocalHost:9463",
            "127.0.0.1",
            "127.0.0.1:1",
            "[::1]:9463",
            "127.1.2.3",
        ] {
            assert!(is_loopback(own), "{own}");
        }
        for other in [
            "",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "[::2]:9463",
            "evil.example:9463",
            "[localhost",
            "0.0.0.0",
        ] {
            assert!(!is_loopback(other), "{other}");
        }
    }
}
