//! TLS: a certificate that fits, and those that do not.

use crate::events::{quick, start};
use crate::frames::identity_frame;
use crate::server::{Plan, Say, Server};
use kith_feeder::source::{Position, SourceKind, StreamOptions};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// An authority: its certificate, and a server's behind it that is for this name.
pub(crate) fn certified(name: &str) -> (Vec<u8>, TlsAcceptor) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    (
        authority.der().to_vec(),
        TlsAcceptor::from(Arc::new(config)),
    )
}

async fn first_word(name: &str, roots: impl FnOnce(Vec<u8>) -> Vec<Vec<u8>>) -> String {
    let (root, acceptor) = certified(name);
    let plan = Plan::Talk(vec![Say::Frame(identity_frame(1))]);
    let server = Server::start_with(vec![plan], Some(acceptor)).await;
    let options = StreamOptions {
        extra_roots: roots(root),
        ..quick()
    };
    let url = server.url.clone();
    let mut source = start(SourceKind::Relay { url }, options, Position::Live, 1 << 20);
    source.take(2).await.pop().unwrap()
}

#[tokio::test]
async fn only_a_certificate_that_fits_is_accepted() {
    assert_eq!(first_word("127.0.0.1", |root| vec![root]).await, "frame 1");
    let refused = "disconnected tls";
    assert_eq!(
        first_word("127.0.0.1", |_| Vec::new()).await,
        refused,
        "by nobody we know"
    );
    assert_eq!(
        first_word("127.0.0.2", |root| vec![root]).await,
        refused,
        "for another"
    );
    let (other, _) = certified("127.0.0.1");
    assert_eq!(
        first_word("127.0.0.1", |_| vec![other]).await,
        refused,
        "by another authority"
    );
    let broken = first_word("127.0.0.1", |_| vec![b"no certificate".to_vec()]).await;
    assert_eq!(broken, refused, "a root that is none");
}
