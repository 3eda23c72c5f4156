//! A way to the server that is gone without a word, as when a host loses its power: no packet says that
//! a connection has ended. (A fake stands for the network, which cannot be cut here.)

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use kith_tests::Database;

use super::{KICK, disturbed, until_it_says};

/// Passes bytes on in both directions, until what there is of connections is cut.
struct Way {
    address: SocketAddr,
    is_cut: Arc<Mutex<Arc<AtomicBool>>>,
}

impl Way {
    fn to(server: &str) -> Way {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let way = Way {
            address: listener.local_addr().expect("it has one"),
            is_cut: Arc::default(),
        };
        let (server, is_cut) = (server.to_owned(), Arc::clone(&way.is_cut));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect(&server).expect("the server is there");
                let is_cut = Arc::clone(&is_cut.lock().expect("no panic"));
                for (from, to) in [(&client, &server), (&server, &client)] {
                    let ends = (from.try_clone(), to.try_clone());
                    let (Ok(from), Ok(to)) = ends else { continue };
                    let is_cut = Arc::clone(&is_cut);
                    thread::spawn(move || pass_on(from, to, &is_cut));
                }
            }
        });
        way
    }

    /// Nothing passes any more, nor is anything closed; connections made from now on are new.
    fn cut(&self) {
        let mut current = self.is_cut.lock().expect("no panic");
        std::mem::take(&mut *current).store(true, Ordering::SeqCst);
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, is_cut: &AtomicBool) {
    let mut bytes = [0; 4_096];
    loop {
        let read = from.read(&mut bytes).unwrap_or(0);
        if is_cut.load(Ordering::SeqCst) {
            // Neither end learns of the other's.
            thread::park();
        } else if read == 0 || to.write_all(&bytes[..read]).is_err() {
            let _ = to.shutdown(std::net::Shutdown::Both);
            return;
        }
    }
}

#[test]
fn a_server_that_is_gone_without_a_word_is_noticed() {
    let Some(server) = Database::postgres() else {
        return;
    };
    let url = server.url();
    let at = url.find('@').map_or(0, |sign| sign + 1);
    let place = url[at..].split('/').next().expect("host and port");
    let way = Way::to(place);
    let database = Database::at(&url.replace(place, &way.address.to_string()));
    disturbed(
        &database,
        |running| {
            until_it_says(running, "waiting", |_| {
                way.cut();
                server.execute(KICK);
            });
        },
        "batch not committed",
    );
}
