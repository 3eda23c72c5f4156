//! URLs: what is taken where, and how passwords are kept out of sight.

use std::ops::Range;

use url::Url;

/// What is wrong with a value, and what to write instead.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) message: String,
    pub(crate) help: String,
}

/// Where a base URL is used, which decides its schemes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// A stream alone: `ws`, `wss`.
    Stream,
    /// A stream and requests: `ws`, `wss`, `http`, `https`; kept as `ws`, `wss`.
    StreamAndRequests,
    /// Requests: `http`, `https`.
    Requests,
}

impl Use {
    fn encrypted_scheme(self) -> &'static str {
        match self {
            Self::Stream | Self::StreamAndRequests => "wss",
            Self::Requests => "https",
        }
    }

    /// The scheme to keep, or `None` if this one is not taken here.
    fn scheme(self, written: &str) -> Option<&'static str> {
        match (self, written) {
            (Self::Stream | Self::StreamAndRequests, "wss")
            | (Self::StreamAndRequests, "https") => Some("wss"),
            (Self::Stream | Self::StreamAndRequests, "ws") | (Self::StreamAndRequests, "http") => {
                Some("ws")
            }
            (Self::Requests, "https") => Some("https"),
            (Self::Requests, "http") => Some("http"),
            _ => None,
        }
    }
}

/// Checks a base URL: scheme, host and perhaps a port, nothing else. Returns it without a slash at
/// the end, host in lower case, default port left out.
pub(crate) fn base_url(text: &str, used: Use) -> Result<String, Refusal> {
    let encrypted = used.encrypted_scheme();
    let refuse = |message: String, help: String| Err(Refusal { message, help });
    let example = format!("write the scheme, the host and perhaps a port: {encrypted}://HOST");
    if !text.contains("://") {
        let help = match Url::parse(&format!("{encrypted}://{text}")) {
            Ok(url) if url.path() == "/" && url.query().is_none() => {
                format!("write {encrypted}://{text}")
            }
            _ => example,
        };
        return refuse("the URL has no scheme".to_owned(), help);
    }
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => return refuse(format!("the URL cannot be read: {error}"), example),
    };
    let Some(host) = url.host_str().filter(|host| !host.is_empty()) else {
        return refuse("the URL has no host".to_owned(), example);
    };
    let authority = url
        .port()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let Some(scheme) = used.scheme(url.scheme()) else {
        let meant = match url.scheme() {
            "http" | "ws" => encrypted.strip_suffix('s').unwrap_or(encrypted),
            _ => encrypted,
        };
        return refuse(
            format!("{}:// is not spoken here", url.scheme()),
            format!("write {meant}://{authority}"),
        );
    };
    let base = format!("{scheme}://{authority}");
    if !url.username().is_empty() || url.password().is_some() {
        return refuse(
            "the URL has a user name in it".to_owned(),
            format!("write {base}"),
        );
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return refuse(
            "the URL goes on after the host; the path is added".to_owned(),
            format!("write {base}"),
        );
    }
    Ok(base)
}

/// Checks a database URL, `sqlite:PATH` or `postgres://…`, as the file's. Whether it can be opened is
/// not checked.
///
/// # Errors
/// What is wrong, and what to write instead.
pub fn check_database_url(text: &str) -> Result<(), String> {
    let told = |refusal: Refusal| format!("{}\n  help: {}", refusal.message, refusal.help);
    database_url(text).map_err(told)
}

/// The same, with message and help apart.
pub(crate) fn database_url(text: &str) -> Result<(), Refusal> {
    let refuse = |message: &str, help: &str| {
        Err(Refusal {
            message: message.to_owned(),
            help: help.to_owned(),
        })
    };
    let sqlite = "write sqlite: and the path of a file, as in sqlite:kith.db";
    let postgres = "write postgres://USER:PASSWORD@HOST:PORT/DATABASE; characters of the password that \
                    mean something in a URL are percent-encoded: %23 for #, %2F for /, %3F for ?, %25 \
                    for %";
    match text.split_once(':') {
        Some(("sqlite", path)) if path.trim_start_matches('/').is_empty() => {
            refuse("the database URL has no path", sqlite)
        }
        Some(("sqlite", path)) if path.contains(":memory:") || path.contains("mode=memory") => {
            refuse(
                "a database in memory would be gone when the program ends",
                sqlite,
            )
        }
        Some(("sqlite", path)) if path.contains('\0') => {
            refuse("the database URL has a zero byte in its path", sqlite)
        }
        Some(("sqlite", _)) => Ok(()),
        Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => {
            match Url::parse(text) {
                // What stands before it would be taken for host and port.
                Ok(url) if url.fragment().is_some() => {
                    refuse("the database URL has a # in it", postgres)
                }
                Ok(_) => Ok(()),
                Err(error) => refuse(
                    &format!("the database URL cannot be read: {error}"),
                    postgres,
                ),
            }
        }
        Some(("postgres" | "postgresql", _)) => {
            refuse("the database URL has no // after postgres:", postgres)
        }
        _ => refuse(
            "the database is neither SQLite nor PostgreSQL",
            "write sqlite:PATH, as in sqlite:kith.db, or postgres://USER:PASSWORD@HOST/DATABASE",
        ),
    }
}

