//! Where a stream is, and what it speaks.

use super::super::spec::SourceKind;
use crate::xrpc::address::check_url;
use url::Url;

/// The path of the firehose.
const FIREHOSE: &str = "/xrpc/com.atproto.sync.subscribeRepos";
/// The path of Jetstream v1.
const V1: &str = "/subscribe";
/// The path of Jetstream v2.
const V2: &str = "/xrpc/network.bsky.jetstream.subscribeEvents";
/// What is asked of a Jetstream. Accounts are not: a circle is larger than its limit.
const COLLECTIONS: [&str; 4] = [
    "app.bsky.feed.like",
    "app.bsky.feed.repost",
    "app.bsky.graph.follow",
    "app.bsky.graph.block",
];
/// The id of the dictionary that Jetstream v1 has always used.
const V1_DICTIONARY: u32 = 1_612_007_021;

/// What a stream speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// `com.atproto.sync.subscribeRepos`: CBOR, a cursor of seqs.
    Firehose,
    /// Jetstream v1: JSON, a cursor of microseconds.
    V1,
    /// Jetstream v2: JSON, a cursor of seqs.
    V2,
}

impl Protocol {
    /// Whether it is JSON.
    pub(super) fn is_jetstream(self) -> bool {
        self != Self::Firehose
    }
}

/// Where a stream is.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    /// The address without the path of the subscription.
    base: Url,
    /// The path of the subscription, if the address says it.
    path: Option<String>,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) protocol: Protocol,
    /// Whether the protocol is known; else the other Jetstream may be tried.
    pub(super) is_certain: bool,
    /// Whether the framing of v2 is offered by name; not to a server that does not know the name.
    pub(super) offers_framing: bool,
}

impl Endpoint {
    /// Reads a source's URL; an error says what to write instead.
    pub(super) fn parse(kind: &SourceKind, allow_private: bool) -> Result<Self, String> {
        let (text, is_jetstream) = match kind {
            SourceKind::Relay { url } | SourceKind::Pds { url } => (url, false),
            SourceKind::Jetstream { url } => (url, true),
            SourceKind::File { path } => {
                return Err(format!("{}: a file is not a stream", path.display()));
            }
        };
        let wrong = |what: &str| format!("{text}: {what}; write wss:// and a host");
        let mut base = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
        let scheme = match base.scheme() {
            "wss" | "https" => "wss",
            "ws" | "http" => "ws",
            _ => return Err(wrong("not the address of a stream")),
        };
        // Always possible: all four are special schemes.
        base.set_scheme(scheme)
            .map_err(|()| wrong("not the address of a stream"))?;
        check_url(&base, allow_private).map_err(|refusal| {
            format!(
                "{text}: {refusal}; for tests and home labs set network.allow_private_addresses"
            )
        })?;
        let host = base.host_str().ok_or_else(|| wrong("no host"))?;
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let port = base
            .port_or_known_default()
            .ok_or_else(|| wrong("no port"))?;
        let path = base.path().trim_end_matches('/').to_owned();
        base.set_path(&path);
        let (protocol, is_certain) = match is_jetstream {
            false => (Protocol::Firehose, true),
            true if path.ends_with(V1) => (Protocol::V1, true),
            true => (Protocol::V2, path.contains("/xrpc/")),
        };
        let is_whole = match protocol {
            Protocol::Firehose => path.ends_with(FIREHOSE),
            Protocol::V1 | Protocol::V2 => is_certain,
        };
        Ok(Self {
            base,
            path: is_whole.then_some(path),
            host,
            port,
            protocol,
            is_certain,
            offers_framing: true,
        })
    }

    /// Tries the other Jetstream next.
    pub(super) fn try_other(&mut self) {
        self.protocol = match self.protocol {
            Protocol::V1 => Protocol::V2,
            Protocol::V2 => Protocol::V1,
            Protocol::Firehose => Protocol::Firehose,
        };
    }

    /// Whether messages can be compressed by a dictionary of this id. v1 knows one only.
    pub(super) fn takes_dictionary(&self, id: u32) -> bool {
        match self.protocol {
            Protocol::Firehose => false,
            Protocol::V1 => id == V1_DICTIONARY,
            Protocol::V2 => id != V1_DICTIONARY,
        }
    }

