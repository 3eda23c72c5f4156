//! A way to the server that is gone without a word, as when a host loses its power: no packet says that
//! a connection has ended. Or it ends right between a commit and its answer. (A fake stands for the
//! network, which cannot be cut here.)

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use kith_tests::{Database, Kith, assert_same};

use super::{KICK, Long, assert_verified, begun, config, disturbed, until_it_says};

/// Passes bytes on in both directions, until what there is of connections is cut.
struct Way {
    address: SocketAddr,
    is_cut: Arc<Mutex<Arc<AtomicBool>>>,
    /// The next answer to a COMMIT does not arrive, and its connection ends.
    keeps_answer: Arc<AtomicBool>,
}

/// What the server says once a transaction took effect: the tag of `CommandComplete`.
const COMMITTED: &[u8] = b"COMMIT\0";

impl Way {
    fn to(server: &str) -> Way {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let way = Way {
            address: listener.local_addr().expect("it has one"),
            is_cut: Arc::default(),
            keeps_answer: Arc::default(),
        };
        let (server, is_cut) = (server.to_owned(), Arc::clone(&way.is_cut));
        let keeps_answer = Arc::clone(&way.keeps_answer);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect(&server).expect("the server is there");
                let is_cut = Arc::clone(&is_cut.lock().expect("no panic"));
                let keep = [None, Some(Arc::clone(&keeps_answer))];
                for ((from, to), keep) in [(&client, &server), (&server, &client)].iter().zip(keep)
                {
                    let ends = (from.try_clone(), to.try_clone());
                    let (Ok(from), Ok(to)) = ends else { continue };
                    let is_cut = Arc::clone(&is_cut);
                    thread::spawn(move || pass_on(from, to, &is_cut, keep.as_deref()));
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

    /// The next commit takes effect, and nobody is told.
    fn keep_answer(&self) {
        self.keeps_answer.store(true, Ordering::SeqCst);
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, is_cut: &AtomicBool, keep: Option<&AtomicBool>) {
    let mut bytes = [0; 4_096];
    loop {
        let read = from.read(&mut bytes).unwrap_or(0);
        let is_answer = bytes[..read]
            .windows(COMMITTED.len())
            .any(|w| w == COMMITTED);
        if is_answer && keep.is_some_and(|keep| keep.swap(false, Ordering::SeqCst)) {
            for end in [&from, &to] {
                let _ = end.shutdown(std::net::Shutdown::Both);
            }
            return;
        }
        if is_cut.load(Ordering::SeqCst) {
            // Neither end learns of the other's.
            thread::park();
        } else if read == 0 || to.write_all(&bytes[..read]).is_err() {
            let _ = to.shutdown(std::net::Shutdown::Both);
            return;
        }
    }
}

/// A database of a server, and the same over a way.
fn over_a_way(server: &Database) -> (Way, Database) {
    let url = server.url();
    let at = url.find('@').map_or(0, |sign| sign + 1);
    let place = url[at..].split('/').next().expect("host and port");
    let way = Way::to(place);
    let database = Database::at(&url.replace(place, &way.address.to_string()));
    (way, database)
}

/// Whether it took effect is asked of the database; it is neither done again nor left out.
#[test]
fn a_commit_whose_answer_is_lost_is_done_once() {
    let Some(server) = Database::postgres() else {
        return;
    };
    let (way, database) = over_a_way(&server);
    let long = Long::of(3);
    let kith = Kith::new(&config(&database));
    let mut running = long.start(&kith);
    begun(&kith, &mut running);
    for _ in 0..5 {
        until_it_says(&mut running, "its answer was lost", |_| way.keep_answer());
    }
    let ended = running.wait().expect_ok();
    assert!(
        !ended.stderr.contains("batch not committed"),
        "{}",
        ended.stderr
    );
    assert_same(&server.contents(), &long.undisturbed());
    assert_verified(&kith);
}

#[test]
fn a_server_that_is_gone_without_a_word_is_noticed() {
    let Some(server) = Database::postgres() else {
        return;
    };
    let (way, database) = over_a_way(&server);
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
