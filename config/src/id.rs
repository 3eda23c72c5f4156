//! The names of accounts, by the grammars of the AT Protocol specification.

use std::fmt;
use std::str::FromStr;

/// Longest DID, in bytes (AT Protocol specification, DID).
const DID_BYTES_MAX: usize = 2048;
/// Longest handle, in bytes (AT Protocol specification, Handle).
const HANDLE_BYTES_MAX: usize = 253;
/// Longest label of a handle, in bytes.
const LABEL_BYTES_MAX: usize = 63;

/// A decentralised identifier, the lasting name of an account: `did:plc:…`, `did:web:…`.
///
/// Holds the text as written; DIDs are compared byte by byte. Any method is taken: whether the
/// DID exists, or can be resolved, is not checked here.
///
/// Source: <https://atproto.com/specs/did>
///
/// ```
/// use kith_config::Did;
/// let did: Did = "did:plc:ewvi7nxzyoun6zhxrhs64oiz".parse()?;
/// assert_eq!(did.as_str(), "did:plc:ewvi7nxzyoun6zhxrhs64oiz");
/// assert!("did:plc:".parse::<Did>().is_err());
/// # Ok::<(), kith_config::IdentifierError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Did(String);

/// A handle, the changeable domain name of an account, kept in lower case.
///
/// The grammar alone is checked: top-level domains that can never be registered pass.
///
/// Source: <https://atproto.com/specs/handle>
///
/// ```
/// use kith_config::Handle;
/// let handle: Handle = "Alice.Example.com".parse()?;
/// assert_eq!(handle.as_str(), "alice.example.com");
/// assert!("alice".parse::<Handle>().is_err());
/// # Ok::<(), kith_config::IdentifierError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle(String);

/// An account as the user names it: by DID or by handle.
///
/// Equal identifiers name the same account; a DID and a handle may do so too, which only
/// resolving the handle can tell.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Identifier {
    /// The lasting name.
    Did(Did),
    /// The changeable name, to be resolved before use.
    Handle(Handle),
}

/// Why a text is not a DID or a handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// A DID begins `did:METHOD:`, the method in lower-case letters.
    #[error("a DID begins with did: and a method of lower-case letters, as in did:plc:…")]
    DidMethod,
    /// A DID has characters outside of the grammar.
    #[error("a DID has only letters, digits and . _ : % - in it")]
    DidCharacter,
    /// A DID is empty after the method, or ends in a colon or a percent sign.
    #[error("a DID ends in a letter, a digit or one of . _ -")]
    DidEnd,
    /// A DID is longer than 2,048 bytes.
    #[error("a DID has at most {DID_BYTES_MAX} characters")]
    DidLength,
    /// A handle is longer than 253 bytes.
    #[error("a handle has at most {HANDLE_BYTES_MAX} characters")]
    HandleLength,
    /// A handle has only one label.
    #[error("a handle is a domain name of two or more parts, as in alice.example.com")]
    HandleParts,
    /// A handle has characters outside of the grammar.
    #[error("a handle has only letters, digits, hyphens and dots in it")]
    HandleCharacter,
    /// A part of a handle is empty, too long, or begins or ends in a hyphen.
    #[error(
        "each part of a handle has 1 to {LABEL_BYTES_MAX} characters and neither begins nor ends \
         with a hyphen"
    )]
    HandleLabel,
    /// The last part of a handle begins with a digit.
    #[error("the last part of a handle begins with a letter")]
    HandleTop,
}

impl Did {
    /// The DID as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Did {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        if text.len() > DID_BYTES_MAX {
            return Err(IdentifierError::DidLength);
        }
        let (method, name) = text
            .strip_prefix("did:")
            .and_then(|rest| rest.split_once(':'))
            .ok_or(IdentifierError::DidMethod)?;
        if method.is_empty() || !method.bytes().all(|byte| byte.is_ascii_lowercase()) {
            return Err(IdentifierError::DidMethod);
        }
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._:%-".contains(&byte);
        if !name.bytes().all(allowed) {
            return Err(IdentifierError::DidCharacter);
        }
        if name.is_empty() || name.ends_with([':', '%']) {
            return Err(IdentifierError::DidEnd);
        }
        Ok(Self(text.to_owned()))
    }
}

impl Handle {
    /// The handle, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Handle {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        if text.len() > HANDLE_BYTES_MAX {
            return Err(IdentifierError::HandleLength);
        }
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
        if !text.bytes().all(allowed) {
            return Err(IdentifierError::HandleCharacter);
        }
        let (_, top) = text.rsplit_once('.').ok_or(IdentifierError::HandleParts)?;
        let sound = |label: &str| {
            (1..=LABEL_BYTES_MAX).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        if !text.split('.').all(sound) {
            return Err(IdentifierError::HandleLabel);
        }
        if !top.starts_with(|first: char| first.is_ascii_alphabetic()) {
            return Err(IdentifierError::HandleTop);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl Identifier {
    /// The DID as written, or the handle in lower case.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Did(did) => did.as_str(),
            Self::Handle(handle) => handle.as_str(),
        }
    }

    /// The DID, if the account is named by one.
    pub fn as_did(&self) -> Option<&Did> {
        match self {
            Self::Did(did) => Some(did),
            Self::Handle(_) => None,
        }
    }

    /// The handle, if the account is named by one.
    pub fn as_handle(&self) -> Option<&Handle> {
        match self {
            Self::Did(_) => None,
            Self::Handle(handle) => Some(handle),
        }
    }
}

impl FromStr for Identifier {
    type Err = IdentifierError;

    /// A text that begins with `did:` is read as a DID, any other as a handle.
    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        if text.starts_with("did:") {
            text.parse().map(Self::Did)
        } else {
            text.parse().map(Self::Handle)
        }
    }
}

impl fmt::Display for Did {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
