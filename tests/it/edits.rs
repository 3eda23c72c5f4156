//! The configuration of a running service is edited: the circle is that of the file after each
//! edit, without a restart, and a broken edit changes nothing.

use std::collections::BTreeMap;

use kith_tests::{
    Account, Database, Kith, Network, Populate, Running, Signal, Truth, expected::Expected,
    recordings,
};

const DEPTH: u8 = 2;

#[test]
fn the_circle_follows_the_file() {
    let Some(network) = Network::start() else {
        return;
    };
    let truth = network.populate(Populate::default());
    let (first, second) = two_with_circles_of_their_own(&truth);
    let database = Database::sqlite();
    let config = super::live::config(&network, &database, &first.did);
    let config = config.replace("[network]\n", "[network]\nhandles_per_minute = 6000\n");
    let kith = Kith::new(&config);
    let mut running = kith.start(&["run"]);
    until_true(&mut running, &kith, &truth, &[&first.did]);

    // By handle, by the command line.
    let _ = kith.run(&["track", "add", &second.handle]).expect_ok();
    until_true(&mut running, &kith, &truth, &[&first.did, &second.did]);
    let both = read(&kith);

    // One name to track it, and the other to keep it out.
    let skipping = format!("[circle]\nskip = [\"{}\"]\n", second.did);
    kith.configure(&both.replacen("[circle]\n", &skipping, 1));
    until_said(&mut running, "once by DID and once by handle", 1);
    // What is broken changes nothing, and says where.
    kith.configure(&both.replace("[circle]\n", "[circle]\ndeep = 3\n"));
    until_said(&mut running, "kith.toml:4:1: ", 1);
    // A name that nobody has is left out, and keeps nothing else from being taken up.
    let nobody = "[[circle.tracked]]\nid = \"nobody.pds1.test\"\n";
    let edited = both.replacen("[circle]\n", "[circle]\nmax_follows = 4000\n", 1);
    let taken = running.stderr().matches("is taken up").count();
    kith.configure(&format!("{edited}\n{nobody}"));
    until_said(&mut running, "nobody.pds1.test", 1);
    until_said(&mut running, "circle.max_follows", 1);
    until_said(&mut running, "is taken up", taken + 1);
    // It may be somebody's new name.
    let renamed = edited.replacen(
        &format!("id = \"{}\"", first.did),
        "id = \"nobody.pds1.test\"",
        1,
    );
    kith.configure(&renamed);
    until_said(&mut running, "is taken up", taken + 2);
    assert!(wrong(&kith, &truth, &[&first.did, &second.did]).is_empty());

    // Mended, as editors do it: another file in its place. One key waits for a restart.
    let mended = both
        .replace(
            &format!("id = \"{}\"", first.did),
            &format!("id = \"{}\"", second.did),
        )
        .replace(
            &format!("[[circle.tracked]]\nid = \"{}\"\n", second.handle),
            "",
        )
        .replace("checkpoint = \"1s\"", "checkpoint = \"2s\"");
    let beside = kith.folder().join("kith.toml.new");
    std::fs::write(&beside, &mended).expect("written");
    std::fs::rename(&beside, kith.folder().join("kith.toml")).expect("renamed");
    until_true(&mut running, &kith, &truth, &[&second.did]);
    assert!(
        running.stderr().contains("store.checkpoint"),
        "{}",
        running.stderr()
    );

    let taken = running.stderr().matches("is taken up").count();
    running.signal(Signal::Hup);
    until_said(&mut running, "is taken up", taken + 1);

    running.until("every handle", || {
        let circle = kith.json(&["report", "circle"]);
        let is_named = |member: &serde_json::Value| {
            let account = truth
                .accounts
                .iter()
                .find(|a| member["did"] == a.did.as_str());
            account.is_none_or(|a| a.status != "active" || member["handle"] == a.handle.as_str())
        };
        circle.as_array()?.iter().all(is_named).then_some(())
    });
    let _ = running.stop(Signal::Term).expect_ok();
    assert_eq!(wrong(&kith, &truth, &[&second.did]), Vec::<String>::new());
    let outside = "SELECT COUNT(*) FROM follow f JOIN account a ON a.id = f.follower \
                   WHERE a.hop IS NULL OR a.hop >= 2";
    assert_eq!(database.number(outside), 0, "records of who left are gone");

    // A start finds everything as it was left.
    let changes = database.number("SELECT COUNT(*) FROM circle_change");
    let mut running = kith.start(&["run"]);
    until_said(&mut running, "following", 1);
    let _ = running.stop(Signal::Term).expect_ok();
    assert_eq!(
        database.number("SELECT COUNT(*) FROM circle_change"),
        changes
    );

    goes_on_where_nothing_resolves(&kith, &database, &network, second, changes);
}

