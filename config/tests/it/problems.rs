//! What is wrong with a file, where, and what to write instead.

use kith_config::{Config, Env, Mode, Problem};

use crate::{VALID, read, with};

/// A file in which almost everything is wrong.
const WRONG: &str = r#"# A dozen mistakes, and some more.
database = "mysql://kith:secret@db.example/kith"
colour = "blue"

[circle]
dept = 2
depth = 0
match = "booth"
backfill = true
skip = ["bob.example.com", "bob.example.com", 7]
max_follows = -1

[[circle.tracked]]
id = "@alice.example.com"

[[circle.tracked]]
id = "Carol.example.com"
label = "Carol"

[[circle.tracked]]
id = "carol.example.com"

[[circle.tracked]]
label = "nobody"

[[circle.tracked]]
id = "BOB.example.com"
max_follows = 5

[[source]]
kind = "realy"
url = "wss://relay.example"

[[source]]
kind = "relay"
url = "https://relay.example"
start = "newest"

[[source]]
kind = "pds"
url = "wss://pds.example/xrpc"

[[source]]
kind = "relay"
url = "ws://relay.example"

[[source]]
kind = "file"
url = "frames.bin"

[ledger]
epoch = "0s"
own_points = 0
like = 0
decay_percent = 101
sink_percent = 0.5
seed = -1

[store]
checkpoint = "soon"
batch_operations = "many"

[network]
plc = "plc.directory"
allow_private_addresses = "no"
"#;

#[test]
fn a_file_full_of_mistakes_is_told_of_all_of_them() {
    insta::assert_snapshot!(read(WRONG).expect_err("wrong").to_string());
}

#[test]
fn problems_have_a_shape_for_machines() {
    let text = "[circle]\ndepth = 0\n";
    let problems = Config::parse(text, "kith.toml", &Env::default(), Mode::Offline);
    insta::assert_json_snapshot!(problems.expect_err("wrong"));
}

/// The one problem of a file.
fn only(text: &str) -> Problem {
    let mut problems = read(text).expect_err(text).problems;
    assert_eq!(problems.len(), 1, "{text}\n{problems:#?}");
    problems.remove(0)
}

