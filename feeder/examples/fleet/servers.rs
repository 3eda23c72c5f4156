//! The fleet: hosts and a directory on loopback, with the answers, headers, latencies and limits
//! of real ones.

use std::fmt::Write as _;
use std::io::Read as _;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::{Fleet, did, number_of};

/// Latency of an answer, milliseconds.
const LATENCY: std::ops::Range<u64> = 20..80;
/// Requests of a host in [`WINDOW`], as real ones allow.
pub(crate) const HOST_REQUESTS: u32 = 3_000;
pub(crate) const WINDOW: Duration = Duration::from_mins(5);
/// The directory publishes no number. Here it refuses what is beyond its rate in such a window.
pub(crate) const PLC_WINDOW: Duration = Duration::from_secs(10);

const ALPHABET: &[u8; 32] = b"234567abcdefghijklmnopqrstuvwxyz";

/// Serves until standard input ends. Prints one line: the directory's port, then the hosts'.
pub(crate) async fn serve(fleet: Fleet) -> std::io::Result<()> {
    let mut ports = Vec::new();
    let mut listeners = Vec::new();
    for _ in 0..=fleet.hosts {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        ports.push(listener.local_addr()?.port());
        listeners.push(listener);
    }
    let line = ports.iter().map(u16::to_string).collect::<Vec<_>>();
    println!("{}", line.join(" "));
    let ports: Arc<[u16]> = ports.into();
    for (number, listener) in listeners.into_iter().enumerate() {
        let limit = match number {
            0 => Limit::new(fleet.plc_per_second() * 10, PLC_WINDOW),
            _ => Limit::new(HOST_REQUESTS, WINDOW / fleet.factor),
        };
        let server = Arc::new(Server {
            fleet,
            number,
            ports: Arc::clone(&ports),
            limit: Mutex::new(limit),
        });
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = Arc::clone(&server);
                tokio::spawn(async move { server.connection(stream).await });
            }
        });
    }
    let ended = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    let _ = ended.await;
    Ok(())
}

struct Server {
    fleet: Fleet,
    /// 0: the directory.
    number: usize,
    ports: Arc<[u16]>,
    limit: Mutex<Limit>,
}

impl Server {
    /// Answers one request after the other until the client hangs up.
    async fn connection(&self, stream: TcpStream) -> Option<()> {
        stream.set_nodelay(true).ok()?;
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        loop {
            line.clear();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let path = line.split(' ').nth(1)?.to_owned();
            loop {
                line.clear();
                stream.read_line(&mut line).await.ok()?;
                if line.trim_end().is_empty() {
                    break;
                }
            }
            let (is_allowed, headers) = self.limit.lock().ok()?.take(self.number > 0);
            tokio::time::sleep(Duration::from_millis(fastrand::u64(LATENCY))).await;
            let (status, body) = match (is_allowed, self.number) {
                (false, _) => (
                    "429 Too Many Requests",
                    r#"{"error":"RateLimitExceeded","message":"Rate Limit Exceeded"}"#.to_owned(),
                ),
                (true, 0) => ("200 OK", self.document(&path)?),
                (true, _) => ("200 OK", self.records(&path)?),
            };
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json; charset=utf-8\r\n{headers}\
                 content-length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.get_mut().write_all(answer.as_bytes()).await.ok()?;
        }
    }

    fn document(&self, path: &str) -> Option<String> {
        let did = path.trim_start_matches('/').replace("%3A", ":");
        let host = self.ports[1 + number_of(&did)? as usize % self.fleet.hosts];
        Some(format!(
            r##"{{"@context":["https://www.w3.org/ns/did/v1","https://w3id.org/security/multikey/v1","https://w3id.org/security/suites/secp256k1-2019/v1"],"id":"{did}","alsoKnownAs":["at://a.host.example"],"verificationMethod":[{{"id":"{did}#atproto","type":"Multikey","controller":"{did}","publicKeyMultibase":"zQ3shXjHeiBuRCKmM36cuYnm7YEMzhGnCmCyW92sRJ9pribSF"}}],"service":[{{"id":"#atproto_pds","type":"AtprotoPersonalDataServer","serviceEndpoint":"http://127.0.0.1:{host}"}}]}}"##
        ))
    }

