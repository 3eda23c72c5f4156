//! The page's files, compiled in, and the answer to paths where nothing is.

use axum::{
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use super::{
    api::is_known,
    problem::{self, Problem},
};

/// Path, type and content.
const FILES: [(&str, &str, &[u8]); 4] = [
    (
        "/",
        "text/html; charset=utf-8",
        include_bytes!("../../page/dist/index.html"),
    ),
    (
        "/page.js",
        "text/javascript; charset=utf-8",
        include_bytes!("../../page/dist/page.js"),
    ),
    (
        "/page.css",
        "text/css; charset=utf-8",
        include_bytes!("../../page/dist/page.css"),
    ),
    (
        "/icon.svg",
        "image/svg+xml",
        include_bytes!("../../page/dist/icon.svg"),
    ),
];

/// A file of the page.
pub(super) async fn file(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    let Some((_, kind, bytes)) = FILES.iter().find(|(path, ..)| *path == uri.path()) else {
        let detail = format!("there is nothing at {}", uri.path());
        return Problem::new(StatusCode::NOT_FOUND, detail)
            .help("/api/v1/openapi.json tells what there is; the page is at /")
            .into_response();
    };
    if method != Method::GET && method != Method::HEAD {
        let refused = problem::method_not_allowed(method, uri).await;
        return ([(header::ALLOW, "GET, HEAD")], refused).into_response();
    }
    let tag = format!("\"{}-{:x}\"", env!("CARGO_PKG_VERSION"), checksum(bytes));
    let mut response = match is_known(&headers, &tag) {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => (*bytes).into_response(),
    };
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        answer.insert(header::ETAG, tag);
    }
    response
}

/// FNV-1a, 64 bits: tells builds apart, and protects from nothing.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
