//! The `datetime` format of lexicons: the overlap of RFC 3339 and ISO 8601.

/// Longest datetime, in bytes.
const DATETIME_BYTES_MAX: usize = 64;
const MICROS_PER_SECOND: i64 = 1_000_000;
/// The first second of the year 0.
const FIRST_SECOND: i64 = days_since_epoch(0, 1, 1) * 86_400;

/// Reads a datetime into microseconds since the Unix epoch; digits beyond them are dropped.
///
/// `None` if the text is not in the syntax (date, `T`, time with seconds, zone as `Z` or
/// `±hh:mm`, not `-00:00`), or is no moment of the years 0 to 9999. A leap second counts as
/// the second after it. By hand because the time of every frame passes through here.
///
/// ```
/// assert_eq!(kith_feeder::syntax::parse_datetime("1970-01-01T00:00:01.5Z"), Some(1_500_000));
/// ```
pub fn parse_datetime(text: &str) -> Option<i64> {
    parse_datetime_bytes(text.as_bytes())
}

/// [`parse_datetime`] of text that is not known to be UTF-8; what is a datetime is ASCII.
pub(crate) fn parse_datetime_bytes(bytes: &[u8]) -> Option<i64> {
    if bytes.len() < 20 || bytes.len() > DATETIME_BYTES_MAX {
        return None;
    }
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if separators.iter().any(|&(at, byte)| bytes[at] != byte) {
        return None;
    }
    let (year, month, day) = (
        number(&bytes[..4])?,
        number(&bytes[5..7])?,
        number(&bytes[8..10])?,
    );
    let (hour, minute, second) = (
        number(&bytes[11..13])?,
        number(&bytes[14..16])?,
        number(&bytes[17..19])?,
    );
    if day < 1 || day > days_of_month(year, month)? || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let (fraction, zone) = split_fraction(&bytes[19..])?;
    let days = days_since_epoch(year, month, day);
    let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second - offset_seconds(zone)?;
    (seconds >= FIRST_SECOND).then_some(seconds * MICROS_PER_SECOND + fraction)
}

/// Splits `.123Z` into microseconds and zone.
fn split_fraction(rest: &[u8]) -> Option<(i64, &[u8])> {
    let Some(digits) = rest.strip_prefix(b".") else {
        return Some((0, rest));
    };
    let length = digits.iter().take_while(|b| b.is_ascii_digit()).count();
    if length == 0 {
        return None;
    }
    let mut micros = 0;
    for place in 0..6 {
        // Digits that are not there are zeros.
        let digit = digits[..length].get(place).map_or(0, |digit| digit - b'0');
        micros = micros * 10 + i64::from(digit);
    }
    Some((micros, &digits[length..]))
}

fn offset_seconds(zone: &[u8]) -> Option<i64> {
    let sign = match zone {
        b"Z" => return Some(0),
        [b'+', ..] => 1,
        [b'-', ..] if zone != b"-00:00" => -1,
        _ => return None,
    };
    if zone.len() != 6 || zone[3] != b':' {
        return None;
    }
    let (hours, minutes) = (number(&zone[1..3])?, number(&zone[4..6])?);
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 60 + minutes) * 60)
}

/// Reads two or four digits.
#[inline]
fn number(digits: &[u8]) -> Option<i64> {
    let mut sum = 0;
    for digit in digits {
        let value = digit.wrapping_sub(b'0');
        if value > 9 {
            return None;
        }
        sum = sum * 10 + i64::from(value);
    }
    Some(sum)
}

fn days_of_month(year: i64, month: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => Some(31),
        4 | 6 | 9 | 11 => Some(30),
        2 => Some(if leap { 29 } else { 28 }),
        _ => None,
    }
}

/// Days from 1970-01-01 to a date of the proleptic Gregorian calendar.
const fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
    // Years that begin in March put the leap day last, so one formula serves every month.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments() {
        let check = |text: &str, expect: Option<i64>| {
            assert_eq!(parse_datetime(text), expect, "{text}");
        };
        check("1970-01-01T00:00:00Z", Some(0));
        check("1969-12-31T23:59:59.999999Z", Some(-1));
        check("2026-07-04T14:38:08.085Z", Some(1_783_175_888_085_000));
        check(
            "2026-07-04T16:38:08.0854349+02:00",
            Some(1_783_175_888_085_434),
        );
        check("2000-02-29T00:00:00Z", Some(951_782_400_000_000));
        check("1900-02-29T00:00:00Z", None);
        check("9999-12-31T23:59:59Z", Some(253_402_300_799_000_000));
        check("2016-12-31T23:59:60Z", Some(1_483_228_800_000_000));
        check("1985-04-12T23:20:50.123-24:00", None);
    }
}
