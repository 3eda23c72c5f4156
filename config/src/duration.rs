//! Durations as written in the file: a whole number and its unit, `"7d"`.

use std::time::Duration;

/// The units, longest last, with their length in milliseconds.
const UNITS: [(&str, u64); 6] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
    ("w", 604_800_000),
];

/// Reads a whole number and its unit, without spaces; `None` for anything else, and for what does
/// not fit.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit_at);
    let (_, milliseconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let number: u64 = number.parse().ok()?;
    Some(Duration::from_millis(number.checked_mul(*milliseconds)?))
}

/// Writes a duration of whole milliseconds so that [`parse`] reads it again, in days at the most.
pub(crate) fn show(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    let (unit, length) = UNITS[..5]
        .iter()
        .rev()
        .find(|(_, length)| milliseconds.is_multiple_of(u128::from(*length)))
        .copied()
        .unwrap_or(UNITS[0]);
    format!("{}{unit}", milliseconds / u128::from(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_with_its_unit_is_read_and_shown() {
        for (text, seconds, shown) in [
            ("5s", 5, "5s"),
            ("90m", 5_400, "90m"),
            ("12h", 43_200, "12h"),
            ("7d", 604_800, "7d"),
            ("604800s", 604_800, "7d"),
            ("2w", 1_209_600, "14d"),
        ] {
            let duration = parse(text).expect(text);
            assert_eq!(duration, Duration::from_secs(seconds), "{text}");
            assert_eq!(show(duration), shown, "{text}");
        }
        assert_eq!(parse("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(show(Duration::from_millis(250)), "250ms");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "7",
            "d",
            "-7d",
            "+7d",
            "7 d",
            " 7d",
            "7d ",
            "7D",
            "7days",
            "1.5h",
            "1h30m",
            "٧d",
            "99999999999999999999s",
            "99999999999999999w",
        ] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }
}