    /// The address to dial, with the cursor, and with compression by the dictionary of this id.
    pub(super) fn target(&self, cursor: Option<u64>, dictionary: Option<u32>) -> Url {
        let mut url = self.base.clone();
        if self.path.is_none() {
            let path = match self.protocol {
                Protocol::Firehose => FIREHOSE,
                Protocol::V1 => V1,
                Protocol::V2 => V2,
            };
            let base = url.path().trim_end_matches('/').to_owned();
            url.set_path(&format!("{base}{path}"));
        }
        let collections = match self.protocol {
            Protocol::Firehose => None,
            Protocol::V1 => Some("wantedCollections"),
            Protocol::V2 => Some("collections"),
        };
        if collections.is_none() && cursor.is_none() {
            return url;
        }
        let mut query = url.query_pairs_mut();
        if let Some(name) = collections {
            for collection in COLLECTIONS {
                query.append_pair(name, collection);
            }
        }
        if let Some(cursor) = cursor {
            query.append_pair("cursor", &cursor.to_string());
        }
        if let Some(id) = dictionary.filter(|&id| self.takes_dictionary(id)) {
            match self.protocol {
                Protocol::Firehose => {}
                Protocol::V1 => drop(query.append_pair("compress", "true")),
                Protocol::V2 => drop(query.append_pair("zstdDictionary", &id.to_string())),
            }
        }
        drop(query);
        url
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relay(text: &str, allow_private: bool) -> Result<Endpoint, String> {
        let url = text.to_owned();
        Endpoint::parse(&SourceKind::Relay { url }, allow_private)
    }

    #[test]
    fn addresses_become_subscriptions() {
        let check = |text: &str, expect: &str| {
            let endpoint = relay(text, true).unwrap();
            assert_eq!(endpoint.target(Some(7), None).as_str(), expect);
        };
        let path = "xrpc/com.atproto.sync.subscribeRepos";
        let table = [
            ("wss://relay.example", "wss://relay.example"),
            ("wss://relay.example/", "wss://relay.example"),
            ("https://pds.example", "wss://pds.example"),
            ("ws://127.0.0.1:2583", "ws://127.0.0.1:2583"),
            ("wss://relay.example/behind", "wss://relay.example/behind"),
        ];
        for (text, base) in table {
            check(text, &format!("{base}/{path}?cursor=7"));
        }
        let whole = format!("ws://[::1]:1/{path}");
        check(&whole, &format!("{whole}?cursor=7"));
        let live = relay("wss://relay.example", false)
            .unwrap()
            .target(None, None);
        assert_eq!(live.as_str(), format!("wss://relay.example/{path}"));
    }

    #[test]
    fn a_jetstream_is_known_by_its_path() {
        let wanted = |name: &str| COLLECTIONS.map(|nsid| format!("{name}={nsid}")).join("&");
        let (v1, v2) = (wanted("wantedCollections"), wanted("collections"));
        let parse = |text: &str| {
            let url = text.to_owned();
            Endpoint::parse(&SourceKind::Jetstream { url }, false).unwrap()
        };
        let mut open = parse("wss://j.example");
        assert!(!open.is_certain);
        let (one, two) = (
            format!("wss://j.example/subscribe?{v1}"),
            format!("wss://j.example/xrpc/network.bsky.jetstream.subscribeEvents?{v2}"),
        );
        assert_eq!(open.target(None, None).as_str(), two);
        assert_eq!(
            open.target(Some(9), Some(5)).as_str(),
            format!("{two}&cursor=9&zstdDictionary=5")
        );
        assert_eq!(open.target(None, Some(V1_DICTIONARY)).as_str(), two);
        open.try_other();
        assert_eq!(open.target(None, None).as_str(), one);
        assert_eq!(open.target(None, Some(5)).as_str(), one);
        assert_eq!(
            open.target(Some(9), Some(V1_DICTIONARY)).as_str(),
            format!("{one}&cursor=9&compress=true")
        );
        let said = parse("wss://j.example/subscribe");
        assert!(said.is_certain && said.target(None, None).as_str() == one);
        let said = parse("wss://j.example/xrpc/network.bsky.jetstream.subscribeEvents");
        assert!(said.is_certain && said.target(None, None).as_str() == two);
    }

    #[test]
    fn addresses_of_strangers_are_refused_before_dialling() {
        for text in [
            "ws://relay.example",
            "wss://127.0.0.1",
            "wss://[::1]",
            "wss://10.0.0.1:443",
        ] {
            assert!(relay(text, false).is_err(), "{text}");
            assert!(relay(text, true).is_ok(), "{text}");
        }
        for text in [
            "",
            "relay.example",
            "ftp://relay.example",
            "wss://",
            "wss://u:p@a.example",
        ] {
            assert!(relay(text, true).is_err(), "{text}");
        }
    }
}
