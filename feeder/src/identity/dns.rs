//! TXT records of handles.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{RData, RecordType};

/// How TXT records are looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dns {
    /// By the name servers of this machine (`/etc/resolv.conf`).
    System,
    /// By these name servers, over UDP and TCP.
    Servers(Vec<SocketAddr>),
    /// Not at all.
    Off,
}

/// Looks up TXT records, if there is anybody to ask.
pub(super) struct TxtLookup {
    resolver: Option<TokioResolver>,
}

impl TxtLookup {
    pub(super) fn new(dns: &Dns) -> TxtLookup {
        let builder = match dns {
            Dns::Off => None,
            Dns::System => TokioResolver::builder_tokio()
                .inspect_err(|error| tracing::warn!(%error, "no name servers: handles are not looked up in DNS"))
                .ok(),
            Dns::Servers(addresses) => Some(TokioResolver::builder_with_config(
                ResolverConfig::from_name_servers(addresses.iter().map(name_server).collect()),
                TokioRuntimeProvider::default(),
            )),
        };
        let resolver = builder.and_then(|mut builder| {
            let options = builder.options_mut();
            options.timeout = Duration::from_secs(3);
            options.attempts = 2;
            options.cache_size = 1024;
            builder.build().ok()
        });
        TxtLookup { resolver }
    }

    /// Texts at a name, none if there are no such records; or why it is not known.
    pub(super) async fn texts(&self, name: &str) -> Result<Vec<String>, String> {
        let Some(resolver) = &self.resolver else {
            return Ok(Vec::new());
        };
        // The final dot keeps the search list of the machine out of it.
        let found = resolver.lookup(format!("{name}."), RecordType::TXT).await;
        let found = match found {
            Ok(found) => found,
            Err(error) if error.is_no_records_found() => return Ok(Vec::new()),
            Err(error) => return Err(error.to_string()),
        };
        let texts = found
            .answers()
            .iter()
            .filter_map(|record| match &record.data {
                RData::TXT(txt) => String::from_utf8(txt.txt_data.concat()).ok(),
                _ => None,
            });
        Ok(texts.collect())
    }
}

fn name_server(address: &SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = address.port();
        connection
    });
    NameServerConfig::new(address.ip(), true, connections.to_vec())
}
