//! Text of strangers, for errors, logs and tables.

/// A stranger's text without what is not seen but acts: control characters (no terminal is moved
/// by it), bidirectional controls and other invisible ones (nothing looks like something else).
pub fn harmless(text: &str) -> String {
    // Nearly all text is plain, and is looked at once.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    text.chars()
        .map(|c| if acts_unseen(c) { '\u{fffd}' } else { c })
        .collect()
}

/// Controls, and the characters that Unicode calls format characters or default ignorable, but for
/// those that emoji are made with.
fn acts_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{600}'..='\u{605}'
                | '\u{61c}'
                | '\u{6dd}'
                | '\u{70f}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200c}'
                | '\u{200e}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{3164}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{13430}'..='\u{1343f}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Longest status that is kept.
const STATUS_CHARS_MAX: usize = 64;

/// Whether an account's status is a word that may be kept.
pub(crate) fn is_status(status: &str) -> bool {
    status.len() <= STATUS_CHARS_MAX && status.bytes().all(|b| b.is_ascii_graphic())
}

/// The first characters of a stranger's text, [`harmless`].
pub(crate) fn shorten(text: &str, chars_max: usize) -> String {
    let first = text.chars().take(chars_max);
    harmless(&first.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_does_not_act() {
        for (given, shown) in [
            ("plain.example", "plain.example"),
            ("naïve.例え.test 👩‍🔬", "naïve.例え.test 👩‍🔬"),
            ("\u{1b}[2J", "\u{fffd}[2J"),
            ("\u{9b}31m", "\u{fffd}31m"),
            ("a\r\nb\tc", "a\u{fffd}\u{fffd}b\u{fffd}c"),
            ("\u{202e}moc.elpmaxe\u{202c}", "\u{fffd}moc.elpmaxe\u{fffd}"),
            ("\u{2066}a\u{2069}", "\u{fffd}a\u{fffd}"),
            ("a\u{200b}b\u{feff}", "a\u{fffd}b\u{fffd}"),
            ("a\u{e0041}", "a\u{fffd}"),
        ] {
            assert_eq!(harmless(given), shown, "{given:?}");
        }
    }
}
