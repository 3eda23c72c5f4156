//! Which addresses may be talked to.
//!
//! DID documents and handles come from strangers: a PDS endpoint may name 127.0.0.1, a machine
//! of the private network, or redirect to one. Unless the configuration allows it, only https
//! and only public addresses are dialled. Names are checked *after* resolution, by the resolver
//! the connection itself uses, so that a name cannot change its mind between check and use.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Whether an address is reachable by the public: not private, loopback, link-local, shared
/// (CGNAT), documentation, benchmark, multicast, reserved, or a wrapping of one of these.
///
/// Source: the IANA special-purpose address registries for IPv4 and IPv6. Where the registry
/// lists an exception inside a refused block (such as 192.0.0.9), the whole block is refused.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let refused = a == 0 // "this network"
        || a == 10 // private
        || (a == 100 && b & 0xc0 == 64) // 100.64/10: shared, CGNAT
        || a == 127 // loopback
        || (a == 169 && b == 254) // link-local, cloud metadata
        || (a == 172 && b & 0xf0 == 16) // 172.16/12: private
        || (a == 192 && b == 0 && c == 0) // protocol assignments
        || (a == 192 && b == 0 && c == 2) // documentation
        || (a == 192 && b == 88 && c == 99) // 6to4 relays, deprecated
        || (a == 192 && b == 168) // private
        || (a == 198 && b & 0xfe == 18) // 198.18/15: benchmarks
        || (a == 198 && b == 51 && c == 100) // documentation
        || (a == 203 && b == 0 && c == 113) // documentation
        || a >= 224; // multicast, reserved, broadcast
    !refused
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(v4) = address.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    let segments = address.segments();
    // NAT64 with the well-known prefix: how an IPv6-only machine reaches IPv4.
    if segments[..6] == [0x64, 0xff9b, 0, 0, 0, 0] {
        let [.., a, b, c, d] = address.octets();
        return is_public_v4(Ipv4Addr::new(a, b, c, d));
    }
    // Only 2000::/3 is global unicast: this leaves out ::1, fc00::/7 (unique local),
    // fe80::/10 (link-local), fec0::/10, ff00::/8 (multicast), 100::/64 (discard), and more.
    let global_unicast = segments[0] & 0xe000 == 0x2000;
    let refused = match segments[0] {
        // 2001::/23: Teredo, ORCHID and other protocols; 2001:db8::/32: documentation.
        0x2001 => segments[1] < 0x200 || segments[1] == 0xdb8,
        0x2002 => true,                 // 6to4: wraps an IPv4 address
        0x3fff => segments[1] < 0x1000, // 3fff::/20: documentation
        _ => false,
    };
    global_unicast && !refused
}

/// Why an address or URL is not talked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The scheme is not https (or, where private addresses are allowed, http).
    #[error("the scheme {scheme} is not https")]
    Scheme {
        /// The scheme found.
        scheme: String,
    },
    /// The address is not public, and `network.allow_private_addresses` is off.
    #[error("{host} is at {address}, which is not a public address")]
    NotPublic {
        /// The host of the URL.
        host: String,
        /// One of its addresses.
        address: IpAddr,
    },
    /// The URL carries a user name or a password.
    #[error("the url carries a user name or password")]
    Credentials,
    /// The URL has no host.
    #[error("the url has no host")]
    NoHost,
}

/// Checks what can be checked of a URL before its name is resolved: scheme, credentials, and
/// hosts that are addresses already. Names are checked by [`resolve`], at each connection.
pub fn check_url(url: &Url, allow_private: bool) -> Result<(), Refusal> {
    let scheme = url.scheme();
    if !(matches!(scheme, "https" | "wss") || (allow_private && matches!(scheme, "http" | "ws"))) {
        return Err(Refusal::Scheme {
            scheme: scheme.to_owned(),
        });
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refusal::Credentials);
    }
    let address: IpAddr = match url.host() {
        None => return Err(Refusal::NoHost),
        Some(Host::Domain(_)) => return Ok(()),
        Some(Host::Ipv4(v4)) => v4.into(),
        Some(Host::Ipv6(v6)) => v6.into(),
    };
    check_address(&address.to_string(), address, allow_private)
}

fn check_address(host: &str, address: IpAddr, allow_private: bool) -> Result<(), Refusal> {
    if allow_private || is_public(address) {
        Ok(())
    } else {
        Err(Refusal::NotPublic {
            host: super::shorten(host),
            address,
        })
    }
}

/// Resolves a host name to the addresses that may be dialled, never an empty list.
///
/// # Errors
/// The name does not resolve (an error of the system's resolver), or resolves to refused
/// addresses only (kind `PermissionDenied`, with a [`Refusal`] inside).
pub async fn resolve(host: &str, port: u16, allow_private: bool) -> io::Result<Vec<SocketAddr>> {
    let mut addresses = Vec::new();
    let mut refusal = None;
    for address in tokio::net::lookup_host((host, port)).await? {
        match check_address(host, address.ip(), allow_private) {
            Ok(()) => addresses.push(address),
            Err(refused) => refusal = Some(refused),
        }
    }
    match (addresses.is_empty(), refusal) {
        (false, _) => Ok(addresses),
        (true, Some(refused)) => Err(io::Error::new(io::ErrorKind::PermissionDenied, refused)),
        (true, None) => Err(io::Error::new(
            io::ErrorKind::NotFound,
            "the name has no address",
        )),
    }
}