/// A database URL with `***` in place of its passwords: between the user's name and the last `@`,
/// and after `password=`. When in doubt, it hides too much.
///
/// ```
/// let shown = kith_config::mask_passwords("postgres://kith:secret@db.example/kith");
/// assert_eq!(shown, "postgres://kith:***@db.example/kith");
/// ```
pub fn mask_passwords(url: &str) -> String {
    let mut shown = String::with_capacity(url.len());
    let mut from = 0;
    for hidden in passwords_of(url) {
        shown.push_str(&url[from..hidden.start]);
        shown.push_str("***");
        from = hidden.end;
    }
    shown.push_str(&url[from..]);
    shown
}

/// The byte ranges of the passwords in a URL, in order, apart from each other.
fn passwords_of(url: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    if let Some(start) = authority(url)
        && let Some(sign) = url[start..].rfind('@').map(|index| start + index)
        && let Some(colon) = url[start..sign].find(':').map(|index| start + index)
    {
        // The sign may be one of a password that is a parameter.
        let hidden = colon + 1..sign;
        at = match url[hidden.clone()].contains(PARAMETER) {
            true => sign + url[sign..].find('&').unwrap_or(url.len() - sign),
            false => sign,
        };
        found.push(hidden.start..at);
    }
    while let Some(start) = url[at..].find(PARAMETER) {
        let start = at + start + PARAMETER.len();
        let rest = &url[start..];
        at = start + rest.find('&').unwrap_or(rest.len());
        found.push(start..at);
    }
    found.retain(|range| !range.is_empty());
    found
}

/// Where user and host begin, also where the slashes before them were forgotten.
fn authority(url: &str) -> Option<usize> {
    let after = |hint: &str| url.find(hint).map(|index| index + hint.len());
    after("://").or_else(|| SCHEMES.into_iter().find_map(after))
}

/// What the URLs begin with that may have a password.
const SCHEMES: [&str; 2] = ["postgres:", "postgresql:"];

/// Before a password that is a parameter.
const PARAMETER: &str = "password=";

/// The same of a line of TOML, with whatever is around its strings.
pub(crate) fn passwords(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(hint) = ["://", PARAMETER, SCHEMES[0], SCHEMES[1]]
        .iter()
        .filter_map(|hint| line[at..].find(hint))
        .min()
    {
        let hint = at + hint;
        // A string ends with the quote that opened it; the other one is a character like any.
        let quotes = line[at..hint].rfind(['"', '\'']).map(|index| at + index);
        let (start, quote) = match quotes {
            Some(index) => (index + 1, line[index..].chars().next()),
            None => (at, None),
        };
        let end = start + length_upto(&line[start..], quote);
        let token = &line[start..end];
        let inside = passwords_of(token);
        found.extend(inside.into_iter().map(|r| start + r.start..start + r.end));
        at = end.max(hint + 1);
        // A quote in a password ends the string too early.
        if token.starts_with("postgres")
            && !token.contains('@')
            && let Some(from) = authority(token)
            && let Some(colon) = token[from..].find(':').map(|index| start + from + index)
            && let Some(sign) = line[end..].rfind('@').map(|index| end + index)
        {
            found.push(colon + 1..sign);
            at = sign;
        }
    }
    found
}

