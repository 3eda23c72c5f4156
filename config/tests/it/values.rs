//! What a valid file means.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::time::Duration;

use kith_config::{
    Backfill, Bootstrap, Circle, Config, Did, Env, FILE_BYTES_MAX, Http, Ledger, Match, Mode,
    Network, Repeat, Rule, Source, Start, Store, Tracked, Verify,
};

use crate::{VALID, read, with};

#[test]
fn every_key_of_a_file_is_taken() {
    let id = |text: &str| text.parse().expect("an identifier");
    let expected = Config {
        database: "postgres://kith:secret@db.example/kith".to_owned(),
        circle: Circle {
            depth: 3,
            match_: Match::Either,
            backfill: Backfill::Stream,
            tracked: vec![
                Tracked {
                    id: id("alice.example.com"),
                    label: Some("Alice".to_owned()),
                },
                Tracked {
                    id: id("did:plc:ewvi7nxzyoun6zhxrhs64oiz"),
                    label: None,
                },
            ],
            skip: vec![id("spam.example.com"), id("did:plc:spam")],
            opt_out: vec![id("alice.example.com")],
            max_follows: 500,
        },
        sources: vec![
            Source::Relay {
                url: "wss://relay.example".to_owned(),
                start: Start::Oldest,
            },
            Source::Jetstream {
                url: "wss://jetstream.example".to_owned(),
                start: Start::Cursor(1_725_911_162_329_308),
            },
            Source::Pds {
                url: "ws://127.0.0.1:2583".to_owned(),
                start: Start::Live,
            },
            Source::File {
                path: "frames.bin".into(),
            },
        ],
        bootstrap: Bootstrap {
            days: 30,
            max_likes: 5_000,
        },
        ledger: Ledger {
            rule: Rule::Reference,
            epoch: Duration::from_secs(5),
            own_points: 1000,
            like: 100,
            repost: 7,
            repeat: Repeat::Count,
            keep_top: 4,
            decay_percent: 0,
            sink_percent: 100,
            seed: Some(u64::MAX),
            pin_tracked: false,
            max_likes_per_epoch: 5,
        },
        store: Store {
            checkpoint: Duration::from_millis(500),
            batch_operations: 1,
            batch_milliseconds: 60_000,
            keep_checkpoints: 0,
            retain: Some(12),
        },
        network: Network {
            plc: "http://127.0.0.1:2582".to_owned(),
            handle_resolver: Some("http://127.0.0.1:2583".to_owned()),
            allow_private_addresses: true,
            connect_timeout: Duration::from_millis(100),
            request_timeout: Duration::from_hours(1),
            silence_timeout: Duration::from_hours(24),
            reconnect_pause: Duration::from_secs(1),
            host_requests_per_five_minutes: 1,
            plc_requests_per_second: 10_000,
            backfill_accounts: 1,
            handles_per_minute: 0,
            buffer_mebibytes: 1,
            verify: Verify::Signature,
            verify_all: true,
            jetstream_dictionary: Some("zstd_dictionary".into()),
            metrics: Some(([127, 0, 0, 1], 9464).into()),
        },
        http: Http {
            listen: Some(([127, 0, 0, 1], 9463).into()),
            token_file: Some("kith.token".into()),
        },
    };
    assert_eq!(read(VALID).expect("valid"), expected);
}

#[test]
fn sources_say_what_they_are() {
    let sources = read(VALID).expect("valid").sources;
    let said: Vec<_> = sources
        .iter()
        .map(|source| (source.kind(), source.name(), source.http_url()))
        .collect();
    let https = |host: &str| Some(format!("https://{host}"));
    assert_eq!(
        said,
        [
            (
                "relay",
                "wss://relay.example".to_owned(),
                https("relay.example")
            ),
            (
                "jetstream",
                "wss://jetstream.example".to_owned(),
                https("jetstream.example")
            ),
            (
                "pds",
                "ws://127.0.0.1:2583".to_owned(),
                Some("http://127.0.0.1:2583".to_owned())
            ),
            ("file", "frames.bin".to_owned(), None),
        ]
    );
    assert_eq!(sources[3].path(), Some(Path::new("frames.bin")));
    assert_eq!(sources[3].url(), None);
}

#[test]
fn the_longest_and_the_largest_are_taken() {
    let start = VALID.replace("1_725_911_162_329_308", "0x20_0000_0000_0000");
    let sources = read(&start).expect("valid").sources;
    assert_eq!(sources[1].start(), Start::Cursor(1 << 53));
    assert_eq!(sources[3].start(), Start::Oldest, "of a file");
    let label = "\u{e9}".repeat(200);
    let config = read(&with(&format!("label = \"{label}\""))).expect("valid");
    assert_eq!(config.circle.tracked[0].label.as_ref(), Some(&label));
    assert!(read(&with(&format!("label = \"{label}e\""))).is_err());
    let did = format!("did:plc:{}", "a".repeat(2040));
    assert!(did.parse::<Did>().is_ok());
    assert!(format!("{did}a").parse::<Did>().is_err());
}

