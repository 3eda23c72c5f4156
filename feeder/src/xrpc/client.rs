//! One GET at a time, politely and suspiciously.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use http::header::{LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use tokio::time::Instant;
use url::Url;

use super::address::{self, CheckedResolver, Refusal};
use super::limits::{Limits, Rate};
use super::shorten;

/// What a [`Client`] may do.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// Base URL of the PLC directory.
    pub plc: String,
    /// Whether plain http and addresses that are not public may be used: tests, home labs.
    pub allow_private_addresses: bool,
    /// Bytes of a body (after decompression) at which reading stops.
    pub body_bytes_max: usize,
    /// Time for one request and its body, without the time it waits for its turn.
    pub request_time_max: Duration,
    /// Time to connect, TLS included.
    pub connect_time_max: Duration,
    /// Redirects followed per request.
    pub redirects_max: u32,
    /// How often one request is sent again after a 429.
    pub rate_limit_waits_max: u32,
    /// The longest pause that a server may ask for; a longer one is cut to it.
    pub pause_max: Duration,
    /// Rate of each host, but for the PLC directory.
    pub host_rate: Rate,
    /// Rate of the PLC directory.
    pub plc_rate: Rate,
}

impl Default for ClientOptions {
    fn default() -> ClientOptions {
        ClientOptions {
            plc: "https://plc.directory".to_owned(),
            allow_private_addresses: false,
            body_bytes_max: 1 << 20,
            request_time_max: Duration::from_secs(30),
            connect_time_max: Duration::from_secs(10),
            redirects_max: 5,
            rate_limit_waits_max: 10,
            pause_max: Duration::from_mins(15),
            host_rate: Rate::PDS,
            plc_rate: Rate::PLC,
        }
    }
}

/// Why a request brought no answer. An answer with an error status is an answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The URL, its address or a redirect's is one that must not be talked to.
    #[error("{host} is refused: {refusal}")]
    Refused {
        /// Host of the URL.
        host: String,
        /// What is wrong with it.
        refusal: Refusal,
    },
    /// No connection, no name, broken TLS, a connection lost.
    #[error("{host} is unreachable: {reason}")]
    Unreachable {
        /// Host of the URL.
        host: String,
        /// The causes, outermost first.
        reason: String,
    },
    /// The answer took longer than allowed.
    #[error("{host} did not answer within {} s", time_max.as_secs_f32())]
    TooSlow {
        /// Host of the URL.
        host: String,
        /// The time allowed.
        time_max: Duration,
    },
    /// The body is longer than allowed.
    #[error("the answer of {host} is longer than {bytes_max} bytes")]
    TooLong {
        /// Host of the URL.
        host: String,
        /// The length allowed.
        bytes_max: usize,
    },
    /// More redirects than allowed, or one that leads nowhere.
    #[error("{host} redirects too often or to something that is not a url")]
    BadRedirect {
        /// Host of the URL that was asked for.
        host: String,
    },
    /// The host still answers 429 after all the pauses it asked for.
    #[error("{host} still limits our rate after {waits} pauses")]
    RateLimited {
        /// Host of the URL.
        host: String,
        /// Pauses made.
        waits: u32,
    },
    /// The text is not a URL.
    #[error("{text:?} is not a url")]
    NotAUrl {
        /// What was given, shortened.
        text: String,
    },
}

impl FetchError {
    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            FetchError::Unreachable { .. }
                | FetchError::TooSlow { .. }
                | FetchError::RateLimited { .. }
        )
    }
}

