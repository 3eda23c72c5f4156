//! A fake: a relay that lies, between Kith and a real host. It bends frames on their way, as no real
//! server can be made to.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// How every `#commit` frame begins.
const COMMIT: &[u8] = b"\xa2\x61t\x67#commit";

/// What a liar does to the n-th commit that passes it, counted over all connections.
pub type Bend = fn(n: u64, frame: &mut Vec<u8>);

/// A proxy for one host. It lies until the test process ends.
#[derive(Debug)]
pub struct Liar {
    address: SocketAddr,
}

impl Liar {
    /// Stands before `host`, such as `localhost:2583`.
    pub fn before(host: &str, bend: Bend) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (host, count) = (host.to_owned(), Arc::default());
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (host, count) = (host.clone(), Arc::clone(&count));
                thread::spawn(move || {
                    // Whoever goes away ends the connection.
                    let _ = pass(&client, &host, bend, &count);
                });
            }
        });
        Self { address }
    }

    /// Its URL: `ws://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("ws://{}", self.address)
    }
}

fn pass(
    client: &TcpStream,
    host: &str,
    bend: Bend,
    count: &std::sync::atomic::AtomicU64,
) -> io::Result<()> {
    let mut server = TcpStream::connect(host)?;
    let (mut from, mut to) = (client.try_clone()?, server.try_clone()?);
    thread::spawn(move || io::copy(&mut from, &mut to));
    let mut client = client.try_clone()?;
    client.write_all(&until_blank_line(&mut server)?)?;
    loop {
        let (head, mut payload) = message(&mut server)?;
        if payload.starts_with(COMMIT) {
            let n = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            bend(n, &mut payload);
        }
        client.write_all(&head)?;
        client.write_all(&payload)?;
    }
}

fn until_blank_line(server: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        server.read_exact(&mut byte)?;
        head.extend(byte);
    }
    Ok(head)
}

/// One WebSocket frame of a server, which are not masked.
fn message(server: &mut TcpStream) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut head = vec![0; 2];
    server.read_exact(&mut head)?;
    let more = match head[1] & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let mut length = vec![0; more];
    server.read_exact(&mut length)?;
    let bytes = match more {
        0 => u64::from(head[1] & 0x7f),
        _ => length.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)),
    };
    head.extend(length);
    let mut payload = vec![0; usize::try_from(bytes).expect("a frame fits")];
    server.read_exact(&mut payload)?;
    Ok((head, payload))
}