/// The resolver inside the HTTP client: [`resolve`] in reqwest's shape.
pub(crate) struct CheckedResolver {
    pub(crate) allow_private: bool,
}

impl Resolve for CheckedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_private = self.allow_private;
        Box::pin(async move {
            // Port 0 is replaced by the URL's port.
            let addresses = resolve(name.as_str(), 0, allow_private).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// Whether two URLs (or bare host names) name the same server: same host and port, whatever
/// scheme, path and case. `wss` counts as `https`, `ws` as `http`; loopback names are one host.
/// What is not a URL is the same as nothing.
///
/// ```
/// use kith_feeder::xrpc::same_host;
/// assert!(same_host("wss://pds.example", "https://PDS.example./xrpc"));
/// assert!(same_host("ws://127.0.0.1:2583", "http://localhost:2583/"));
/// assert!(!same_host("http://localhost:2583", "http://localhost:2584"));
/// ```
pub fn same_host(a: &str, b: &str) -> bool {
    matches!((authority(a), authority(b)), (Some(a), Some(b)) if a == b)
}

/// Host (lower case, without a final dot; loopback as `localhost`) and port of a URL.
fn authority(text: &str) -> Option<(String, u16)> {
    let text = text.trim();
    let url = match Url::parse(text) {
        Ok(url) if url.has_host() => url,
        _ => Url::parse(&format!("https://{text}")).ok()?,
    };
    let port = url.port_or_known_default()?;
    let host = match url.host()? {
        Host::Ipv4(v4) if v4.is_loopback() => "localhost".to_owned(),
        Host::Ipv6(v6) if v6.is_loopback() => "localhost".to_owned(),
        Host::Domain(name) => name.trim_end_matches('.').to_ascii_lowercase(),
        other => other.to_string(),
    };
    Some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_addresses_are_not_public() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.7",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.4",
            "203.0.113.9",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.1.2.3",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:10::1",
            "2001:1ff::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "3fff:fff::1",
            "5f00::1",
            "fc00::1",
            "fd12:3456::1",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::1",
            "4000::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text} must be refused");
        }
    }

    #[test]
    fn ordinary_addresses_are_public() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.1",
            "100.63.255.255",
            "100.128.0.1",
            "126.1.1.1",
            "128.0.0.1",
            "169.253.1.1",
            "172.15.1.1",
            "172.32.0.1",
            "192.0.1.1",
            "192.167.1.1",
            "192.169.1.1",
            "198.17.1.1",
            "198.20.0.1",
            "223.255.255.1",
            "2001:200::1",
            "2001:4860:4860::8888",
            "2606:4700::1111",
            "2a00:1450::1",
            "3fff:1000::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert!(is_public(text.parse().unwrap()), "{text} must be allowed");
        }
    }

    #[test]
    fn urls_are_checked_before_their_names_are_resolved() {
        let check = |text: &str, private| check_url(&Url::parse(text).unwrap(), private);
        assert_eq!(check("https://pds.example/", false), Ok(()));
        assert_eq!(check("http://127.0.0.1:2583/", true), Ok(()));
        assert_eq!(
            check("http://pds.example/", false),
            Err(Refusal::Scheme {
                scheme: "http".to_owned()
            })
        );
        assert_eq!(
            check("https://user:secret@pds.example/", true),
            Err(Refusal::Credentials)
        );
        for text in [
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://0x7f.1/",
            "https://2130706433/",
            "https://[::ffff:169.254.169.254]/",
            "https://0/",
        ] {
            let answer = check(text, false);
            assert!(
                matches!(answer, Err(Refusal::NotPublic { .. })),
                "{text}: {answer:?}"
            );
        }
        for text in [
            "file:///etc/passwd",
            "ftp://pds.example/",
            "data:text/plain,x",
        ] {
            let answer = check(text, true);
            assert!(
                matches!(answer, Err(Refusal::Scheme { .. })),
                "{text}: {answer:?}"
            );
        }
    }

    #[tokio::test]
    async fn names_of_loopback_are_refused_after_resolution() {
        let error = resolve("localhost", 80, false).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
        assert!(!resolve("localhost", 80, true).await.unwrap().is_empty());
    }

    #[test]
    fn hosts_are_compared_without_scheme_and_path() {
        for (a, b, same) in [
            ("wss://pds.example", "https://pds.example/xrpc/x?y", true),
            ("https://PDS.Example.", "https://pds.example:443", true),
            ("pds.example", "https://pds.example", true),
            ("https://pds.example", "http://pds.example", false),
            ("https://pds.example:444", "https://pds.example", false),
            ("ws://127.0.0.1:2583", "http://localhost:2583", true),
            ("ws://[::1]:2583", "http://localhost:2583", true),
            ("http://localhost:2583", "http://localhost:2584", false),
            ("https://evil-pds.example", "https://pds.example", false),
            ("", "", false),
            ("::::", "::::", false),
        ] {
            assert_eq!(same_host(a, b), same, "{a} and {b}");
        }
    }
}
