//! The token: who sends it may edit, and sees what is reserved.

use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
};

use anyhow::Result;
use axum::http::{HeaderMap, StatusCode, header};
use kith_config::Config;

use super::problem::Problem;
use crate::exit::InputError;

/// Wins over `http.token_file`.
const VARIABLE: &str = "KITH_HTTP_TOKEN";
/// Characters of a token, at least.
const LENGTH_MIN: usize = 16;
/// Bytes of a token's file, at most.
const FILE_BYTES_MAX: u64 = 4_096;

/// The token as it is now: its file may be written anew while the server runs.
pub(crate) struct CurrentToken {
    config: Config,
    now: RwLock<Option<Arc<Token>>>,
}

impl CurrentToken {
    pub(super) fn of_config(config: &Config) -> Result<CurrentToken> {
        let now = Token::of_config(config)?.map(Arc::new);
        Ok(CurrentToken {
            config: config.clone(),
            now: RwLock::new(now),
        })
    }

    /// The token, if there is one.
    pub(super) fn get(&self) -> Option<Arc<Token>> {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        now.clone()
    }

    /// Reads it again. One that cannot be read changes nothing, as an edit that is broken.
    pub(crate) fn read_again(&self) {
        match Token::of_config(&self.config) {
            Ok(token) => {
                let mut now = self.now.write().unwrap_or_else(PoisonError::into_inner);
                let is_same = now.as_deref() == token.as_ref();
                *now = token.map(Arc::new);
                if !is_same {
                    tracing::info!("the token is another one from now on");
                }
            }
            Err(error) => tracing::error!("the token stays as it is: {error}"),
        }
    }
}

/// A secret; its text is never shown.
#[derive(Eq, PartialEq)]
pub(super) struct Token(String);

impl Token {
    /// The token of the environment, or else of the file that the configuration names, if any.
    pub(super) fn of_config(config: &Config) -> Result<Option<Token>> {
        if let Some(text) = std::env::var_os(VARIABLE).filter(|text| !text.is_empty()) {
            let text = text.into_string().unwrap_or_default();
            return Token::new(&text, VARIABLE).map(Some);
        }
        let Some(path) = &config.http.token_file else {
            return Ok(None);
        };
        let shown = path.display().to_string();
        let text = read(path).map_err(|error| {
            InputError(format!(
                "cannot read {shown}: {error}\n  help: http.token_file names a file with a token"
            ))
        })?;
        Token::new(&text, &shown).map(Some)
    }

    fn new(text: &str, whence: &str) -> Result<Token> {
        let text = text.trim();
        if text.len() < LENGTH_MIN || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(InputError(format!(
                "the token of {whence} is not {LENGTH_MIN} or more visible ASCII characters\n  \
                 help: make one with: openssl rand -hex 32"
            ))
            .into());
        }
        Ok(Token(text.to_owned()))
    }

    /// Whether this text is the token; takes as long however much of it is right.
    fn is(&self, given: &str) -> bool {
        let (own, given) = (self.0.as_bytes(), given.as_bytes());
        let differing = own.iter().zip(given).fold(0, |sum, (a, b)| sum | (a ^ b));
        own.len() == given.len() && std::hint::black_box(differing) == 0
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    use std::os::unix::fs::PermissionsExt;
    let about = std::fs::metadata(path)?;
    if about.len() > FILE_BYTES_MAX {
        return Err(std::io::ErrorKind::FileTooLarge.into());
    }
    if about.permissions().mode() & 0o077 != 0 {
        tracing::warn!(
            file = %path.display(),
            "the token's file can be read by others on this machine; chmod 600 mends that"
        );
    }
    std::fs::read_to_string(path)
}

/// Insists on the token.
pub(super) fn require(token: Option<&Token>, headers: &HeaderMap) -> Result<(), Problem> {
    let Some(token) = token else {
        let detail = "this is shown or done only with a token, and none is configured";
        return Err(Problem::new(StatusCode::FORBIDDEN, detail)
            .help("set http.token_file or KITH_HTTP_TOKEN, and start again"));
    };
    match is_given(Some(token), headers) {
        true => Ok(()),
        false => Err(Problem::new(
            StatusCode::UNAUTHORIZED,
            "this is shown or done only with the token",
        )
        .help("send the header Authorization: Bearer TOKEN")),
    }
}

/// Whether the request has the token.
pub(super) fn is_given(token: Option<&Token>, headers: &HeaderMap) -> bool {
    let given = headers.get(header::AUTHORIZATION);
    let given = given.and_then(|value| value.to_str().ok());
    let given = given.and_then(|value| value.split_once(' '));
    token.zip(given).is_some_and(|(token, (scheme, given))| {
        scheme.eq_ignore_ascii_case("bearer") && token.is(given.trim())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_itself_and_nothing_else() {
        let token = Token::new(" 0123456789abcdef\n", "a test").expect("long enough");
        assert!(token.is("0123456789abcdef"));
        for wrong in [
            "",
            "0123456789abcde",
            "0123456789abcdeg",
            "0123456789abcdef0",
        ] {
            assert!(!token.is(wrong), "{wrong}");
        }
        for bad in ["", "short", "with space 0123456789", "naïve-0123456789ab"] {
            assert!(Token::new(bad, "a test").is_err(), "{bad}");
        }
    }
}
