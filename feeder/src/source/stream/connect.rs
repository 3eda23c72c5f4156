//! One connection: resolve, check, dial, TLS, upgrade. What is dialled is what was checked.

use super::super::spec::StreamOptions;
use super::endpoint::{Endpoint, Protocol};
use super::quiet::Quiet;
use super::{End, NO_SUBPROTOCOL, refusal};
use crate::xrpc::address::resolve;
use http::header::{HeaderValue, SEC_WEBSOCKET_PROTOCOL, USER_AGENT};
use std::io;
use std::sync::Arc;
use std::time::SystemTime;
use tokio::io::BufReader;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Error};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

/// Largest WebSocket message, in bytes: somewhat more than the longest frame, so that a frame
/// that is a little too long can be skipped without losing the connection.
const MESSAGE_BYTES_MAX: usize = 6_000_000;
/// What we call ourselves.
const AGENT: &str = concat!("kith/", env!("CARGO_PKG_VERSION"));
/// The framing of a Jetstream v2; what others speak goes without saying.
const SUBPROTOCOL: &str = "xrpc.v1.json";
/// So much is read from the system at once. The WebSocket's own buffer, whose frames are handed on
/// without a copy, has room for one frame after its first: a call of the system for each.
const READ_BYTES: usize = 128 << 10;
/// How many of a name's addresses are tried.
const ADDRESSES_MAX: usize = 8;

/// An open stream.
pub(super) type Socket = WebSocketStream<MaybeTlsStream<BufReader<Quiet>>>;

/// Leaves the connection alone until it is read or written again.
pub(super) fn rest(socket: &mut Socket) {
    match socket.get_mut() {
        MaybeTlsStream::Plain(tcp) => tcp.get_mut().rest(),
        MaybeTlsStream::Rustls(tls) => tls.get_mut().0.get_mut().rest(),
        _ => {}
    }
}

/// Opens the stream at `cursor`.
pub(super) async fn connect(
    endpoint: &Endpoint,
    cursor: Option<u64>,
    dictionary: Option<u32>,
    options: &StreamOptions,
) -> Result<Socket, End> {
    match timeout(
        options.connect_timeout,
        open(endpoint, cursor, dictionary, options),
    )
    .await
    {
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
    dictionary: Option<u32>,
    options: &StreamOptions,
) -> Result<Socket, End> {
    let tcp = dial(endpoint, options).await?;
    // Frames are small and pongs smaller; waiting to fill packets gains nothing.
    tcp.set_nodelay(true)
        .map_err(|error| End::new("io", error.to_string()))?;
    let url = endpoint.target(cursor, dictionary);
    let mut request = url
        .as_str()
        .into_client_request()
        .map_err(|error| refused_upgrade(&error))?;
    request
        .headers_mut()
        .insert(USER_AGENT, HeaderValue::from_static(AGENT));
    if endpoint.protocol == Protocol::V2 && endpoint.offers_framing {
        let protocol = HeaderValue::from_static(SUBPROTOCOL);
        request
            .headers_mut()
            .insert(SEC_WEBSOCKET_PROTOCOL, protocol);
    }
    let limits = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX));
    let connector = match url.scheme() {
        "wss" => Connector::Rustls(
            tls(&options.extra_roots).map_err(|error| End::new("tls", error.to_string()))?,
        ),
        _ => Connector::Plain,
    };
    let upgraded = client_async_tls_with_config(
        request,
        BufReader::with_capacity(READ_BYTES, Quiet::new(tcp)),
        Some(limits),
        Some(connector),
    )
    .await;
    upgraded
        .map(|(socket, _)| socket)
        .map_err(|error| refused_upgrade(&error))
}

/// Dials the first of the host's addresses that answers; none that may not be talked to. Each has its
/// share of the time, so that one that swallows everything does not hide the next.
async fn dial(endpoint: &Endpoint, options: &StreamOptions) -> Result<TcpStream, End> {
    let may_be_private = options.allow_private_addresses;
    let addresses = resolve(&endpoint.host, endpoint.port, may_be_private).await;
    let mut addresses = addresses.map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => End::new("refused_address", error.to_string()),
        _ => End::new("dns", error.to_string()),
    })?;
    let mut last = End::new("dns", "the name has no address");
    addresses.truncate(ADDRESSES_MAX);
    // One share is left for the handshakes.
    let share = options.connect_timeout / u32::try_from(addresses.len() + 1).unwrap_or(u32::MAX);
    for address in addresses {
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(tcp)) => return Ok(tcp),
            Ok(Err(error)) => last = End::new("connect", format!("{address}: {error}")),
            Err(_) => last = End::new("connect_timeout", format!("{address}: within {share:?}")),
        }
    }
    Err(last)
}

/// TLS by ring with the Mozilla roots compiled in: no process-wide provider is needed.
fn tls(extra_roots: &[Vec<u8>]) -> Result<Arc<rustls::ClientConfig>, rustls::Error> {
    let mut roots = webpki_roots::TLS_SERVER_ROOTS
        .iter()
        .cloned()
        .collect::<rustls::RootCertStore>();
    for root in extra_roots {
        roots.add(root.clone().into())?;
    }
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
        Error::Http(answer) => refusal::end_of(answer, SystemTime::now()),
        Error::Io(error) if is_tls(error) => End::new("tls", error.to_string()),
        Error::Io(_) => End::new("io", error.to_string()),
        Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(_)) => {
            End::new(NO_SUBPROTOCOL, error.to_string())
        }
        Error::Tls(_) => End::new("tls", error.to_string()),
        _ => End::new("handshake", error.to_string()),
    }
}

/// A handshake of TLS that fails comes as an error of input and output.
fn is_tls(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>)
}