/// Addresses collide if both are of one port and one of them is every address, or both the same.
#[test]
fn two_servers_need_two_addresses() {
    for (listen, metrics, is_taken) in [
        ("127.0.0.1:9000", "127.0.0.1:9000", true),
        ("127.0.0.1:9000", "0.0.0.0:9000", true),
        ("[::]:9000", "127.0.0.1:9000", true),
        ("127.0.0.1:9000", "127.0.0.2:9000", false),
        ("127.0.0.1:9000", "127.0.0.1:9001", false),
        ("127.0.0.1:0", "127.0.0.1:0", false),
    ] {
        let text = with(&format!("listen = \"{listen}\""));
        let text = text.replace(
            "metrics = \"127.0.0.1:9464\"",
            &format!("metrics = \"{metrics}\""),
        );
        assert_eq!(read(&text).is_err(), is_taken, "{listen} beside {metrics}");
    }
}

#[test]
fn the_epoch_is_given_in_microseconds_too() {
    let ledger = read(&with(r#"epoch = "604800s""#)).expect("valid").ledger;
    assert_eq!(ledger.epoch_microseconds(), 604_800_000_000);
}

#[test]
fn the_environment_wins_over_the_file() {
    let read = |value: &str| {
        let env = Env {
            database: Some(value.into()),
        };
        Config::parse(VALID, "kith.toml", &env, Mode::Live)
    };
    assert_eq!(
        read("sqlite:other.db").expect("valid").database,
        "sqlite:other.db"
    );
    let of_file = "postgres://kith:secret@db.example/kith";
    assert_eq!(read("").expect("valid").database, of_file);

    let shown = read("mysql://kith:secret@db/kith")
        .expect_err("not a database")
        .to_string();
    assert!(
        shown.starts_with("KITH_DATABASE: \"mysql://kith:***@db/kith\""),
        "{shown}"
    );
}

#[cfg(unix)]
#[test]
fn an_environment_that_is_not_text_is_a_problem() {
    use std::os::unix::ffi::OsStringExt;

    let env = Env {
        database: Some(OsString::from_vec(vec![0xff])),
    };
    let problems = Config::parse(VALID, "kith.toml", &env, Mode::Live).expect_err("not text");
    assert_eq!(problems.problems.len(), 1);
    assert_eq!(problems.problems[0].origin, "KITH_DATABASE");
}

#[test]
fn no_password_is_ever_shown() {
    let config = read(VALID).expect("valid");
    assert_eq!(
        config.database_masked(),
        "postgres://kith:***@db.example/kith"
    );
    assert!(!format!("{config:?}").contains("secret"));
    for wrong in [
        r#"database = "mysql://kith:secret@db.example/kith""#,
        r#"database = "postgres://kith:secret@[db.example/kith""#,
        r#"database = "postgres://kith:secret@db.example/kith"#,
        r#"database = "postgres://kith:secret@db.example/kith" 1"#,
        r#"database = ["postgres://kith:secret@db.example/kith"]"#,
    ] {
        let problems = read(&with(wrong)).expect_err(wrong);
        let (shown, debug) = (problems.to_string(), format!("{problems:?}"));
        assert!(!shown.contains("secret"), "{shown}");
        assert!(!debug.contains("secret"), "{debug}");
    }
}

#[test]
fn without_a_network_sources_may_be_absent() {
    let text = "[[circle.tracked]]\nid = \"alice.example.com\"";
    let offline = Config::parse(text, "kith.toml", &Env::default(), Mode::Offline);
    let config = offline.expect("valid");
    assert_eq!(config.sources, []);
    assert_eq!(config.database, "sqlite:kith.db");
    assert_eq!(config.ledger, Ledger::default());
    let problems = read(text).expect_err("no source");
    assert_eq!(problems.problems.len(), 1, "{problems}");
    assert_eq!(
        problems.problems[0].message,
        "there is no source to read from"
    );
}

#[test]
fn files_are_read_or_refused() {
    let folder = std::env::temp_dir().join(format!("kith-config-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("kith.toml");
    let load = || Config::load(&path, &Env::default(), Mode::Live);

    let missing = load().expect_err("missing");
    assert!(
        missing.problems[0].message.starts_with("cannot be read: "),
        "{missing}"
    );
    assert!(missing.problems[0].help.contains("kith init"), "{missing}");

    fs::write(&path, VALID).expect("written");
    assert_eq!(load().expect("valid"), read(VALID).expect("valid"));

    fs::write(&path, b"a = 1\nb = '\xff'\n").expect("written");
    let problem = &load().expect_err("not UTF-8").problems[0];
    let snippet = problem.snippet.as_ref().expect("a place");
    assert_eq!(
        (snippet.line, snippet.column, snippet.caret.clone()),
        (2, 6, 5..6)
    );

    let mut large = VALID.as_bytes().to_vec();
    large.resize(usize::try_from(FILE_BYTES_MAX).expect("small"), b'\n');
    fs::write(&path, &large).expect("written");
    assert!(load().is_ok());
    large.push(b'\n');
    fs::write(&path, large).expect("written");
    assert!(
        load().expect_err("too large").problems[0]
            .message
            .contains("too large")
    );
    fs::remove_dir_all(&folder).expect("removed");
}