/// Length of the text up to the quote, or all of it; in a string that has escapes a quote after a
/// backslash does not end it.
fn length_upto(text: &str, quote: Option<char>) -> usize {
    let mut escaped = false;
    for (index, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote == Some('"') => escaped = true,
            c if Some(c) == quote => return index,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_is_kept_without_its_slash() {
        for (text, used, kept) in [
            ("wss://relay.example", Use::Stream, "wss://relay.example"),
            ("wss://Relay.Example/", Use::Stream, "wss://relay.example"),
            (
                "wss://relay.example:443",
                Use::Stream,
                "wss://relay.example",
            ),
            ("ws://127.0.0.1:2583", Use::Stream, "ws://127.0.0.1:2583"),
            ("ws://[::1]:2583/", Use::Stream, "ws://[::1]:2583"),
            (
                "http://127.0.0.1:2583",
                Use::StreamAndRequests,
                "ws://127.0.0.1:2583",
            ),
            (
                "https://pds.example",
                Use::StreamAndRequests,
                "wss://pds.example",
            ),
            (
                "https://plc.directory/",
                Use::Requests,
                "https://plc.directory",
            ),
        ] {
            assert_eq!(base_url(text, used).expect(text), kept, "{text}");
        }
    }

    #[test]
    fn a_wrong_base_url_is_answered_with_the_right_one() {
        for (text, used, help) in [
            ("relay.example", Use::Stream, "write wss://relay.example"),
            (
                "https://relay.example",
                Use::Stream,
                "write wss://relay.example",
            ),
            (
                "http://relay.example:80/",
                Use::Stream,
                "write ws://relay.example",
            ),
            (
                "wss://plc.directory",
                Use::Requests,
                "write https://plc.directory",
            ),
            (
                "ftp://relay.example",
                Use::Stream,
                "write wss://relay.example",
            ),
            (
                "wss://relay.example/subscribe",
                Use::Stream,
                "write wss://relay.example",
            ),
            (
                "wss://relay.example?cursor=1",
                Use::Stream,
                "write wss://relay.example",
            ),
            (
                "wss://relay.example#top",
                Use::Stream,
                "write wss://relay.example",
            ),
            (
                "wss://:pw@relay.example",
                Use::Stream,
                "write wss://relay.example",
            ),
            (
                "wss://me:pw@relay.example:8443",
                Use::Stream,
                "write wss://relay.example:8443",
            ),
            (
                "wss://",
                Use::Stream,
                "write the scheme, the host and perhaps a port: wss://HOST",
            ),
            (
                "",
                Use::Stream,
                "write the scheme, the host and perhaps a port: wss://HOST",
            ),
        ] {
            assert_eq!(base_url(text, used).expect_err(text).help, help, "{text}");
        }
    }

    #[test]
    fn a_database_is_sqlite_or_postgres() {
        for text in [
            "sqlite:kith.db",
            "sqlite:///var/lib/kith.db",
            "postgres://kith:secret@db.example:5432/kith",
            "postgresql:///kith?host=/run/postgresql",
        ] {
            assert!(database_url(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "kith.db",
            "sqlite:",
            "sqlite://",
            "sqlite::memory:",
            "sqlite://:memory:",
            "sqlite:file::memory:?cache=shared",
            "sqlite:kith.db?mode=memory",
            "sqlite:kith\0.db",
            "mysql://db/kith",
            "postgres:kith",
            "postgres://[/",
        ] {
            assert!(database_url(text).is_err(), "{text}");
        }
    }

    /// What the parser says of them, "invalid port number", is of no help.
    #[test]
    fn a_password_that_is_no_part_of_a_url_is_encoded() {
        for text in [
            "postgres://kith:p#w@db.example/kith",
            "postgres://kith:1#w@db.example/kith",
            "postgres://kith:p/w@db.example/kith",
            "postgres://kith:p?w@db.example/kith",
        ] {
            let refusal = database_url(text).expect_err(text);
            assert!(
                refusal.help.contains("percent-encoded: %23 for #"),
                "{text}"
            );
        }
        let encoded = "postgres://kith:p%23w%2Fx%3F%25@db.example/kith";
        assert!(database_url(encoded).is_ok());
    }

    #[test]
    fn passwords_are_hidden() {
        for (url, shown) in [
            ("postgres://kith:pw@db/kith", "postgres://kith:***@db/kith"),
            ("postgres://k:p@w/x@db:5/kith", "postgres://k:***@db:5/kith"),
            ("postgres://k:a\"p'w@db/kith", "postgres://k:***@db/kith"),
            ("postgres://me@db/a", "postgres://me@db/a"),
            (
                "postgres://me@db:1/k?password=p@w&host=h",
                "postgres://me@db:***&host=h",
            ),
            ("postgres:k:pw@db/k", "postgres:k:***@db/k"),
            ("postgresql:k:pw@db/k", "postgresql:k:***@db/k"),
            (
                "postgres:///kith?password=pw&host=d",
                "postgres:///kith?password=***&host=d",
            ),
            (
                "postgres://k@d?password=p\"w&sslpassword=pw",
                "postgres://k@d?password=***&sslpassword=***",
            ),
            (
                "postgres://k:pw@d?password=pw",
                "postgres://k:***@d?password=***",
            ),
            ("wss://relay.example:443", "wss://relay.example:443"),
            ("sqlite:kith.db", "sqlite:kith.db"),
        ] {
            assert_eq!(mask_passwords(url), shown);
        }
    }

    #[test]
    fn passwords_in_a_line_are_hidden() {
        for (line, hidden) in [
            (r#"x = "postgres://k:p@@w/o:r@d" # a@b"#, vec!["p@@w/o:r"]),
            (r#"x = "postgres://k:p\"w@d""#, vec![r#"p\"w"#]),
            (r#"x = "postgres://k:it'sPW@d""#, vec!["it'sPW"]),
            (r#"x = 'postgres://k:a"PW\@d' # 'b@c"#, vec![r#"a"PW\"#]),
            (
                r#"x = "it's", y = "postgres://k@d?password=a'b&c=d""#,
                vec!["a'b"],
            ),
            (
                r#"x = ["postgres://k:one@d", 'postgres://k:two@d']"#,
                vec!["one", "two"],
            ),
            ("# don't: postgres://k:pw@d", vec!["pw"]),
            (r#"x = "postgres://k:p"w@d""#, vec![r#"p"w"#]),
            (r"x = 'postgres://k:it'sPW@d' # 1", vec!["it'sPW"]),
            (r#"x = "postgres:k:pw@d""#, vec!["pw"]),
            ("x = postgres://k:p\"w@d", vec!["p\"w"]),
            ("url = \"wss://relay.example:443\"", vec![]),
        ] {
            let found = passwords(line).into_iter().map(|range| &line[range]);
            assert_eq!(found.collect::<Vec<_>>(), hidden, "{line}");
        }
    }
}
