//! A WebSocket server that follows a script.

use futures_util::{SinkExt as _, StreamExt as _};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

/// A connection, with or without TLS.
trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}
type Socket = Box<dyn Wire>;

/// What the server does with one connection.
pub(crate) enum Plan {
    /// Answers with these bytes instead of upgrading, and hangs up.
    Raw(Vec<u8>),
    /// Upgrades, and says these things; then holds the connection open, reading.
    Talk(Vec<Say>),
    /// Follows the plan once the flag is set, and answers 503 before.
    Gate(Arc<AtomicBool>, Box<Plan>),
    /// Upgrades, and sends what the function makes of every seq from the cursor up to this one.
    Resume(u64, fn(u64) -> Vec<u8>),
    /// Upgrades, writes bytes that are no WebSocket frame, and hangs up.
    Nonsense(Vec<u8>),
}

pub(crate) enum Say {
    Frame(Vec<u8>),
    Text(String),
    /// Waits for a word of the test.
    Wait(Arc<Notify>),
    /// Sends a ping, and reports the pong.
    Ping,
    /// Closes as the protocol wants it.
    Close,
    /// Closes with a code and a reason.
    CloseWith(u16, &'static str),
    /// Hangs up without a word.
    Cut,
    /// Says nothing, and answers no pings.
    Freeze,
}

pub(crate) struct Server {
    pub(crate) url: String,
    /// Path and query of every request, in order, and the agents.
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
    pub(crate) agents: Arc<Mutex<Vec<String>>>,
    /// Connections that the client has left.
    pub(crate) left: Arc<AtomicUsize>,
    /// Pongs, as they come.
    pub(crate) pongs: mpsc::UnboundedReceiver<()>,
}

impl Server {
    /// Follows one plan per connection; the last one again and again.
    pub(crate) async fn start(plans: Vec<Plan>) -> Self {
        Self::start_with(plans, None).await
    }

    /// The same, behind TLS if there is an acceptor.
    pub(crate) async fn start_with(plans: Vec<Plan>, tls: Option<TlsAcceptor>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let scheme = if tls.is_some() { "wss" } else { "ws" };
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let agents = Arc::new(Mutex::new(Vec::new()));
        let left = Arc::new(AtomicUsize::new(0));
        let (ponged, pongs) = mpsc::unbounded_channel();
        let notes = Notes {
            asked: asked.clone(),
            agents: agents.clone(),
            left: left.clone(),
            ponged,
        };
        let plans = Arc::new(plans);
        tokio::spawn(async move {
            for number in 0.. {
                let Ok((tcp, _)) = listener.accept().await else {
                    break;
                };
                let (plans, notes, tls) = (plans.clone(), notes.clone(), tls.clone());
                tokio::spawn(async move {
                    let plan = &plans[number.min(plans.len() - 1)];
                    let socket: Socket = match tls {
                        None => Box::new(tcp),
                        Some(tls) => match tls.accept(tcp).await {
                            Ok(tls) => Box::new(tls),
                            Err(_) => return,
                        },
                    };
                    follow(plan, socket, &notes).await;
                });
            }
        });
        Self {
            url,
            asked,
            agents,
            left,
            pongs,
        }
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

#[derive(Clone)]
struct Notes {
    asked: Arc<Mutex<Vec<String>>>,
    agents: Arc<Mutex<Vec<String>>>,
    left: Arc<AtomicUsize>,
    ponged: mpsc::UnboundedSender<()>,
}

async fn follow(plan: &Plan, mut tcp: Socket, notes: &Notes) {
    match plan {
        Plan::Gate(open, plan) if open.load(SeqCst) => Box::pin(follow(plan, tcp, notes)).await,
        Plan::Gate(..) => {
            let closed = Plan::Raw(b"HTTP/1.1 503 No\r\n\r\n".to_vec());
            Box::pin(follow(&closed, tcp, notes)).await;
        }
        Plan::Raw(answer) => {
            let request = read_request(&mut tcp).await;
            let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
            notes.asked.lock().unwrap().push(path);
            // The client may hang up first; that is its good right.
            let _ = tcp.write_all(answer).await;
            let _ = tcp.shutdown().await;
        }
        Plan::Talk(lines) => {
            let Some(socket) = upgrade(tcp, notes).await else {
                return;
            };
            talk(socket, lines, notes).await;
        }
        Plan::Resume(last, make) => {
            let Some(mut socket) = upgrade(tcp, notes).await else {
                return;
            };
            let asked = notes.asked.lock().unwrap().last().unwrap().clone();
            let cursor = asked.split("cursor=").nth(1);
            let first = cursor.map_or(1, |cursor| cursor.parse().unwrap());
            for seq in first..=*last {
                let message = Message::Binary(make(seq).into());
                if socket.send(message).await.is_err() {
                    notes.left.fetch_add(1, SeqCst);
                    return;
                }
            }
            while let Some(Ok(_)) = socket.next().await {}
        }
        Plan::Nonsense(bytes) => {
            let Some(socket) = upgrade(tcp, notes).await else {
                return;
            };
            let mut tcp = socket.into_inner();
            let _ = tcp.write_all(bytes).await;
            let _ = tcp.shutdown().await;
        }
    }
}

async fn read_request(tcp: &mut Socket) -> String {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut buffer = [0; 1_024];
        match tcp.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(read) => request.extend_from_slice(&buffer[..read]),
        }
    }
    String::from_utf8_lossy(&request).into_owned()
}

async fn upgrade(tcp: Socket, notes: &Notes) -> Option<WebSocketStream<Socket>> {
    #[expect(clippy::result_large_err, reason = "the signature is the library's")]
    let note = |request: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
        let path = request.uri().path_and_query().unwrap().to_string();
        notes.asked.lock().unwrap().push(path);
        let agent = request.headers().get("user-agent");
        let agent = agent
            .map(|agent| agent.to_str().unwrap().to_owned())
            .unwrap_or_default();
        notes.agents.lock().unwrap().push(agent);
        let name = "sec-websocket-protocol";
        if let Some(offered) = request.headers().get(name) {
            response.headers_mut().insert(name, offered.clone());
        }
        Ok(response)
    };
    accept_hdr_async(tcp, note).await.ok()
}

async fn talk(mut socket: WebSocketStream<Socket>, lines: &[Say], notes: &Notes) {
    for line in lines {
        let sent = match line {
            Say::Frame(bytes) => socket.send(Message::Binary(bytes.clone().into())).await,
            Say::Text(text) => socket.send(Message::Text(text.into())).await,
            Say::Ping => {
                if socket.send(Message::Ping("?".into())).await.is_err() {
                    return;
                }
                while let Some(Ok(message)) = socket.next().await {
                    if message.is_pong() {
                        // The test may be over.
                        let _ = notes.ponged.send(());
                        break;
                    }
                }
                Ok(())
            }
            Say::Close => {
                let _ = socket.close(None).await;
                return;
            }
            Say::CloseWith(code, reason) => {
                let (code, reason) = ((*code).into(), (*reason).into());
                let _ = socket.close(Some(CloseFrame { code, reason })).await;
                return;
            }
            Say::Wait(word) => {
                word.notified().await;
                Ok(())
            }
            Say::Cut => return,
            Say::Freeze => std::future::pending().await,
        };
        if sent.is_err() {
            return;
        }
    }
    while let Some(Ok(_)) = socket.next().await {}
}