/// A start finds everything as it was left while nobody says whose a handle is.
fn goes_on_where_nothing_resolves(
    kith: &Kith,
    database: &Database,
    network: &Network,
    second: &Account,
    changes: i64,
) {
    let handle = format!("id = \"{}\"", second.handle);
    kith.configure(&read(kith).replacen(&format!("id = \"{}\"", second.did), &handle, 1));
    let mut running = kith.start(&["run"]);
    until_said(&mut running, "following", 1);
    let _ = running.stop(Signal::Term).expect_ok();
    let named = "SELECT COUNT(*) FROM named";
    assert_eq!(database.number(named), 1);
    let unreachable = read(kith).replace(&network.plc, "http://127.0.0.1:9");
    kith.configure(&unreachable);
    let mut running = kith.start(&["run"]);
    until_said(&mut running, "following", 1);
    assert!(running.stderr().contains("does not resolve now"));
    let _ = running.stop(Signal::Term).expect_ok();
    assert_eq!(database.number(named), 1);
    assert_eq!(
        database.number("SELECT COUNT(*) FROM circle_change"),
        changes
    );
    // Who is tracked so far may be whom it names.
    database.execute("DELETE FROM named");
    let mut running = kith.start(&["run"]);
    until_said(&mut running, "following", 1);
    let said = running.stop(Signal::Term).expect_ok().stderr;
    assert!(said.contains("left out until it resolves"), "{said}");
    assert!(said.contains(&second.handle), "{said}");
    assert_eq!(
        database.number("SELECT COUNT(*) FROM circle_change"),
        changes
    );
    // Where nobody ever was, it is a mistake.
    let empty = Database::sqlite();
    kith.configure(&unreachable.replace(database.url(), empty.url()));
    let refused = kith.run(&["run"]).expect_code(1).stderr;
    assert!(refused.contains(&second.handle), "{refused}");
}

/// Whoever was kept out, or wanted no points, stays so while the name that stands there now is nobody's.
#[test]
fn a_name_that_nobody_has_lets_nobody_in() {
    let Some(network) = Network::start() else {
        return;
    };
    let truth = network.populate(Populate::default());
    let (first, _) = two_with_circles_of_their_own(&truth);
    let database = Database::sqlite();
    let config = super::live::config(&network, &database, &first.did);
    let kith = Kith::new(&config);
    let mut running = kith.start(&["run"]);
    until_true(&mut running, &kith, &truth, &[&first.did]);
    let near: Vec<String> = (circle(&kith).into_iter())
        .filter(|(_, hop)| *hop == 1)
        .map(|(did, _)| did)
        .collect();
    let lists = |skip: &str, opt_out: &str| {
        let lists = format!("[circle]\nskip = [\"{skip}\"]\nopt_out = [\"{opt_out}\"]\n");
        config.replacen("[circle]\n", &lists, 1)
    };
    let is_out = |kith: &Kith| (!circle(kith).contains_key(&near[0])).then_some(());
    let nobody = "nobody.pds1.test";
    kith.configure(&lists(&near[0], &near[1]));
    running.until("one is kept out", || is_out(&kith));
    let taken = running.stderr().matches("is taken up").count();
    kith.configure(&lists(nobody, &near[1]));
    until_said(&mut running, "is taken up", taken + 1);
    // Told twice is refused, and what does not resolve is asked for all the same.
    let twice = format!("[[circle.tracked]]\nid = \"{}\"\n", first.handle);
    kith.configure(&format!("{}\n{twice}", lists(nobody, &near[1])));
    until_said(&mut running, "is tracked twice", 1);
    let asked = running.stderr().matches("left out until").count();
    kith.configure(&lists(nobody, &near[1]));
    until_said(&mut running, "left out until", asked + 1);
    let _ = running.stop(Signal::Term).expect_ok();
    is_out(&kith).expect("it is kept out");

    // So it is by a start.
    let mut running = kith.start(&["run"]);
    until_said(&mut running, "following", 1);
    let said = running.stop(Signal::Term).expect_ok().stderr;
    assert!(said.contains("left out until it resolves"), "{said}");
    is_out(&kith).expect("it is kept out");
    assert_eq!(database.number("SELECT COUNT(*) FROM skipped"), 1);
}

