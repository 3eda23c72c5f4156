//! What a server says instead of a stream: HTTP answers before the upgrade.

use super::End;
use http::HeaderMap;
use http::header::RETRY_AFTER;
use serde::Deserialize;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio_tungstenite::tungstenite::handshake::client::Response;

/// The reason of [`End`] when a Jetstream does not keep our cursor any more.
pub(super) const CURSOR_TOO_OLD: &str = "cursor_too_old";
/// The reason of [`End`] when a Jetstream does not know our dictionary.
pub(super) const UNKNOWN_DICTIONARY: &str = "unknown_dictionary";

/// An error of XRPC, as far as it is read.
#[derive(Deserialize)]
struct Body {
    error: String,
    message: Option<String>,
}

/// Names an answer: `http_` and the status, or the name of the error where that matters.
pub(super) fn end_of(answer: &Response, now: SystemTime) -> End {
    // Only what came with the headers; a body that is not all there is read as none.
    let body = answer.body().as_deref().unwrap_or_default();
    let body: Option<Body> = serde_json::from_slice(body).ok();
    let status = answer.status();
    let reason = match body.as_ref().map(|body| &*body.error) {
        Some("CursorTooOld") => CURSOR_TOO_OLD.to_owned(),
        Some("UnknownZstdDictionary") => UNKNOWN_DICTIONARY.to_owned(),
        _ => format!("http_{}", status.as_u16()),
    };
    let said = body.map(|body| format!(": {}: {}", body.error, body.message.unwrap_or_default()));
    End {
        reason,
        detail: super::shorten(&format!("{status}{}", said.unwrap_or_default())),
        retry_after: pause_of(answer.headers(), now),
    }
}

/// The wait that a server asks for: the longer of `Retry-After` (seconds or a date) and, when
/// nothing remains, `RateLimit-Reset` (unix seconds).
fn pause_of(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let until = |time: SystemTime| time.duration_since(now).ok();
    let asked = text(RETRY_AFTER.as_str()).and_then(|text| match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => until(httpdate::parse_http_date(text).ok()?),
    });
    let reset = text("ratelimit-reset")
        .filter(|_| text("ratelimit-remaining").is_none_or(|left| left == "0"))
        .and_then(|text| UNIX_EPOCH.checked_add(Duration::from_secs(text.parse().ok()?)))
        .and_then(until);
    asked.max(reset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_that_is_asked_for_is_understood() {
        // 1994-11-06T08:49:37Z
        let now = UNIX_EPOCH + Duration::from_secs(784_111_777);
        let check = |headers: &[(&'static str, &str)], seconds: Option<u64>| {
            let map = headers
                .iter()
                .map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap()))
                .collect();
            assert_eq!(
                pause_of(&map, now),
                seconds.map(Duration::from_secs),
                "{headers:?}"
            );
        };
        check(&[], None);
        check(&[("retry-after", " 7 ")], Some(7));
        check(
            &[("retry-after", "Sun, 06 Nov 1994 08:50:37 GMT")],
            Some(60),
        );
        check(
            &[("retry-after", "Sunday, 06-Nov-94 08:50:37 GMT")],
            Some(60),
        );
        check(&[("retry-after", "Sun, 06 Nov 1994 08:40:37 GMT")], None);
        check(&[("retry-after", "tomorrow")], None);
        check(&[("retry-after", "-1")], None);
        check(&[("retry-after", "18446744073709551615")], Some(u64::MAX));
        check(&[("ratelimit-reset", "784111877")], Some(100));
        check(
            &[
                ("ratelimit-reset", "784111877"),
                ("ratelimit-remaining", "3"),
            ],
            None,
        );
        check(
            &[("ratelimit-reset", "784111877"), ("retry-after", "7")],
            Some(100),
        );
        check(&[("ratelimit-reset", "18446744073709551615")], None);
    }
}
