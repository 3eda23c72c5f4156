//! Adding and removing tracked accounts.

use kith_config::edit::{self, EditError, add_tracked, remove_tracked};
use kith_config::{Config, Env, Identifier, Mode, TEMPLATE};

const FILE: &str = r#"# Mine.
[circle]   # who
depth=1

# Above, apart from Alice.

# Alice is a friend.
[[circle.tracked]]
id   =   "Alice.example.com"   # since 2024
# label = "A"

# Bob, too.
[[circle.tracked]]
id = "did:plc:bob"
label = """
Bob"""
# The sources.
[[source]]
kind = "file"
path = "frames.bin"
"#;

fn id(text: &str) -> Identifier {
    text.parse().expect("an identifier")
}

fn add(text: &str, name: &str, label: Option<&str>) -> Result<String, EditError> {
    add_tracked(text, "kith.toml", &id(name), label)
}

fn remove(text: &str, name: &str) -> Result<String, EditError> {
    remove_tracked(text, "kith.toml", &id(name))
}

fn names(text: &str) -> Vec<String> {
    let tracked = edit::tracked(text, "kith.toml").expect("valid");
    tracked
        .iter()
        .map(|tracked| tracked.id.to_string())
        .collect()
}

#[test]
fn an_account_is_added_after_the_others() {
    let added = add(FILE, "carol.example.com", Some("Carol \"C\"")).expect("added");
    let entry = "\n[[circle.tracked]]\nid = \"carol.example.com\"\nlabel = 'Carol \"C\"'\n\n";
    let expected = FILE.replace("Bob\"\"\"\n", &format!("Bob\"\"\"\n{entry}"));
    assert_eq!(added, expected);
    assert_eq!(
        names(&added),
        ["alice.example.com", "did:plc:bob", "carol.example.com"]
    );
    let removed = remove(&added, "carol.example.com").expect("removed");
    assert_eq!(removed, FILE.replace("# The", "\n# The"));
}

#[test]
fn an_account_is_removed_with_its_comments_and_nothing_else() {
    let entry = "# Alice is a friend.\n[[circle.tracked]]\nid   =   \"Alice.example.com\"   \
                 # since 2024\n# label = \"A\"\n\n";
    assert_eq!(
        remove(FILE, "ALICE.example.com").expect("removed"),
        FILE.replace(entry, "")
    );
    let entry =
        "# Bob, too.\n[[circle.tracked]]\nid = \"did:plc:bob\"\nlabel = \"\"\"\nBob\"\"\"\n";
    assert_eq!(
        remove(FILE, "did:plc:bob").expect("removed"),
        FILE.replace(entry, "")
    );
}