/// The client could not be made: a defect of this machine or build, not of a host.
#[derive(Debug, thiserror::Error)]
#[error("the https client cannot be set up")]
pub struct SetupError(#[source] Box<dyn StdError + Send + Sync>);

/// Sends GET requests within the limits of each host. Cheap to clone; clones share connections
/// and limits.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    http: reqwest::Client,
    limits: Limits,
    options: ClientOptions,
    /// A loopback `host:port` taken for a public one, so that tests can redirect from it.
    #[cfg(test)]
    public_host: Option<String>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("options", &self.inner.options)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Makes a client. No request is sent.
    pub fn new(options: ClientOptions) -> Result<Client, SetupError> {
        let http = http_client(&options, !options.allow_private_addresses).map_err(SetupError)?;
        Ok(Client::over(http, options))
    }

    fn over(http: reqwest::Client, options: ClientOptions) -> Client {
        let private = options.allow_private_addresses;
        let plc_host = Url::parse(&options.plc).map(|url| host_key(&url, private));
        let limits = Limits::new(
            options.host_rate,
            plc_host.unwrap_or_default(),
            options.plc_rate,
            options.pause_max,
        );
        let inner = Inner {
            http,
            limits,
            options,
            #[cfg(test)]
            public_host: None,
        };
        Client {
            inner: Arc::new(inner),
        }
    }

    #[cfg(test)]
    fn with_public_host(options: ClientOptions, host: &str) -> Result<Client, SetupError> {
        let http = http_client(&options, false).map_err(SetupError)?;
        let mut client = Client::over(http, options);
        if let Some(inner) = Arc::get_mut(&mut client.inner) {
            inner.public_host = Some(host.to_owned());
        }
        Ok(client)
    }

    /// The options it was made with.
    pub fn options(&self) -> &ClientOptions {
        &self.inner.options
    }

    /// Gets a URL, following redirects, and gives the whole answer: status (also of errors, but
    /// never 429), headers, and a body of at most `bytes_max` bytes.
    pub async fn get(&self, url: &Url, bytes_max: usize) -> Result<Response<Vec<u8>>, FetchError> {
        let mut url = url.clone();
        for _ in 0..=self.inner.options.redirects_max {
            let answer = self.get_within_limits(&url, bytes_max).await?;
            match redirect_target(&url, &answer) {
                Redirect::None => return Ok(answer),
                Redirect::To(target) => url = target,
                Redirect::Broken => break,
            }
        }
        Err(FetchError::BadRedirect {
            host: host_name(&url),
        })
    }

    /// One hop: waits for its turn, and again after each 429.
    async fn get_within_limits(
        &self,
        url: &Url,
        bytes_max: usize,
    ) -> Result<Response<Vec<u8>>, FetchError> {
        let Inner {
            limits, options, ..
        } = &*self.inner;
        self.check(url).map_err(|refusal| FetchError::Refused {
            host: host_name(url),
            refusal,
        })?;
        let host = host_key(url, options.allow_private_addresses);
        for repetition in 0..=options.rate_limit_waits_max {
            limits.until_ready(&host).await;
            let answer = self.get_once(url, bytes_max).await?;
            limits.learn(&host, answer.status(), answer.headers(), repetition);
            if answer.status() != StatusCode::TOO_MANY_REQUESTS {
                return Ok(answer);
            }
        }
        Err(FetchError::RateLimited {
            host,
            waits: options.rate_limit_waits_max,
        })
    }

    fn check(&self, url: &Url) -> Result<(), Refusal> {
        #[cfg(test)]
        if self.inner.public_host.as_deref() == Some(url.authority()) {
            return Ok(());
        }
        address::check_url(url, self.inner.options.allow_private_addresses)
    }

    async fn get_once(&self, url: &Url, bytes_max: usize) -> Result<Response<Vec<u8>>, FetchError> {
        let time_max = self.inner.options.request_time_max;
        let begun = Instant::now();
        let sent = tokio::time::timeout(time_max, self.send_and_read(url, bytes_max));
        match sent.await {
            Ok(answer) => answer.map(|mut answer| {
                answer.extensions_mut().insert(Took(begun.elapsed()));
                answer
            }),
            Err(_) => Err(FetchError::TooSlow {
                host: host_name(url),
                time_max,
            }),
        }
    }

    async fn send_and_read(
        &self,
        url: &Url,
        bytes_max: usize,
    ) -> Result<Response<Vec<u8>>, FetchError> {
        let too_long = || FetchError::TooLong {
            host: host_name(url),
            bytes_max,
        };
        let classify = |error: reqwest::Error| classify(url, &self.inner.options, error);
        let mut answer = self
            .inner
            .http
            .get(url.clone())
            .send()
            .await
            .map_err(classify)?;
        if answer
            .content_length()
            .is_some_and(|length| length > bytes_max as u64)
        {
            return Err(too_long());
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(classify)? {
            if body.len() + chunk.len() > bytes_max {
                return Err(too_long());
            }
            body.extend_from_slice(&chunk);
        }
        let mut whole = Response::new(body);
        *whole.status_mut() = answer.status();
        std::mem::swap(whole.headers_mut(), answer.headers_mut());
        Ok(whole)
    }
}

/// An extension of every answer: what its last hop took, without waiting for its turn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Took(pub(crate) Duration);

enum Redirect {
    None,
    To(Url),
    Broken,
}

fn redirect_target(url: &Url, answer: &Response<Vec<u8>>) -> Redirect {
    if !matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Redirect::None;
    }
    let location = answer
        .headers()
        .get(LOCATION)
        .and_then(|value| value.to_str().ok());
    match location.and_then(|location| url.join(location).ok()) {
        Some(target) => Redirect::To(target),
        None => Redirect::Broken,
    }
}

