//! A scripted HTTP server on loopback, and the recorded answers of real servers.
#![allow(dead_code, reason = "each test binary uses its own part")]
#![expect(clippy::unwrap_used, reason = "a test stops where something is amiss")]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]
#![allow(
    clippy::allow_attributes,
    reason = "`expect` would fail where everything is used"
)]

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kith_feeder::identity::{Directory, DirectoryOptions, Dns};
use kith_feeder::xrpc::{Client, ClientOptions, Rate};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use url::Url;

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) url: Url,
    pub(crate) head: String,
}

impl Asked {
    pub(crate) fn path(&self) -> &str {
        self.url.path()
    }

    pub(crate) fn query(&self, name: &str) -> Option<String> {
        self.url
            .query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }
}

/// What the server answers.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Body,
    delay: Duration,
    gate: Option<Arc<Semaphore>>,
}

#[derive(Debug, Clone)]
enum Body {
    Whole(Vec<u8>),
    /// The same chunk for ever, with a pause before each.
    Endless(Vec<u8>, Duration),
    /// The connection is closed instead of an answer.
    Cut,
}

impl Reply {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Reply {
        let body = Body::Whole(body.into());
        Reply {
            status,
            headers: Vec::new(),
            body,
            delay: Duration::ZERO,
            gate: None,
        }
    }

    pub(crate) fn json(body: &Value) -> Reply {
        Reply::new(200, body.to_string()).header("content-type", "application/json")
    }

    pub(crate) fn error(status: u16, name: &str, message: &str) -> Reply {
        let body = serde_json::json!({"error": name, "message": message});
        Reply {
            status,
            ..Reply::json(&body)
        }
    }

    pub(crate) fn endless(chunk: impl Into<Vec<u8>>, pause: Duration) -> Reply {
        Reply {
            body: Body::Endless(chunk.into(), pause),
            ..Reply::new(200, "")
        }
        .header("content-type", "application/json")
    }

    pub(crate) fn cut() -> Reply {
        Reply {
            body: Body::Cut,
            ..Reply::new(200, "")
        }
    }

    pub(crate) fn redirect(to: &str) -> Reply {
        Reply::new(302, "").header("location", to)
    }

    /// The answer comes only after this time.
    pub(crate) fn after(self, delay: Duration) -> Reply {
        Reply { delay, ..self }
    }

    /// The answer takes a permit, and waits for it.
    pub(crate) fn held(self, gate: &Arc<Semaphore>) -> Reply {
        Reply {
            gate: Some(Arc::clone(gate)),
            ..self
        }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Reply {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// A server that answers by a function and remembers what it was asked.
pub(crate) struct Server {
    pub(crate) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(crate) async fn start(answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let answer = Arc::new(answer);
        let task = tokio::spawn({
            let (asked, url) = (Arc::clone(&asked), url.clone());
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let (asked, answer) = (Arc::clone(&asked), Arc::clone(&answer));
                    tokio::spawn(serve(stream, url.clone(), asked, answer));
                }
            }
        });
        Server { url, asked, task }
    }

    /// Requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// How many requests had this in their path or query.
    pub(crate) fn count(&self, text: &str) -> usize {
        self.asked()
            .iter()
            .filter(|asked| asked.url.as_str().contains(text))
            .count()
    }
}

async fn serve(
    mut stream: TcpStream,
    base: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    answer: Arc<impl Fn(&Asked) -> Reply>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    let path = head.split(' ').nth(1).unwrap().to_owned();
    let request = Asked {
        url: Url::parse(&format!("{base}{path}")).unwrap(),
        head,
    };
    let reply = answer(&request);
    asked.lock().unwrap().push(request);
    // An error is a client that has heard enough.
    let _ = write(&mut stream, reply).await;
}

async fn write(stream: &mut TcpStream, reply: Reply) -> std::io::Result<()> {
    tokio::time::sleep(reply.delay).await;
    if let Some(gate) = &reply.gate {
        gate.acquire().await.unwrap().forget();
    }
    let mut head = format!("HTTP/1.1 {} X\r\nconnection: close\r\n", reply.status);
    for (name, value) in &reply.headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    match reply.body {
        Body::Cut => {}
        Body::Whole(body) => {
            head.extend(["content-length: ", &body.len().to_string(), "\r\n\r\n"]);
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&body).await?;
        }
        Body::Endless(chunk, pause) => {
            head.push_str("transfer-encoding: chunked\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            loop {
                tokio::time::sleep(pause).await;
                stream
                    .write_all(format!("{:x}\r\n", chunk.len()).as_bytes())
                    .await?;
                stream.write_all(&chunk).await?;
                stream.write_all(b"\r\n").await?;
            }
        }
    }
    stream.shutdown().await
}

/// Options for loopback servers, fast and without patience.
pub(crate) fn options(plc: &str) -> ClientOptions {
    let fast = Rate {
        requests: 100_000,
        period: Duration::from_secs(1),
        burst: 1000,
    };
    ClientOptions {
        plc: plc.to_owned(),
        allow_private_addresses: true,
        host_rate: fast,
        plc_rate: fast,
        ..ClientOptions::default()
    }
}

pub(crate) fn client(plc: &str) -> Client {
    Client::new(options(plc)).unwrap()
}

pub(crate) fn directory(plc: &str) -> Directory {
    let options = DirectoryOptions {
        dns: Dns::Off,
        ..DirectoryOptions::default()
    };
    Directory::new(client(plc), options)
}

/// A port on loopback where nobody listens.
pub(crate) async fn dead_url() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// A recorded answer of a real server; `None` (with a message) where the recordings are absent.
pub(crate) fn sample(name: &str) -> Option<Value> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/network/samples");
    if !folder.is_dir() {
        let absent = format!("skipped: no recorded answers at {}", folder.display());
        assert!(std::env::var("CI").as_deref() != Ok("true"), "{absent}");
        eprintln!("{absent}");
        return None;
    }
    let text = std::fs::read_to_string(folder.join(format!("{name}.json"))).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

/// A recorded answer as a reply, with `http://localhost:2583` replaced by another base URL.
pub(crate) fn replay(sample: &Value, pds: &str) -> Reply {
    let text = sample["body"].as_str().map(str::to_owned);
    let body = text.unwrap_or_else(|| sample["body"].to_string());
    let status = sample["status"].as_u64().unwrap_or(200).try_into().unwrap();
    let mut reply = Reply::new(status, body.replace("http://localhost:2583", pds));
    for (name, value) in sample["headers"].as_object().into_iter().flatten() {
        if name != "content-length" {
            reply = reply.header(name, value.as_str().unwrap());
        }
    }
    if !reply.headers.iter().any(|(name, _)| name == "content-type") {
        reply = reply.header("content-type", "application/json");
    }
    reply
}