#[test]
fn the_template_keeps_its_comments() {
    let added = add(TEMPLATE, "alice.example.com", None).expect("added");
    let edited = remove(&added, "atproto.com").expect("removed");
    let comments = |text: &str| -> Vec<String> {
        text.lines()
            .filter(|line| line.starts_with('#'))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(comments(&edited), comments(TEMPLATE));
    let expected = TEMPLATE.replace(
        "id = \"atproto.com\"\nlabel = \"AT Protocol\"\n",
        "id = \"alice.example.com\"\n",
    );
    assert_eq!(edited, expected);
    Config::parse(&edited, "kith.toml", &Env::default(), Mode::Live).expect("valid");
}

#[test]
fn line_breaks_are_kept() {
    let windows = FILE.replace('\n', "\r\n");
    let edited = add(&windows, "carol.example.com", None).expect("added");
    assert!(!edited.replace("\r\n", "").contains('\n'), "{edited:?}");
    let cut = "[[circle.tracked]]\nid = 'a.b'";
    let added = add(cut, "c.d", None).expect("added");
    assert_eq!(
        added,
        "[[circle.tracked]]\nid = 'a.b'\n\n[[circle.tracked]]\nid = \"c.d\"\n"
    );
}

#[test]
fn every_way_to_write_the_list_is_known() {
    for (before, after) in [
        ("", "[[circle.tracked]]\nid = \"c.d\"\n"),
        (
            "[circle]\ndepth = 1\n",
            "[circle]\ndepth = 1\n\n[[circle.tracked]]\nid = \"c.d\"\n",
        ),
        (
            "[circle]\ntracked = [{id = 'a.b'}] # A\n",
            "[circle]\ntracked = [{id = 'a.b'}, { id = \"c.d\" }] # A\n",
        ),
        (
            "[circle]\ntracked = [\n    {id = 'a.b'}, # A\n]\n",
            "[circle]\ntracked = [\n    {id = 'a.b'}, # A\n    { id = \"c.d\" },\n]\n",
        ),
        (
            "[circle]\ntracked = []\n",
            "[circle]\ntracked = [{ id = \"c.d\" }]\n",
        ),
        (
            "circle.depth = 1\n",
            "circle.depth = 1\ncircle.tracked = [{ id = \"c.d\" }]\n",
        ),
        (
            "circle = {depth = 1}\n",
            "circle = {depth = 1, tracked = [{ id = \"c.d\" }] }\n",
        ),
    ] {
        let added = add(before, "c.d", None).unwrap_or_else(|error| panic!("{before}: {error}"));
        assert_eq!(added, after);
        assert_eq!(names(&added).last().map(String::as_str), Some("c.d"));
        if names(&added).len() > 1 {
            let removed = remove(&added, "c.d").expect("removed");
            assert_eq!(names(&removed), names(before), "{removed}");
        }
    }
}

/// Comments stay beside what they are about, and line ends and a byte order mark what they are.
#[test]
fn what_is_beside_an_entry_of_a_list_stays_or_goes_with_it() {
    let list = "\u{feff}[circle]\ntracked = [ # who\n  {id = 'a.b'}, # my sister\n  # at work\n  \
                {id = 'c.d'}, # my boss\n\n  {id = 'e.f'} # last\n] # all\n";
    for (name, left) in [
        (
            "a.b",
            "[ # who\n  # at work\n  {id = 'c.d'}, # my boss\n\n  {id = 'e.f'} # last\n] # all\n",
        ),
        (
            "c.d",
            "[ # who\n  {id = 'a.b'}, # my sister\n\n  {id = 'e.f'} # last\n] # all\n",
        ),
        (
            "e.f",
            "[ # who\n  {id = 'a.b'}, # my sister\n  # at work\n  {id = 'c.d'}, # my boss\n\n] # all\n",
        ),
    ] {
        let left = format!("\u{feff}[circle]\ntracked = {left}");
        assert_eq!(remove(list, name).expect("removed"), left);
        let windows = remove(&list.replace('\n', "\r\n"), name);
        assert_eq!(windows.expect("removed"), left.replace('\n', "\r\n"));
    }
    let added = "{id = 'e.f'}, # last\n  { id = \"g.h\" },\n] # all\n";
    let after = list.replace("{id = 'e.f'} # last\n] # all\n", added);
    assert_eq!(add(list, "g.h", None).expect("added"), after);
    let windows = add(&list.replace('\n', "\r\n"), "g.h", None);
    assert_eq!(windows.expect("added"), after.replace('\n', "\r\n"));
    for (list, first, second) in [
        ("[{id='a'},{id='b'}]", "[{id='b'}]", "[{id='a'}]"),
        ("[ {id='a'} , {id='b'}, ]", "[ {id='b'}, ]", "[ {id='a'}, ]"),
        (
            "[{id='a'}, # A\n {id='b'}]",
            "[# A\n {id='b'}]",
            "[{id='a'}, # A\n ]",
        ),
        (
            "[{id='a'} # A\n , {id='b'}]",
            "[{id='b'}]",
            "[{id='a'} # A\n , ]",
        ),
        (
            "[\n  {id='a'}\n  , {id='b'}\n]",
            "[\n  {id='b'}\n]",
            "[\n  {id='a'}\n]",
        ),
    ] {
        let list = list.replace("'a'", "'a.b'").replace("'b'", "'c.d'");
        let text = format!("[circle]\ntracked = {list}\n");
        for (name, left) in [("a.b", first), ("c.d", second)] {
            let left = left.replace("'a'", "'a.b'").replace("'b'", "'c.d'");
            let removed = remove(&text, name).expect("removed");
            assert_eq!(removed, format!("[circle]\ntracked = {left}\n"), "{list}");
        }
    }
}

#[test]
fn what_cannot_be_done_is_said() {
    let error = |result: Result<String, EditError>| result.expect_err("refused").to_string();
    assert_eq!(
        error(add(FILE, "ALICE.example.com", None)),
        "alice.example.com is tracked already"
    );
    assert_eq!(
        error(add("[circle]\nskip = ['c.d']\n", "c.d", None)),
        "c.d is in skip of [circle]; remove it there first"
    );
    assert_eq!(
        error(add(FILE, "c.d", Some("two\nlines"))),
        "a label has 1 to 200 characters on one line"
    );
    assert_eq!(
        error(remove(FILE, "c.d")),
        "c.d is not tracked; kith track list shows who is, by the names in the file"
    );
    assert_eq!(
        error(remove("[[circle.tracked]]\nid = 'c.d'", "c.d")),
        "c.d is the only tracked account; add another one first"
    );
    let invalid = add("[circle]\ndepth = 0", "c.d", None).expect_err("invalid");
    assert!(
        invalid
            .to_string()
            .starts_with("kith.toml:2:9: circle.depth is 0"),
        "{invalid}"
    );
}

#[test]
fn a_problem_with_an_account_is_told_in_its_place() {
    let problem_at = |text: &str, origin: &str, name: &str| {
        let gone = (&id(name), "gone".to_owned(), "wait");
        edit::problems_at(text, origin, [gone]).to_string()
    };
    let text = "[circle]\nskip = [\"x.example.com\",\n  \"did:plc:skipped\"]\n\n\
                [[circle.tracked]]\nlabel = \"A\"\nid = \"Alice.example.com\"\n";
    for (name, place) in [
        ("alice.example.com", "kith.toml:7:6: gone"),
        ("did:plc:skipped", "kith.toml:3:3: gone"),
        ("x.example.com", "kith.toml:2:9: gone"),
        ("did:plc:elsewhere", "kith.toml: gone"),
    ] {
        let said = problem_at(text, "kith.toml", name);
        assert!(said.starts_with(place), "{name}: {said}");
    }
    let twice = text.replace(
        "[circle]\n",
        "[circle]\nopt_out = [\"alice.example.com\", \"did:plc:out\"]\n",
    );
    for (name, place) in [
        ("alice.example.com", "kith.toml:2:12: gone"),
        ("did:plc:out", "kith.toml:2:33: gone"),
    ] {
        let said = problem_at(&twice, "kith.toml", name);
        assert!(said.starts_with(place), "{name}: {said}");
    }
    let inline = "circle.tracked = [{ id = \"alice.example.com\" }, {id=\"did:plc:b\"}]";
    let said = problem_at(inline, "k", "did:plc:b");
    assert!(said.starts_with("k:1:53: gone"), "{said}");
}

#[test]
fn an_edit_says_what_of_it_waits_for_a_restart() {
    let read = |text: &str| {
        Config::parse(text, "kith.toml", &Env::default(), Mode::Live).expect("a right file")
    };
    let running = read(TEMPLATE);
    let edited = read(
        &TEMPLATE
            .replace("depth = 2", "depth = 3")
            .replace("backfill = \"pds\"", "backfill = \"none\"")
            .replace("sqlite:kith.db", "sqlite:other.db")
            .replace("wss://relay1", "wss://relay2")
            .replace("epoch = \"7d\"", "epoch = \"1d\"")
            .replace("skip = []", "skip = [\"did:plc:spam\"]")
            .replace("keep_top = 1000", "keep_top = 10")
            .replace("# seed = 42", "seed = 42")
            .replace(
                "plc_requests_per_second = 20",
                "plc_requests_per_second = 21",
            ),
    );
    let taken = edited.taken_up_by(&running);
    assert_eq!(
        taken.differing_keys(&running),
        ["circle.skip", "ledger.epoch", "ledger.keep_top"]
    );
    assert_eq!(
        edited.differing_keys(&taken),
        [
            "database",
            "circle.depth",
            "circle.backfill",
            "source",
            "ledger.seed",
            "network.plc_requests_per_second"
        ]
    );
    let same = running.taken_up_by(&running);
    assert_eq!(same.differing_keys(&running), [""; 0]);
}