/// A line in place of one in the valid file, the text that is then the only problem, and parts of
/// what is said of it and of the help.
const MISTAKES: &str = r#"
depth = 0 | 0 | circle.depth is 0, too small | from 1 to 3; the default is 2
depth = 4 | 4 | circle.depth is 4, too large | from 1 to 3; the default is 2
depth = 2.0 | 2.0 | must be a whole number | from 1 to 3
depth = '2' | '2' | circle.depth is a string and must be | from 1 to 3
match = "Both" | "Both" | an unknown word | did you mean "both"?
match = "" | "" | an unknown word | write one of "both", "liker"
backfill = "relay" | "relay" | an unknown word | write one of "pds"
max_follows = 0 | 0 | circle.max_follows is 0, too small | from 1 to 10000000
skip = "a.example" | "a.example" | must be a list of strings | write skip = [
skip = ["alice"] | "alice" | two or more parts | write a handle
skip = ["did:plc:"] | "did:plc:" | a DID ends in | as in "did:plc:
skip = ["ALICE.example.com"] | "ALICE.example.com" | tracked on line 10 and skipped | remove one
opt_out = ["a.b", "A.B"] | "A.B" | listed twice, first on line 7 | remove one
label = "" | "" | the label is empty | write label
label = "a\u001b" | "a\u001b" | control characters | write label
epoch = "0s" | "0s" | ledger.epoch is "0s", too short | from "1s"
epoch = "7" | "7" | which is not a duration | a number and its unit
epoch = "-7d" | "-7d" | which is not a duration | the default is "7d"
epoch = "1500ms" | "1500ms" | not whole seconds | (s, m, h, d or w)
epoch = "4000d" | "4000d" | too long | to "3650d"
epoch = 7 | 7 | ledger.epoch is a whole number and must be | in quotes
own_points = 0 | 0 | ledger.own_points is 0, too small | from 1 to 268435456
own_points = 268435457 | 268435457 | too large | from 1 to 268435456
like = 0 | 0 | ledger.like is 0, too small | from 1 to 268435456
like = -100 | -100 | ledger.like is -100, too small | the default is 100
repost = -1 | -1 | ledger.repost is -1, too small | from 0 to
repeat = "twice" | "twice" | an unknown word | "once", "count"
decay_percent = 101 | 101 | too large | from 0 to 100
sink_percent = -1 | -1 | too small | from 0 to 100
sink_percent = "1%" | "1%" | is a string | from 0 to 100
keep_top = 0xfffff0 | 0xfffff0 | too large | from 0 to 1000000
seed = 18446744073709551616 | 18446744073709551616 | too large | drawn at first
pin_tracked = 1 | 1 | must be true or false | the default is true
max_likes_per_epoch = 0 | 0 | too small | the default is 10000
rule = "morat" | "morat" | an unknown word | "systematic", "reference"
kind = "realy" | "realy" | source.kind is "realy" | did you mean "relay"?
start = -1 | -1 | no place to start | a cursor from 0
start = 9007199254740993 | 9007199254740993 | no place to start | without quotes
start = "1" | "1" | no place to start | without quotes
start = true | true | must be a string or a whole number | a cursor from 0
url = "https://relay.example" | "https://relay.example" | not spoken | write wss://relay.example
path = "" | "" | source.path is empty | write path
checkpoint = "0s" | "0s" | too short | the default is "10s"
verify = "all" | "all" | an unknown word | "signature", "full"
verify_all = "yes" | "yes" | must be true or false | the default is false
metrics = "localhost" | "localhost" | is no address | as in metrics = "127.0.0.1:9464"
listen = "localhost:80" | "localhost:80" | is no address | as in listen = "127.0.0.1:9463"
listen = "0.0.0.0:9464" | "0.0.0.0:9464" | is the port of network.metrics | a port of its own
batch_operations = 0 | 0 | too small | from 1 to 100000
plc = "wss://plc" | "wss://plc" | wss:// is not spoken here | https://plc
handle_resolver = "" | "" | no scheme | https://HOST
connect_timeout = "11m" | "11m" | too long | from "100ms" to "10m"
request_timeout = "2h" | "2h" | too long | from "100ms" to "1h"
silence_timeout = "500ms" | "500ms" | too short | from "1s" to "1d"
reconnect_pause = "50ms" | "50ms" | too short | from "100ms" to "1h"
host_requests_per_five_minutes = 0 | 0 | too small | from 1 to 1000000
plc_requests_per_second = 10001 | 10001 | too large | from 1 to 10000
backfill_accounts = 1001 | 1001 | too large | from 1 to 1000
handles_per_minute = 100001 | 100001 | too large | from 0 to 100000
buffer_mebibytes = 65537 | 65537 | too large | from 1 to 65536
batch_milliseconds = 60001 | 60001 | too large | from 1 to 60000
keep_checkpoints = 1001 | 1001 | too large | from 0 to 1000
token_file = "" | "" | http.token_file is empty | or remove it
jetstream_dictionary = "" | "" | network.jetstream_dictionary is empty | or remove it
retain = 0 | 0 | too small | from 1 to 1000000
days = 3651 | 3651 | too large | from 0 to 3650
max_likes = 0 | 0 | too small | from 1 to 1000000
database = "kith.db" | "kith.db" | neither SQLite nor | sqlite:kith.db
database = 1 | 1 | database is a whole number | sqlite:kith.db
"#;

#[test]
fn each_mistake_has_its_place_and_its_cure() {
    let mistakes = MISTAKES.lines().filter(|line| !line.is_empty());
    for mistake in mistakes {
        let parts: Vec<_> = mistake.split(" | ").collect();
        let [line, offending, message, help] = parts[..] else {
            panic!("not four parts: {mistake}");
        };
        let text = with(line);
        let problem = only(&text);
        assert!(problem.message.contains(message), "{line}: {problem}");
        assert!(problem.help.contains(help), "{line}: {problem}");
        assert_eq!(marked(&problem), offending, "{line}");
        let number = problem.snippet.map_or(0, |snippet| snippet.line);
        assert_eq!(text.lines().nth(number - 1), Some(line));
    }
}

/// The text above the caret.
fn marked(problem: &Problem) -> String {
    let snippet = problem.snippet.as_ref().expect("a place");
    let characters = snippet.text.chars().skip(snippet.caret.start);
    characters.take(snippet.caret.len()).collect()
}

#[test]
fn unknown_keys_are_told_from_known_ones() {
    for (table, key, help) in [
        (
            "[store]",
            "fsync",
            "write one of checkpoint, batch_operations",
        ),
        ("[store]", "check_point", "did you mean checkpoint?"),
        ("[ledger]", "own-points", "did you mean own_points?"),
        ("[[circle.tracked]]", "depth", "move depth into [circle]"),
        ("kind = \"relay\"", "path", "for a source of kind \"file\""),
        ("kind = \"file\"", "start", "read from its beginning"),
    ] {
        let text = VALID.replacen(table, &format!("{table}\n{key} = 1"), 1);
        let problem = only(&text);
        assert!(problem.message.contains("is not a key of"), "{problem}");
        assert!(problem.help.contains(help), "{problem}");
        assert_eq!(marked(&problem), key);
    }
}

#[test]
fn what_is_missing_is_said_of_its_table() {
    for (text, line, message) in [
        (
            "[[source]]\nkind = 'file'\npath = 'f'",
            None,
            "the circle is empty",
        ),
        (
            "[circle]\n[[source]]\nkind = 'file'\npath = 'f'",
            Some(1),
            "the circle is empty",
        ),
        (
            "[[source]]\nkind = 'file'\npath = 'f'\n[circle]\ntracked = []",
            Some(5),
            "is empty",
        ),
        (
            "[[circle.tracked]]\nid = 'a.b'",
            None,
            "there is no source to read from",
        ),
        (
            "source = []\n[[circle.tracked]]\nid = 'a.b'",
            Some(1),
            "there is no source",
        ),
        (
            "[[circle.tracked]]\nid = 'a.b'\n[[source]]",
            Some(3),
            "source.kind is missing",
        ),
        (
            "[[circle.tracked]]\nid = 'a.b'\n[source]",
            Some(3),
            "must be a list of tables",
        ),
        (
            "source = [1]\n[[circle.tracked]]\nid = 'a.b'",
            Some(1),
            "must be a table",
        ),
        (
            "[[source]]\nkind = 'pds'\n[[circle.tracked]]\nid = 'a.b'",
            Some(1),
            "url is missing",
        ),
        (
            "[[source]]\nkind = 'file'\n[[circle.tracked]]\nid = 'a.b'",
            Some(1),
            "path is missing",
        ),
        (
            "[[circle.tracked]]\n[[source]]\nkind = 'file'\npath = 'f'",
            Some(1),
            "id is missing",
        ),
        (
            "ledger = 1\n[[source]]\nkind = 'file'\npath = 'f'\n[[circle.tracked]]\nid = 'a.b'",
            Some(1),
            "ledger is a whole number and must be a table",
        ),
    ] {
        let problem = only(text);
        assert!(problem.message.contains(message), "{problem}");
        assert_eq!(problem.snippet.map(|snippet| snippet.line), line, "{text}");
    }
}

#[test]
fn a_source_is_listed_once() {
    for (kind, url) in [
        ("relay", "wss://RELAY.example:443/"),
        ("jetstream", "wss://relay.example"),
        ("pds", "https://relay.example"),
    ] {
        let text = VALID.replace(
            "kind = \"file\"\npath = \"frames.bin\"",
            &format!("kind = \"{kind}\"\nurl = \"{url}\""),
        );
        let problem = only(&text);
        assert!(
            problem
                .message
                .contains("is a source twice, first on line 16"),
            "{problem}"
        );
    }
}

#[test]
fn unencrypted_hosts_need_leave_to_be_connected_to() {
    let text = with("allow_private_addresses = false");
    let problems = read(&text).expect_err("not encrypted").problems;
    let messages: Vec<_> = problems
        .iter()
        .map(|problem| problem.message.as_str())
        .collect();
    assert_eq!(
        messages,
        [
            "source.url \"http://127.0.0.1:2583\" is not encrypted",
            "network.plc \"http://127.0.0.1:2582/\" is not encrypted",
            "network.handle_resolver \"http://127.0.0.1:2583\" is not encrypted",
        ]
    );
    assert!(
        problems[0].help.contains("wss://127.0.0.1:2583, or"),
        "{}",
        problems[0]
    );
    Config::parse(&text, "kith.toml", &Env::default(), Mode::Offline).expect("not connected to");
}

#[test]
fn what_is_not_toml_is_one_problem() {
    let problem = only("[circle]\ndepth = \n[circle");
    assert!(problem.help.contains("not TOML"), "{problem}");
    assert_eq!(problem.snippet.map(|snippet| snippet.line), Some(2));
    let problem = only("[circle]\ndepth = 2\ndepth = 0\n");
    assert!(problem.message.contains("duplicate key"), "{problem}");
}

#[test]
fn a_name_in_another_form_is_answered_with_the_name() {
    for written in [
        "@alice.example.com",
        " alice.example.com",
        "https://bsky.app/profile/alice.example.com/post/3k",
        "at://alice.example.com",
    ] {
        let problem = only(&with(&format!("skip = [\"{written}\"]")).replace("Alice.E", "bob.e"));
        assert_eq!(problem.help, "write \"alice.example.com\"", "{written}");
    }
}

/// No editor shows it, nor counts it as a column.
#[test]
fn a_byte_order_mark_has_no_column() {
    let wrong = |before: &str| {
        let text = format!("{before}database = 1\n");
        let problems = Config::parse(&text, "kith.toml", &Env::default(), Mode::Offline);
        problems.expect_err("wrong").problems
    };
    assert_eq!(wrong("\u{feff}"), wrong(""));
}

#[test]
fn a_long_line_is_cut_around_the_mistake() {
    let long = "é".repeat(500);
    let text = format!(
        "[circle] # {long}\nskip = ['{}.com', 7, '{long}']\n",
        "x".repeat(300)
    );
    let problems = Config::parse(&text, "kith.toml", &Env::default(), Mode::Offline);
    let problems = problems.expect_err("wrong").problems;
    let quotes_part = |problem: &Problem| problem.message.contains("xx…\"");
    assert!(problems.iter().any(quotes_part), "{problems:#?}");
    let problem = problems
        .iter()
        .find(|problem| problem.message.contains("whole number"));
    let snippet = problem
        .and_then(|problem| problem.snippet.as_ref())
        .expect("a place");
    assert_eq!(snippet.column, 317);
    assert_eq!(snippet.text.chars().count(), 102);
    assert_eq!(snippet.text.chars().nth(snippet.caret.start), Some('7'));
}