    /// A page of `listRecords`: an account has follows, and no blocks.
    fn records(&self, path: &str) -> Option<String> {
        let query = path.split_once('?')?.1.replace("%3A", ":");
        let value = |name: &str| {
            let parts = query.split('&').filter_map(|part| part.split_once('='));
            parts
                .clone()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.to_owned())
        };
        let (repo, collection) = (value("repo")?, value("collection")?);
        if collection != "app.bsky.graph.follow" {
            return Some(r#"{"records":[]}"#.to_owned());
        }
        let done: u32 = value("cursor")
            .and_then(|rkey| number_of_rkey(&rkey))
            .map_or(0, |n| n + 1);
        let end = self.fleet.follows.min(done + 100);
        let mut body = r#"{"records":["#.to_owned();
        for n in done..end {
            let (rkey, subject) = (rkey(n), did(fastrand::u32(..)));
            let comma = if n > done { "," } else { "" };
            write!(
                body,
                r#"{comma}{{"uri":"at://{repo}/{collection}/{rkey}","cid":"bafyreidkweoizs45i4lumtkwmd5dw44e3yx2dyxbmqymvjv26t3nv2ravi","value":{{"$type":"app.bsky.graph.follow","subject":"{subject}","createdAt":"2026-11-21T02:17:52.982Z"}}}}"#
            )
            .ok()?;
        }
        body.push(']');
        if end - done == 100 {
            write!(body, r#","cursor":"{}""#, rkey(end - 1)).ok()?;
        }
        body.push('}');
        Some(body)
    }
}

/// So many requests in a window that begins with the first.
struct Limit {
    requests: u32,
    window: Duration,
    left: u32,
    until: Instant,
    reset: u64,
}

impl Limit {
    fn new(requests: u32, window: Duration) -> Limit {
        Limit {
            requests,
            window,
            left: requests,
            until: Instant::now(),
            reset: 0,
        }
    }

    /// Counts a request: whether it is answered, and the headers that say so.
    fn take(&mut self, tells: bool) -> (bool, String) {
        let now = Instant::now();
        if now >= self.until {
            (self.left, self.until) = (self.requests, now + self.window);
            let unix = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            self.reset = (unix + self.window).as_secs_f64().ceil() as u64;
        }
        let is_allowed = self.left > 0;
        self.left = self.left.saturating_sub(1);
        let headers = format!(
            "ratelimit-limit: {}\r\nratelimit-remaining: {}\r\nratelimit-reset: {}\r\n\
             ratelimit-policy: {};w={}\r\n",
            self.requests,
            self.left,
            self.reset,
            self.requests,
            self.window.as_secs()
        );
        (is_allowed, if tells { headers } else { String::new() })
    }
}

fn rkey(number: u32) -> String {
    format!("3n2rz{}", base32(number, 8))
}

fn number_of_rkey(rkey: &str) -> Option<u32> {
    from_base32(rkey.strip_prefix("3n2rz")?)
}

pub(crate) fn base32(mut number: u32, length: usize) -> String {
    let mut text = vec![ALPHABET[0]; length];
    for place in text.iter_mut().rev() {
        *place = ALPHABET[(number & 31) as usize];
        number >>= 5;
    }
    text.iter().map(|byte| char::from(*byte)).collect()
}

pub(crate) fn from_base32(text: &str) -> Option<u32> {
    text.bytes().try_fold(0u32, |number, byte| {
        let digit = ALPHABET.iter().position(|c| *c == byte)?;
        number
            .checked_mul(32)?
            .checked_add(u32::try_from(digit).ok()?)
    })
}
