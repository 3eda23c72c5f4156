//! What Kith missed is found again: likes and follows made while it was away, and the hosts no
//! longer tell of them by their streams.

use std::collections::HashSet;

use kith_tests::{Database, Kith, Liar, Network, Populate, Record, Signal, Truth, wait_until};

/// Kith stops in the middle, and when it comes back its cursors mean nothing to the hosts: they
/// answer `FutureCursor`, and tell only of what happens from then on.
#[test]
fn what_a_gap_hid_is_read_again() {
    let Some(network) = Network::start() else {
        return;
    };
    // Built before anything happens that it has to see; and much has to happen after it stopped.
    let kith = Kith::new("");
    let population = network.start_populating(Populate {
        actions: 2_000,
        ..Populate::default()
    });
    let tracked = wait_until("the first account", || network.resolve("user000.pds1.test"));
    let database = Database::sqlite();
    let config = super::live::config(&network, &database, &tracked);
    kith.configure(&format!("{config}\n[ledger]\nrepeat = \"count\"\n"));
    let mut running = kith.start(&["run"]);
    running.until("a few likes", || {
        let ran = kith.run(&["status", "--json"]);
        (ran.code() == Some(0) && ran.json()["likes"]["accepted"].as_u64() >= Some(20))
            .then_some(())
    });
    let _ = running.stop(Signal::Term).expect_ok();
    let before = Members::of(&database);
    let truth = population.wait();
    database.execute("UPDATE source SET cursor = 1000000000000");

    let mut running = kith.start(&["run"]);
    running.until("the gap to be opened and closed", || {
        let status = kith.json(&["status"]);
        let gaps = kith.json(&["report", "gaps"]);
        let stream = gaps.as_array()?.iter().filter(|gap| gap["did"].is_null());
        let closed = stream.filter(|gap| !gap["closed_micros"].is_null()).count();
        (closed > 0 && status["gaps"].as_array()?.is_empty()).then_some(())
    });
    let _ = running.stop(Signal::Term).expect_ok();

    let wrong = super::live::wrong(&kith, &truth, &tracked);
    assert_eq!(wrong, Vec::<String>::new(), "the circle");
    let hidden = before.hidden_likes(&truth, &tracked);
    assert!(hidden.len() > 40, "only {} likes were hidden", hidden.len());
    for like in &hidden {
        assert_eq!(
            journaled(&database, like),
            1,
            "{} is not there once",
            like.uri
        );
    }
    let found = database.number("SELECT SUM(likes_found) FROM gap");
    assert!(
        found >= i64::try_from(hidden.len()).unwrap_or(i64::MAX),
        "{found} likes found"
    );
    let doubled = database.number(
        "SELECT COUNT(*) FROM (SELECT 1 FROM journal WHERE kind = 1 \
         GROUP BY sender, record, rkey HAVING COUNT(*) > 1)",
    );
    assert_eq!(doubled, 0, "a like was taken twice");
}

/// Every seventh commit comes with one bit turned: it is not applied, and its account is read again.
#[test]
fn what_a_relay_bends_is_not_believed_and_read_again() {
    let Some(network) = Network::start() else {
        return;
    };
    let truth = network.populate(Populate::default());
    let host = network.pds[0].clone();
    let liar = Liar::before(host.trim_start_matches("http://"), |n, frame| {
        if n % 7 == 6 {
            // Behind the middle are the blocks.
            let at = frame.len() * 3 / 5;
            frame[at] ^= 1;
        }
    });
    let there = |did: &str| {
        let away = ["user017.", "user020."]; // populate.mjs: "away and back", "sanctioned, then forgiven"
        truth.accounts.iter().any(|a| {
            a.did == did
                && a.pds == host
                && a.status == "active"
                && a.moved_from.is_none()
                && !away.iter().any(|name| a.handle.starts_with(name))
        })
    };
    let database = Database::sqlite();
    let everybody = truth
        .accounts
        .iter()
        .filter(|a| a.pds == host && a.status == "active");
    let everybody = everybody.fold(String::new(), |text, a| {
        format!("{text}[[circle.tracked]]\nid = \"{}\"\n", a.did)
    });
    let kith = Kith::new(&format!(
        "database = \"{}\"\n[circle]\ndepth = 1\n{everybody}\
         [[source]]\nkind = \"relay\"\nurl = \"{}\"\nstart = \"oldest\"\n\
         [ledger]\nrepeat = \"count\"\n[store]\ncheckpoint = \"1s\"\nbatch_milliseconds = 200\n\
         [network]\nplc = \"{}\"\nallow_private_addresses = true\n",
        database.url(),
        liar.url(),
        network.plc,
    ));
    let must: Vec<_> = (truth.likes.iter())
        .filter(|like| {
            like.post().is_some_and(|(author, _)| {
                author != like.author && there(author) && there(&like.author)
            })
        })
        .collect();
    assert!(must.len() > 50, "only {} likes to look for", must.len());

    let mut running = kith.start(&["run"]);
    running.until("every like, and no gap", || {
        let ran = kith.run(&["status", "--json"]);
        // Nobody can read the repo of an account that is not active: its gap stays open.
        let open = "SELECT COUNT(*) FROM gap g JOIN account a ON a.id = g.account \
             WHERE g.closed_micros IS NULL AND a.status = 'active'";
        let closed = ran.code() == Some(0) && database.number(open) == 0;
        (closed && must.iter().all(|like| journaled(&database, like) >= 1)).then_some(())
    });
    let _ = running.stop(Signal::Term).expect_ok();
    let verify = kith.json(&["status"])["verify"].clone();
    let failed: u64 = verify
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| *name != "good")
        .filter_map(|(_, n)| n.as_u64())
        .sum();
    assert!(failed >= 20, "only {failed} commits failed: {verify}");
    assert!(verify["good"].as_u64() > Some(100), "{verify}");
    assert!(database.number("SELECT SUM(likes_found) FROM gap") > 0);
    for like in must {
        assert_eq!(
            journaled(&database, like),
            1,
            "{} is not there once",
            like.uri
        );
    }
}

/// The circle and the clock when Kith stopped.
struct Members {
    dids: Vec<String>,
    until_micros: i64,
}

impl Members {
    fn of(database: &Database) -> Members {
        Members {
            dids: database
                .texts("SELECT did FROM account WHERE hop IS NOT NULL AND status = 'active'"),
            until_micros: database.number("SELECT clock_micros FROM state"),
        }
    }

    /// The likes between members, then and now, that were made after Kith had stopped, and count.
    fn hidden_likes<'a>(&self, truth: &'a Truth, tracked: &str) -> Vec<&'a Record> {
        let circle = truth.as_served().circle(&[tracked], 2);
        let stayed: HashSet<&str> = (truth.accounts.iter())
            .filter(|a| a.status == "active" && a.moved_from.is_none())
            .map(|a| a.did.as_str())
            .filter(|did| circle.contains_key(*did) && self.dids.iter().any(|d| d == did))
            .collect();
        let counts = |like: &&Record| {
            like.post().is_some_and(|(author, _)| {
                author != like.author
                    && stayed.contains(author)
                    && stayed.contains(like.author.as_str())
            }) && like
                .rkey_micros()
                .is_some_and(|made| made > self.until_micros)
        };
        truth.likes.iter().filter(counts).collect()
    }
}

fn journaled(database: &Database, like: &Record) -> i64 {
    database.number(&format!(
        "SELECT COUNT(*) FROM journal j JOIN numbered a ON a.ledger_id = j.sender \
         WHERE a.did = '{}' AND j.rkey = '{}'",
        like.author,
        like.rkey(),
    ))
}