/// Without a network: a service that keeps every record of a recording follows each edit exactly,
/// on either database; what it then has is what a fresh replay under that file has.
#[test]
fn an_edit_gives_the_circle_of_a_fresh_start() {
    let case = &Expected::read(&recordings().expected).cases[0];
    let frames = recordings().expected.with_file_name(&case.frames);
    let replay = ["replay", "--frames", frames.to_str().expect("a text")];
    let fresh = |config: &str, tracked: &[&str]| {
        let database = Database::sqlite();
        let kith = Kith::new(&config.replace("DATABASE", database.url()));
        let rest = tracked.iter().skip(1);
        for did in rest {
            let _ = kith.run(&["track", "add", did]).expect_ok();
        }
        let _ = kith.run(&replay).expect_ok();
        circle(&kith)
    };
    let databases = [Some(Database::sqlite()), Database::postgres()];
    for database in databases.into_iter().flatten() {
        let config = case.config("DATABASE", &frames);
        let (first, depth) = (&case.track[0], case.parameters.depth);
        let kith = Kith::new(&config.replace("DATABASE", database.url()));
        let mut running = kith.start(&["run"]);
        let alone = fresh(&config, &[first]);
        running.until("the whole recording", || {
            (circle(&kith) == alone).then_some(())
        });
        let outside = "SELECT did FROM account WHERE hop IS NULL AND id IN \
                       (SELECT follower FROM follow) ORDER BY id LIMIT 1";
        let second = database.texts(outside).pop().expect("somebody outside");
        let both = fresh(&config, &[first, &second]);
        assert!(
            both.len() > alone.len() + 1 || depth == 1,
            "the second brings others"
        );

        let _ = kith.run(&["track", "add", &second]).expect_ok();
        running.until("both circles", || (circle(&kith) == both).then_some(()));
        let right = read(&kith);
        let changes = database.number("SELECT COUNT(*) FROM circle_change");
        kith.configure(&right.replace("[circle]\n", "[circle\n"));
        until_said(&mut running, "kith.toml:3:8: ", 1);
        kith.configure(&right);
        until_said(&mut running, "is right again", 1);
        assert_eq!(circle(&kith), both);
        let now = database.number("SELECT COUNT(*) FROM circle_change");
        assert_eq!(now, changes, "what was broken changed nothing");
        let _ = kith.run(&["track", "remove", &second]).expect_ok();
        running.until("the first circle", || {
            (circle(&kith) == alone).then_some(())
        });
        running.signal(Signal::Hup);
        until_said(&mut running, "is taken up", 3);
        let _ = running.stop(Signal::Term).expect_ok();
        assert_eq!(circle(&kith), alone);
        let left = kith.json(&["explain", &second]);
        assert_eq!(left["left"]["cause"], "untrack", "{left}");
    }
}

