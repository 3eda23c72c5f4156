//! A connection that can be left alone.

use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A connection: while it rests, what comes waits with the system and wakes nobody. Whoever reads
/// or writes ends the rest.
///
/// A relay sends each event by itself, and the runtime would be told of every one, though nobody
/// waits for it.
#[derive(Debug)]
pub(super) struct Quiet(State);

#[derive(Debug)]
enum State {
    Awake(TcpStream),
    /// Not registered with the runtime.
    Resting(std::net::TcpStream),
    /// It could not be taken from the runtime or given back.
    Lost,
}

impl Quiet {
    pub(super) fn new(tcp: TcpStream) -> Self {
        Self(State::Awake(tcp))
    }

    /// Leaves it alone until it is read or written again.
    pub(super) fn rest(&mut self) {
        if let State::Awake(_) = self.0
            && let State::Awake(tcp) = mem::replace(&mut self.0, State::Lost)
            && let Ok(tcp) = tcp.into_std()
        {
            self.0 = State::Resting(tcp);
        }
    }

    fn awake(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        if let State::Resting(_) = self.0
            && let State::Resting(tcp) = mem::replace(&mut self.0, State::Lost)
        {
            self.0 = State::Awake(TcpStream::from_std(tcp)?);
        }
        match &mut self.0 {
            State::Awake(tcp) => Ok(Pin::new(tcp)),
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl AsyncRead for Quiet {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.awake()?.poll_read(context, buffer)
    }
}

impl AsyncWrite for Quiet {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.awake()?.poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // Nothing is held back here.
        if let State::Awake(tcp) = &mut self.0 {
            ready!(Pin::new(tcp).poll_flush(context))?;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.awake()?.poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    /// What comes while it rests is there after it, and it can be written out of a rest.
    #[tokio::test]
    async fn a_rest_loses_nothing() -> io::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let tcp = TcpStream::connect(listener.local_addr()?).await?;
        let (mut peer, _) = listener.accept().await?;
        let mut quiet = Quiet::new(tcp);
        let mut four = [0; 4];
        for round in 0..3_u8 {
            quiet.rest();
            quiet.rest();
            assert!(matches!(quiet.0, State::Resting(_)));
            quiet.flush().await?;
            assert!(matches!(quiet.0, State::Resting(_)), "nothing to flush");
            peer.write_all(&[round; 4]).await?;
            quiet.read_exact(&mut four).await?;
            assert_eq!(four, [round; 4]);
            assert!(matches!(quiet.0, State::Awake(_)));

            quiet.rest();
            quiet.write_all(&[round; 4]).await?;
            peer.read_exact(&mut four).await?;
            assert_eq!(four, [round; 4]);
        }
        quiet.rest();
        drop(peer);
        assert_eq!(quiet.read(&mut four).await?, 0, "the end is told");
        quiet.shutdown().await
    }
}
