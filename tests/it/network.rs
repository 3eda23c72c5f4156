//! The network that other tests rely on.

use kith_tests::{Network, Populate, frames};

/// Two networks run beside each other; what one recorded agrees with its truth, and the check
/// notices what is not there.
#[test]
fn a_populated_network_is_what_its_firehoses_say() {
    let Some(network) = Network::start() else {
        return;
    };
    let beside = Network::start().expect("where one starts, another does");
    assert!(!beside.pds.contains(&network.pds[0]));
    drop(beside);

    let truth = network.populate(Populate {
        accounts: 33,
        actions: 60,
        ..Populate::default()
    });
    assert_eq!(truth.accounts.len(), 33);
    let first = &truth.accounts[0];
    assert_eq!(network.resolve(&first.handle), Some(first.did.clone()));
    assert_eq!(network.resolve("nobody.pds1.test"), None);
    let circle = truth.circle(&[&first.did], 2);
    assert!(
        circle.len() > 5,
        "a circle of {} to test with",
        circle.len()
    );

    let (first, second) = (network.record(0), network.record(1));
    let report = network
        .check(&[&first, &second])
        .unwrap_or_else(|report| panic!("{report}"));
    assert!(report.contains("\"problems\": 0"), "{report}");

    let mut fewer = frames::read(&first);
    fewer.truncate(fewer.len() - 5);
    frames::write(&first, fewer).expect("the recording can be replaced");
    assert!(
        network.check(&[&first, &second]).is_err(),
        "five frames less go unnoticed"
    );
}
