//! No text makes the crate panic, and every problem it names lies within the text.

use kith_config::{Config, Env, Identifier, Mode, PROBLEMS_MAX, edit};

use crate::VALID;

/// `SplitMix64`: the same numbers in every run.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % (limit.max(1) as u64)).expect("below a usize")
    }

    fn bytes(&mut self, length_max: usize) -> Vec<u8> {
        let length = self.below(length_max);
        (0..length).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

fn survives(text: &str) {
    let id: Identifier = "bob.example.com".parse().expect("a handle");
    for mode in [Mode::Live, Mode::Offline] {
        let Err(problems) = Config::parse(text, "kith.toml", &Env::default(), mode) else {
            continue;
        };
        assert!(
            (1..=PROBLEMS_MAX).contains(&problems.problems.len()),
            "{text:?}"
        );
        let lines = text.split('\n').count();
        for problem in &problems.problems {
            assert!(
                !problem.help.is_empty() && !problem.message.is_empty(),
                "{text:?}"
            );
            let Some(snippet) = &problem.snippet else {
                continue;
            };
            assert!((1..=lines).contains(&snippet.line), "{text:?}: {problem}");
            assert!(snippet.text.chars().count() <= 102, "{text:?}: {problem}");
            assert!(
                !snippet.text.contains(char::is_control),
                "{text:?}: {problem}"
            );
            assert!(
                snippet.caret.start <= snippet.text.chars().count(),
                "{text:?}: {problem}"
            );
            assert!(!snippet.caret.is_empty(), "{text:?}: {problem}");
        }
        let shown = problems.to_string();
        assert!(
            !shown.contains(|c: char| c.is_control() && c != '\n'),
            "{text:?}: {shown:?}"
        );
    }
    if let Ok(edited) = edit::add_tracked(text, "kith.toml", &id, Some("Bob \"B\" \\ é")) {
        let tracked = edit::tracked(&edited, "kith.toml").expect("still valid");
        assert_eq!(
            tracked.last().map(|tracked| &tracked.id),
            Some(&id),
            "{text:?}"
        );
        if tracked.len() > 1 {
            edit::remove_tracked(&edited, "kith.toml", &id).expect("removed again");
        }
    }
}

#[test]
fn random_bytes_are_survived() {
    let mut numbers = Numbers(1);
    for _ in 0..3_000 {
        let bytes = numbers.bytes(120);
        survives(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn spoilt_files_are_survived() {
    let mut numbers = Numbers(2);
    let tokens = [
        "[",
        "]",
        "[[",
        "]]",
        "=",
        "\"",
        "'",
        "\n",
        "\r\n",
        "#",
        ",",
        "{",
        "}",
        ".",
        "-1",
        "1e9",
        "99999999999999999999999999999999999999999999",
        "0x",
        "true",
        "\u{0}",
        "\u{202e}",
        "💩",
        "://",
        "@",
        "password=",
        "\"\"\"",
        "did:",
        "[circle]",
        "[[circle.tracked]]",
        "\\u001b",
        "circle.tracked = [{id='a.b'}]",
        "1979-05-27",
        "\t",
    ];
    for _ in 0..3_000 {
        let mut text = VALID.to_owned();
        for _ in 0..=numbers.below(3) {
            let boundary = |mut at: usize, text: &str| {
                while !text.is_char_boundary(at) {
                    at -= 1;
                }
                at
            };
            let start = boundary(numbers.below(text.len()), &text);
            let length = numbers.below(12);
            let end = boundary((start + length).min(text.len()), &text).max(start);
            text.replace_range(start..end, tokens[numbers.below(tokens.len())]);
        }
        survives(&text);
    }
}

#[test]
fn every_beginning_of_a_file_is_survived() {
    for end in (0..VALID.len()).filter(|end| VALID.is_char_boundary(*end)) {
        survives(&VALID[..end]);
    }
}

#[test]
fn a_flood_of_mistakes_stays_bounded() {
    let keys: Vec<_> = (0..20_000).map(|index| format!("k{index}=1")).collect();
    let one_line = format!("circle = {{{}}}", keys.join(","));
    let problems =
        Config::parse(&one_line, "kith.toml", &Env::default(), Mode::Live).expect_err("unknown");
    assert_eq!(problems.problems.len(), PROBLEMS_MAX);
    // 20,000 unknown keys, no tracked account, no source.
    assert_eq!(problems.left_out, 20_002 - PROBLEMS_MAX);
    assert!(problems.to_string().ends_with("and 19902 more"));
    let env = Env {
        database: Some("nonsense".into()),
    };
    let problems = Config::parse(&one_line, "kith.toml", &env, Mode::Live).expect_err("unknown");
    assert_eq!(problems.problems.len(), PROBLEMS_MAX);
    assert_eq!(problems.problems[0].origin, "KITH_DATABASE");
    assert_eq!(problems.left_out, 20_003 - PROBLEMS_MAX);
    survives(&"[".repeat(100_000));
    survives(&format!("a = {}", "[".repeat(100_000)));
}