/// A folder on the way to the file is another one now: nothing in the old one tells of it.
#[test]
fn a_link_that_leads_elsewhere_is_an_edit() {
    let case = &Expected::read(&recordings().expected).cases[0];
    let frames = recordings().expected.with_file_name(&case.frames);
    let database = Database::sqlite();
    let config = case.config(database.url(), &frames);
    let kith = Kith::new(&config);
    let second = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaz";
    let both = format!("{config}\n[[circle.tracked]]\nid = \"{second}\"\n");
    for (folder, text) in [("one", &config), ("two", &both)] {
        let folder = kith.folder().join(folder);
        std::fs::create_dir(&folder).expect("made");
        std::fs::write(folder.join("kith.toml"), text).expect("written");
    }
    let lead = |to: &str| {
        let next = kith.folder().join("next");
        std::os::unix::fs::symlink(to, &next).expect("linked");
        std::fs::rename(next, kith.folder().join("now")).expect("renamed");
    };
    lead("one");
    let mut running = kith.start(&["run", "--config", "now/kith.toml"]);
    until_said(&mut running, "following", 1);
    lead("two");
    running.until("the second account", || {
        (circle(&kith).get(second) == Some(&0)).then_some(())
    });
    let _ = running.stop(Signal::Term).expect_ok();
}

/// Two accounts, each with members that the other has not.
fn two_with_circles_of_their_own(truth: &Truth) -> (&Account, &Account) {
    let served = truth.as_served();
    let active = || {
        truth
            .accounts
            .iter()
            .filter(|a| a.status == "active" && a.moved_from.is_none())
    };
    let circle = |account: &kith_tests::Account| served.circle(&[&account.did], DEPTH);
    let apart = |one: &BTreeMap<String, u8>, two: &BTreeMap<String, u8>| {
        one.keys().filter(|did| !two.contains_key(*did)).count()
    };
    let circles: Vec<_> = active().map(|a| (a, circle(a))).collect();
    let pairs = circles
        .iter()
        .flat_map(|one| circles.iter().map(move |two| (one, two)));
    let best = pairs
        .max_by_key(|(one, two)| apart(&one.1, &two.1).min(apart(&two.1, &one.1)))
        .expect("accounts");
    let least = apart(&best.0.1, &best.1.1).min(apart(&best.1.1, &best.0.1));
    assert!(least > 0, "no two circles are apart");
    (best.0.0, best.1.0)
}

fn read(kith: &Kith) -> String {
    std::fs::read_to_string(kith.folder().join("kith.toml")).expect("the config")
}

fn until_true(running: &mut Running, kith: &Kith, truth: &Truth, tracked: &[&str]) {
    let what = format!("the circle of {}", tracked.join(" and "));
    running.until(&what, || {
        wrong(kith, truth, tracked).is_empty().then_some(())
    });
}

fn until_said(running: &mut Running, what: &str, times: usize) {
    let file = running.stderr_file().to_owned();
    running.until(&format!("{what:?} to be said"), || {
        let said = std::fs::read_to_string(&file).unwrap_or_default();
        (said.matches(what).count() >= times).then_some(())
    });
}

/// Members and their hops, as the service says; nobody before there is a database.
fn circle(kith: &Kith) -> BTreeMap<String, u8> {
    let ran = kith.run(&["report", "circle", "--json"]);
    if ran.code() == Some(1) {
        return BTreeMap::new();
    }
    let rows = ran.expect_ok().json();
    let member = |row: &serde_json::Value| {
        let hop = u8::try_from(row["hop"].as_u64()?).ok()?;
        Some((row["did"].as_str()?.to_owned(), hop))
    };
    rows.as_array()
        .into_iter()
        .flatten()
        .filter_map(member)
        .collect()
}

/// Where the circle is not what the hosts serve.
fn wrong(kith: &Kith, truth: &Truth, tracked: &[&str]) -> Vec<String> {
    let said = circle(kith);
    let is_true = truth.as_served().circle(tracked, DEPTH);
    let not_in = |one: &BTreeMap<String, u8>, two: &BTreeMap<String, u8>, word: &str| {
        let differ = one.iter().filter(|(did, hop)| two.get(*did) != Some(hop));
        differ
            .map(|(did, hop)| format!("{word} {did} at hop {hop}"))
            .collect::<Vec<_>>()
    };
    [
        not_in(&said, &is_true, "said"),
        not_in(&is_true, &said, "true"),
    ]
    .concat()
}
