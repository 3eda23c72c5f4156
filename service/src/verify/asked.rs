//! What was asked for and what came of it, against the rows of the journal that it made.

use std::collections::BTreeMap;

use anyhow::Result;
use hashbrown::HashMap;
use kith_reputation::AccountId;
use kith_store::{
    Store,
    batch::{Answer, RequestKind},
};

use super::{Differences, Row, past::Made};

/// Verifies the answers to requests after a position, and who is forgotten by them.
pub(super) async fn verify(
    store: &Store,
    after: u64,
    made: &BTreeMap<u64, Made>,
    differences: &mut Differences,
) -> Result<()> {
    let answered = store.answered_requests().await?;
    if answered.is_empty() {
        return Ok(());
    }
    let rows = store.load_accounts().await?;
    let known: HashMap<&str, (u32, Option<AccountId>)> = (rows.iter())
        .map(|row| (row.did.as_str(), (row.id, row.ledger_id)))
        .collect();
    let mut forgotten: BTreeMap<u32, bool> = BTreeMap::new();
    for row in &answered {
        let key = Row::default().and("id", row.id);
        let key = |column| ("request", &key, column);
        let kind = RequestKind::parse(&row.kind);
        let answer = row.answer.as_deref().and_then(Answer::parse);
        let Some((account, ledger_id)) = known.get(row.did.as_str()).copied() else {
            let unknown = Answer::UnknownAccount;
            differences.unless_equal(
                key("answer"),
                &row.answer.as_deref().unwrap_or_default(),
                &unknown.name(),
            );
            continue;
        };
        if let (Some(Answer::Done), Some(kind)) = (answer, kind)
            && kind != RequestKind::Claim
        {
            forgotten.insert(account, kind == RequestKind::Forget);
        }
        let operations = row.operations.unwrap_or_default().cast_unsigned();
        let Some(last) = row.position.map(i64::cast_unsigned) else {
            differences.unless_equal(key("operations"), &operations, &0);
            continue;
        };
        if last <= after {
            continue;
        }
        let first = (last + 1).saturating_sub(operations.max(1));
        let its = made.range(first..=last).filter(|(_, made)| {
            Some(made.account) == ledger_id && made.is_claim == (kind == Some(RequestKind::Claim))
        });
        let (mut count, mut points, mut newest) = (0, Some(0), 0);
        for (position, made) in its {
            count += 1;
            points = points.zip(made.points).map(|(sum, more)| sum + more);
            newest = *position;
        }
        differences.unless_equal(key("operations"), &operations, &count);
        differences.unless_equal(key("position"), &last, &newest);
        if let Some(points) = points {
            let stored = row.points.unwrap_or_default().cast_unsigned();
            differences.unless_equal(key("points"), &stored, &points);
        }
    }
    let stored = store.load_forgotten().await?;
    for (account, should) in forgotten {
        let is_there = stored.binary_search(&account).is_ok();
        if is_there != should {
            let told = |is| if is { "a row" } else { "no row" };
            let key = Row::known("account", account);
            differences.note(("forgotten", &key, "account"), told(is_there), told(should));
        }
    }
    Ok(())
}
