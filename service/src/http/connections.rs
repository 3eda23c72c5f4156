//! Connections: how many there are, and how long one may dawdle. Requests are bounded by `guard`;
//! this bounds those who connect and ask nothing, ask slowly, or do not take their answer.

use std::{io, sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;

/// Connections at once; who comes after them waits until one ends.
const CONNECTIONS_MAX: usize = 128;
/// Bytes of a request's head: a path and query, and what browsers send beside.
const HEAD_BYTES_MAX: usize = 96 << 10;
/// After an accept that failed for want of something: files, most likely.
const PAUSE: Duration = Duration::from_millis(500);

/// How long a client may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    /// For the head of a request, also the next one of a connection.
    head: Duration,
    /// While it takes nothing of its answer.
    stall: Duration,
}

impl Default for Times {
    fn default() -> Times {
        Times {
            head: Duration::from_secs(15),
            stall: Duration::from_secs(30),
        }
    }
}

/// Serves until `stop`, and then until the answers that were begun are given.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    times: Times,
    stop: CancellationToken,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(times.head)
        .max_buf_size(HEAD_BYTES_MAX);
    let service = TowerToHyperService::new(router);
    loop {
        let accepted = async {
            // The semaphore is never closed.
            let place = Arc::clone(&places).acquire_owned().await.ok();
            (place, accept(&listener).await)
        };
        let (place, stream) = tokio::select! {
            () = stop.cancelled() => break,
            accepted = accepted => accepted,
        };
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(times.stall));
        let stream = TokioIo::new(Box::pin(stream));
        let connection = graceful.watch(http.serve_connection(stream, service.clone()));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended");
            }
            drop(place);
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

/// The next connection.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // Events are small, and wanted now.
                let _ = stream.set_nodelay(true);
                return stream;
            }
            // Gone before it was taken.
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot take a connection, waiting");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

fn is_of_the_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

#[cfg(test)]
mod tests {
    use axum::{body::Bytes, extract::State, routing::get};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        sync::mpsc,
    };

    use super::*;

    /// Bytes of an answer: more than the system keeps on the way for a client.
    const ANSWER_BYTES: usize = 64 << 20;
    /// Longer than anything here takes on a busy machine.
    const PATIENCE: Duration = Duration::from_mins(1);

    /// An answer that tells when the server has it no more.
    struct Answer(Vec<u8>, mpsc::UnboundedSender<()>);

    impl AsRef<[u8]> for Answer {
        fn as_ref(&self) -> &[u8] {
            &self.0
        }
    }

    impl Drop for Answer {
        fn drop(&mut self) {
            let _ = self.1.send(());
        }
    }

    /// A client that has asked, and the end of its answer.
    async fn asked(times: Times) -> (TcpStream, mpsc::UnboundedReceiver<()>) {
        let (told, hears) = mpsc::unbounded_channel();
        let long = get(async |State(told): State<mpsc::UnboundedSender<()>>| {
            Bytes::from_owner(Answer(vec![0; ANSWER_BYTES], told))
        });
        let router = Router::new().route("/", long).with_state(told);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(serve(listener, router, times, CancellationToken::new()));
        let mut client = TcpStream::connect(address).await.expect("connects");
        let request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        client.write_all(request).await.expect("is sent");
        (client, hears)
    }

    /// What there is to read until the server closes, one way or the other.
    async fn rest(mut client: TcpStream) -> usize {
        let (mut bytes, mut read) = (vec![0; 1 << 16], 0);
        while let Ok(n @ 1..) = client.read(&mut bytes).await {
            read += n;
        }
        read
    }

    #[tokio::test]
    async fn who_takes_nothing_of_an_answer_is_let_go() {
        let (client, _hears) = asked(Times::default()).await;
        let all = rest(client).await;
        assert!(all > ANSWER_BYTES, "only {all} bytes for one who reads");

        let short = Times {
            stall: Duration::from_millis(200),
            ..Times::default()
        };
        let (client, mut hears) = asked(short).await;
        let let_go = tokio::time::timeout(PATIENCE, hears.recv()).await;
        assert_eq!(let_go, Ok(Some(())), "the server keeps the answer");
        let some = rest(client).await;
        assert!(some < all, "all was on its way, so nobody waited");
    }
}
