//! One connection: resolve, check, dial, TLS, upgrade. What is dialled is what was checked.

use super::super::spec::StreamOptions;
use super::End;
use crate::xrpc::address::{check_url, resolve};
use http::HeaderMap;
use http::header::{HeaderValue, RETRY_AFTER, USER_AGENT};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Error};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};
use url::Url;

/// The path of the subscription.
const PATH: &str = "/xrpc/com.atproto.sync.subscribeRepos";
/// Largest WebSocket message, in bytes: somewhat more than the longest frame, so that a frame
/// that is a little too long can be skipped without losing the connection.
const MESSAGE_BYTES_MAX: usize = 6_000_000;
/// What we call ourselves.
const AGENT: &str = concat!("kith/", env!("CARGO_PKG_VERSION"));
/// How many of a name's addresses are tried.
const ADDRESSES_MAX: usize = 8;

/// An open stream.
pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Where a stream is.
pub(super) struct Endpoint {
    url: Url,
    host: String,
    port: u16,
}

impl Endpoint {
    /// Reads a source's URL; an error says what to write instead.
    pub(super) fn parse(text: &str, allow_private: bool) -> Result<Self, String> {
        let wrong = |what: &str| format!("{text}: {what}; write wss:// and a host");
        let mut url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
        let scheme = match url.scheme() {
            "wss" | "https" => "wss",
            "ws" | "http" => "ws",
            _ => return Err(wrong("not the address of a stream")),
        };
        // Always possible: all four are special schemes.
        url.set_scheme(scheme)
            .map_err(|()| wrong("not the address of a stream"))?;
        check_url(&url, allow_private).map_err(|refusal| {
            format!(
                "{text}: {refusal}; for tests and home labs set network.allow_private_addresses"
            )
        })?;
        let host = url.host_str().ok_or_else(|| wrong("no host"))?.to_owned();
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let port = url
            .port_or_known_default()
            .ok_or_else(|| wrong("no port"))?;
        let base = url.path().trim_end_matches('/');
        let path = if base.ends_with(PATH) {
            base.to_owned()
        } else {
            format!("{base}{PATH}")
        };
        url.set_path(&path);
        Ok(Self { url, host, port })
    }

    fn with_cursor(&self, cursor: Option<u64>) -> Url {
        let mut url = self.url.clone();
        if let Some(cursor) = cursor {
            url.query_pairs_mut()
                .append_pair("cursor", &cursor.to_string());
        }
        url
    }
}

/// Opens the stream at `cursor`.
pub(super) async fn connect(
    endpoint: &Endpoint,
    cursor: Option<u64>,
    options: &StreamOptions,
) -> Result<Socket, End> {
    match timeout(options.connect_timeout, open(endpoint, cursor, options)).await {
        Ok(opened) => opened,
        Err(_) => Err(End::new(
            "connect_timeout",
            format!("within {:?}", options.connect_timeout),
        )),
    }
}

async fn open(
    endpoint: &Endpoint,
    cursor: Option<u64>,
    options: &StreamOptions,
) -> Result<Socket, End> {
    let tcp = dial(endpoint, options.allow_private_addresses).await?;
    // Frames are small and pongs smaller; waiting to fill packets gains nothing.
    tcp.set_nodelay(true)
        .map_err(|error| End::new("io", error.to_string()))?;
    let url = endpoint.with_cursor(cursor);
    let mut request = url
        .as_str()
        .into_client_request()
        .map_err(|error| refused_upgrade(&error))?;
    request
        .headers_mut()
        .insert(USER_AGENT, HeaderValue::from_static(AGENT));
    let limits = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX));
    let connector = match url.scheme() {
        "wss" => Connector::Rustls(tls().map_err(|error| End::new("tls", error.to_string()))?),
        _ => Connector::Plain,
    };
    let upgraded = client_async_tls_with_config(request, tcp, Some(limits), Some(connector)).await;
    upgraded
        .map(|(socket, _)| socket)
        .map_err(|error| refused_upgrade(&error))
}

/// Dials the first of the host's addresses that answers; none that may not be talked to.
async fn dial(endpoint: &Endpoint, allow_private: bool) -> Result<TcpStream, End> {
    let addresses = resolve(&endpoint.host, endpoint.port, allow_private).await;
    let addresses = addresses.map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => End::new("refused_address", error.to_string()),
        _ => End::new("dns", error.to_string()),
    })?;
    let mut last = End::new("dns", "the name has no address");
    for address in addresses.into_iter().take(ADDRESSES_MAX) {
        match TcpStream::connect(address).await {
            Ok(tcp) => return Ok(tcp),
            Err(error) => last = End::new("connect", format!("{address}: {error}")),
        }
    }
    Err(last)
}

/// TLS by ring with the Mozilla roots compiled in: no process-wide provider is needed.
fn tls() -> Result<Arc<rustls::ClientConfig>, rustls::Error> {
    let roots = webpki_roots::TLS_SERVER_ROOTS
        .iter()
        .cloned()
        .collect::<rustls::RootCertStore>();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Says why there is no stream; an HTTP answer is a reason of its own, such as `http_429`.
fn refused_upgrade(error: &tungstenite::Error) -> End {
    match error {
        Error::Http(answer) => End {
            reason: format!("http_{}", answer.status().as_u16()),
            detail: answer.status().to_string(),
            retry_after: retry_after(answer.headers()),
        },
        Error::Io(_) => End::new("io", error.to_string()),
        Error::Tls(_) => End::new("tls", error.to_string()),
        _ => End::new("handshake", error.to_string()),
    }
}

/// The wait that a server asks for, in seconds. A date instead of a number is not understood;
/// the backoff has to do then.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers
        .get(RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_become_subscriptions() {
        let check = |text: &str, expect: &str| {
            let endpoint = Endpoint::parse(text, true).unwrap();
            assert_eq!(endpoint.with_cursor(Some(7)).as_str(), expect);
        };
        let path = "xrpc/com.atproto.sync.subscribeRepos";
        check(
            "wss://relay.example",
            &format!("wss://relay.example/{path}?cursor=7"),
        );
        check(
            "wss://relay.example/",
            &format!("wss://relay.example/{path}?cursor=7"),
        );
        check(
            "https://pds.example",
            &format!("wss://pds.example/{path}?cursor=7"),
        );
        check(
            "ws://127.0.0.1:2583",
            &format!("ws://127.0.0.1:2583/{path}?cursor=7"),
        );
        check(
            &format!("ws://[::1]:1/{path}"),
            &format!("ws://[::1]:1/{path}?cursor=7"),
        );
        let live = Endpoint::parse("wss://relay.example", false)
            .unwrap()
            .with_cursor(None);
        assert_eq!(live.as_str(), format!("wss://relay.example/{path}"));
    }

    #[test]
    fn addresses_of_strangers_are_refused_before_dialling() {
        for text in [
            "ws://relay.example",
            "wss://127.0.0.1",
            "wss://[::1]",
            "wss://10.0.0.1:443",
        ] {
            assert!(Endpoint::parse(text, false).is_err(), "{text}");
            assert!(Endpoint::parse(text, true).is_ok(), "{text}");
        }
        for text in [
            "",
            "relay.example",
            "ftp://relay.example",
            "wss://",
            "wss://u:p@a.example",
        ] {
            assert!(Endpoint::parse(text, true).is_err(), "{text}");
        }
    }
}