/// What limits are kept by. In public use one host is one key, whatever ports strangers write
/// into their documents; where private addresses are allowed, many hosts share one loopback
/// name and differ by port.
fn host_key(url: &Url, private: bool) -> String {
    let mut key = host_name(url);
    if private && let Some(port) = url.port_or_known_default() {
        key.push(':');
        key.push_str(&port.to_string());
    }
    key
}

fn host_name(url: &Url) -> String {
    shorten(url.host_str().unwrap_or_default().trim_end_matches('.'))
}

fn classify(url: &Url, options: &ClientOptions, error: reqwest::Error) -> FetchError {
    let host = host_name(url);
    if let Some(refusal) = find_refusal(&error) {
        return FetchError::Refused { host, refusal };
    }
    if error.is_timeout() {
        return FetchError::TooSlow {
            host,
            time_max: options.connect_time_max,
        };
    }
    let error = error.without_url();
    FetchError::Unreachable {
        host,
        reason: causes(&error),
    }
}

/// The resolver's refusal, from wherever in the chain of causes the client put it.
fn find_refusal(error: &(dyn StdError + 'static)) -> Option<Refusal> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(refusal) = error.downcast_ref::<Refusal>() {
            return Some(refusal.clone());
        }
        // An io::Error hides its own cause behind `get_ref`.
        if let Some(io) = error.downcast_ref::<std::io::Error>()
            && let Some(refusal) = io
                .get_ref()
                .and_then(|inner| inner.downcast_ref::<Refusal>())
        {
            return Some(refusal.clone());
        }
        cause = error.source();
    }
    None
}

fn causes(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    shorten(&text)
}

fn http_client(
    options: &ClientOptions,
    https_only: bool,
) -> Result<reqwest::Client, Box<dyn StdError + Send + Sync>> {
    let agent = concat!("kith/", env!("CARGO_PKG_VERSION"));
    let mut headers = HeaderMap::new();
    headers.insert(USER_AGENT, HeaderValue::from_static(agent));
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(tls_config()?)
        .default_headers(headers)
        .dns_resolver(CheckedResolver {
            allow_private: options.allow_private_addresses,
        })
        .https_only(https_only)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(options.connect_time_max)
        .pool_max_idle_per_host(8)
        .pool_idle_timeout(Duration::from_secs(30))
        .build()?;
    Ok(client)
}

/// TLS by ring with the Mozilla roots compiled in, so that a container without certificates
/// works, and no process-wide provider has to be installed.
fn tls_config() -> Result<rustls::ClientConfig, rustls::Error> {
    let roots = rustls::RootCertStore {
        roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// A server that redirects everything, and counts the connections it gets.
    async fn redirector(target: String) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 2048]).await;
                let answer = format!(
                    "HTTP/1.1 302 Found\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n"
                );
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        address.to_string()
    }

    #[tokio::test]
    async fn redirects_of_public_hosts_to_private_ones_are_refused() {
        let inside = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = inside.local_addr().unwrap().port();
        for target in [
            format!("https://127.0.0.1:{port}/"),
            format!("https://localhost:{port}/"),
            format!("https://[::1]:{port}/"),
            format!("http://127.0.0.1:{port}/"),
            format!("//127.0.0.1:{port}/x"),
            "https://169.254.169.254/latest/meta-data".to_owned(),
        ] {
            let outside = redirector(target.clone()).await;
            let client = Client::with_public_host(ClientOptions::default(), &outside).unwrap();
            let url = Url::parse(&format!("http://{outside}/")).unwrap();
            let error = client.get(&url, 1000).await.unwrap_err();
            assert!(
                matches!(error, FetchError::Refused { .. }),
                "{target}: {error}"
            );
        }
        let nobody = tokio::time::timeout(Duration::ZERO, inside.accept()).await;
        assert!(nobody.is_err(), "the private host was connected to");
    }
}
