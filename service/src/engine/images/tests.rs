use std::collections::BTreeMap;

use kith_reputation::{Entry, Rules, Transfer};

use super::*;

/// What the store has.
#[derive(Debug, Default, PartialEq)]
struct Rows {
    assignments: BTreeMap<(AccountId, AccountId), u32>,
    entries: BTreeMap<AccountId, Vec<Entry>>,
}

const CROWD: u32 = 30;

fn like((sender, receiver): (u32, u32), points: u64, nonce: u64) -> Operation {
    Operation::Transfer(Transfer {
        sender: AccountId(sender),
        receiver: AccountId(receiver),
        points,
        nonce,
        held: false,
    })
}

/// What the store does with an image.
fn write(rows: &mut Rows, image: &ImageRow) {
    let id = image.id;
    let entries = rows.entries.entry(id).or_default();
    match image.entries_stored {
        Some(stored) => assert_eq!(stored, entries.len(), "{id:?}"),
        None => entries.clear(),
    }
    let new = &image.image.unclaimed[entries.len()..];
    entries.extend_from_slice(new);
    let rows = &mut rows.assignments;
    let all = image
        .image
        .rows
        .iter()
        .map(|row| ((id, row.origin), row.points));
    match &image.stored {
        StoredRows::Unknown => {
            rows.retain(|(holder, _), _| *holder != id);
            rows.extend(all);
        }
        StoredRows::Absent => {
            assert!(!rows.keys().any(|(holder, _)| *holder == id), "{id:?}");
            rows.extend(all);
        }
        StoredRows::Except(origins) => {
            for origin in origins {
                rows.remove(&(id, *origin));
            }
            rows.extend(all.filter(|((_, origin), _)| origins.contains(origin)));
        }
    }
}

fn held(ledger: &Ledger) -> Rows {
    let accounts = (0..ledger.accounts()).map(AccountId);
    let mut rows = Rows::default();
    for id in accounts {
        let Some(account) = ledger.account(id) else {
            continue;
        };
        let image = account.image();
        let of_origins = image.rows.iter();
        rows.assignments
            .extend(of_origins.map(|row| ((id, row.origin), row.points)));
        rows.entries.insert(id, image.unclaimed);
    }
    rows
}

/// A load of likes, with ticks now and then, imaged in slices: after each checkpoint the
/// store's rows are the ledger's.
fn run(rule: RuleKind, sink_percent: u8, seed: u64) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let rules = Rules {
        rule,
        sink_percent,
        keep_top: 8,
        ..Rules::default()
    };
    let mut ledger = Ledger::new(seed, rules).expect("rules that make sense");
    let (mut images, mut rows) = (Images::default(), Rows::default());
    let mut position = 0;
    for _ in 0..40 {
        for _ in 0..rng.usize(1..60) {
            position += 1;
            let parties = (rng.u32(1..CROWD), rng.u32(1..CROWD));
            let operation = match (rng.u8(..60), like(parties, rng.u64(1..120), rng.u64(..))) {
                (0, _) => Operation::Tick,
                (1..4, _) => Operation::Claim {
                    receiver: AccountId(parties.1),
                    index: rng.u32(..3),
                },
                // Some want no points.
                (_, Operation::Transfer(transfer)) => Operation::Transfer(Transfer {
                    held: parties.1.is_multiple_of(4),
                    ..transfer
                }),
                (_, other) => other,
            };
            images.settle_parties(&mut ledger, &operation);
            let outcome = ledger.apply(&operation);
            images.mark_outcome(&operation, rule, &outcome);
            if operation == Operation::Tick {
                images.mark_tick(&ledger);
                images.begin_sweep();
            }
        }
        images.begin(position, 0);
        let mut whole_at = None;
        while images.is_writing() {
            let slice = images.slice(&mut ledger, position, 20);
            slice
                .images
                .iter()
                .for_each(|image| write(&mut rows, image));
            whole_at = slice.whole_at;
        }
        assert_eq!(whole_at, Some(position));
        assert!(images.is_swept());
        assert_eq!(rows, held(&ledger), "{rule:?}, seed {seed}");
    }
}

#[test]
fn rows_that_are_written_make_the_ledger() {
    for seed in 0..20 {
        run(RuleKind::Systematic, 0, seed);
        run(RuleKind::Systematic, 20, seed);
        run(RuleKind::Reference, 20, seed);
    }
}

#[test]
fn a_tick_makes_few_rows_be_written() {
    let mut rng = fastrand::Rng::with_seed(7);
    let rules = Rules {
        decay_percent: 1,
        ..Rules::default()
    };
    let mut ledger = Ledger::new(7, rules).expect("rules that make sense");
    let (mut images, mut rows) = (Images::default(), Rows::default());
    let operate = |ledger: &mut Ledger, images: &mut Images, operation: &Operation| {
        images.settle_parties(ledger, operation);
        let outcome = ledger.apply(operation);
        images.mark_outcome(operation, RuleKind::Systematic, &outcome);
    };
    for _ in 0..3_000 {
        let parties = (rng.u32(1..CROWD), rng.u32(1..CROWD));
        let like = like(parties, 2, rng.u64(..));
        operate(&mut ledger, &mut images, &like);
    }
    images.begin(3_000, 3_000);
    let first = images.slice(&mut ledger, 3_000, usize::MAX);
    first
        .images
        .iter()
        .for_each(|image| write(&mut rows, image));
    operate(&mut ledger, &mut images, &Operation::Tick);
    images.mark_tick(&ledger);
    images.begin_sweep();
    // One party is settled before the sweep comes to it.
    operate(&mut ledger, &mut images, &like((1, 2), 2, 1));
    images.begin(3_002, 3_002);
    let sweep = images.slice(&mut ledger, 3_002, usize::MAX);
    sweep
        .images
        .iter()
        .for_each(|image| write(&mut rows, image));
    assert_eq!(rows, held(&ledger));
    let written = sweep.images.iter().map(|image| match &image.stored {
        StoredRows::Except(origins) => origins.len(),
        stored => panic!("{stored:?}"),
    });
    let written: usize = written.sum();
    assert!(
        (1..rows.assignments.len() / 2).contains(&written),
        "{written} of {} rows",
        rows.assignments.len()
    );
}

#[test]
fn who_was_settled_by_somebody_else_is_written_whole() {
    let mut ledger = Ledger::new(1, Rules::default()).expect("rules that make sense");
    let mut images = Images::default();
    let like = like((1, 2), 100, 1);
    let outcome = ledger.apply(&like);
    images.mark_outcome(&like, RuleKind::Systematic, &outcome);
    images.begin(1, 1);
    let _first = images.slice(&mut ledger, 1, usize::MAX);
    ledger.apply(&Operation::Tick);
    images.mark_tick(&ledger);
    ledger.settle(AccountId(2));
    images.begin(2, 2);
    let second = images.slice(&mut ledger, 2, usize::MAX);
    let is_unknown = |image: &ImageRow| (image.id.0, image.stored == StoredRows::Unknown);
    let found: Vec<_> = second.images.iter().map(is_unknown).collect();
    assert_eq!(found, [(0, false), (1, false), (2, true)]);
}

#[test]
fn a_sweep_is_over_when_everybody_was_imaged() {
    let mut rng = fastrand::Rng::with_seed(1);
    let mut ledger = Ledger::new(1, Rules::default()).expect("rules that make sense");
    let mut images = Images::default();
    let mut like = |ledger: &mut Ledger, images: &mut Images, among: std::ops::Range<u32>| {
        let sender = rng.u32(among.start..among.end - 1);
        let operation = like((sender, sender + 1), 100, rng.u64(..));
        images.settle_parties(ledger, &operation);
        let outcome = ledger.apply(&operation);
        images.mark_outcome(&operation, RuleKind::Systematic, &outcome);
    };
    // A checkpoint of the first twenty is under way when the tick comes: some of them are
    // imaged, and change again before the others' turn comes.
    for _ in 0..100 {
        like(&mut ledger, &mut images, 1..20);
    }
    images.begin(100, 100);
    let _first = images.slice(&mut ledger, 100, 20);
    for _ in 0..100 {
        like(&mut ledger, &mut images, 20..40);
    }
    ledger.apply(&Operation::Tick);
    images.mark_tick(&ledger);
    images.begin_sweep();
    let accounts = ledger.accounts();
    let mut missing: HashSet<AccountId> = (0..accounts).map(AccountId).collect();
    let mut rounds = 0;
    while !images.is_swept() {
        let slice = images.slice(&mut ledger, 200, 20);
        let (swept, others) = slice.images.split_at(slice.swept);
        for image in swept {
            assert!(missing.remove(&image.id), "{:?} is swept once", image.id);
        }
        assert!(others.iter().all(|image| !missing.contains(&image.id)));
        for _ in 0..20 {
            // Newcomers, too.
            like(&mut ledger, &mut images, 1..40 + rounds);
        }
        rounds += 1;
        images.begin(200, 200);
        assert!(rounds < 1_000, "a sweep has an end");
    }
    assert!(missing.is_empty(), "{missing:?} were not imaged");
}

/// So many accounts like their neighbours.
fn neighbours(ledger: &mut Ledger, images: &mut Images, accounts: u32) {
    for sender in 1..accounts {
        let like = like((sender, sender + 1), 100, sender.into());
        let outcome = ledger.apply(&like);
        images.mark_outcome(&like, RuleKind::Systematic, &outcome);
    }
}

/// What each slice of a checkpoint does to the index of assignments by origin. Another checkpoint
/// begins after the first slice.
fn steps(ledger: &mut Ledger, images: &mut Images, rows_max: usize) -> Vec<OriginIndex> {
    images.begin(1, 1);
    let mut steps = Vec::new();
    while images.is_writing() {
        steps.push(images.slice(ledger, 1, rows_max).origin_index);
        images.begin(1, 1);
    }
    steps
}

#[test]
fn a_table_that_is_filled_goes_without_its_index() {
    use OriginIndex::{Drop, Keep, Make};
    let many = u32::try_from(MANY).expect("a small number") + 10;
    for (accounts, rows_max, expected) in [
        (many, 10_000, vec![Drop, Keep, Make]),
        (many, usize::MAX, vec![Keep]),
        (100, 100, vec![Keep; 3]),
    ] {
        let mut ledger = Ledger::new(1, Rules::default()).expect("rules that make sense");
        let mut images = Images::default();
        neighbours(&mut ledger, &mut images, accounts);
        let found = steps(&mut ledger, &mut images, rows_max);
        assert_eq!(found, expected, "{accounts} accounts, {rows_max} rows");
        // Nobody is new any more.
        neighbours(&mut ledger, &mut images, accounts);
        let found = steps(&mut ledger, &mut images, rows_max);
        assert!(found.iter().all(|step| *step == Keep), "{found:?}");
    }
}

#[test]
fn a_sweep_that_changes_most_rows_goes_without_their_index() {
    use OriginIndex::{Drop, Keep, Make};
    let many = u32::try_from(MANY).expect("a small number");
    let sweep = |accounts, decay_percent, others, rows_max| {
        let rules = Rules {
            decay_percent,
            ..Rules::default()
        };
        let mut ledger = Ledger::new(1, rules).expect("rules that make sense");
        let mut images = Images::default();
        neighbours(&mut ledger, &mut images, accounts);
        let _filled = steps(&mut ledger, &mut images, usize::MAX);
        // Some are under way when the tick comes, and are all that the first slice has.
        let under_way = like((1, 2), 100, 1);
        if others {
            let outcome = ledger.apply(&under_way);
            images.mark_outcome(&under_way, RuleKind::Systematic, &outcome);
            images.begin(1, 1);
        }
        ledger.apply(&Operation::Tick);
        images.mark_tick(&ledger);
        images.begin_sweep();
        let mut found = Vec::new();
        if others {
            found.push(images.slice(&mut ledger, 1, rows_max).origin_index);
        }
        found.extend(steps(&mut ledger, &mut images, rows_max));
        assert!(!images.is_bare() && images.is_swept());
        found
    };
    assert_eq!(sweep(3 * many, 10, false, 25_000), [Keep, Drop, Make]);
    assert_eq!(sweep(3 * many, 10, true, 25_000), [Keep, Keep, Drop, Make]);
    // Nothing changes; few are left; so few are there that it does not matter.
    assert_eq!(sweep(3 * many, 0, false, 10_000), [Keep; 4]);
    assert_eq!(sweep(3 * many, 10, false, 45_000), [Keep; 2]);
    assert_eq!(sweep(many, 10, false, 10_000), [Keep; 3]);
}

#[test]
fn an_index_that_is_gone_is_not_made_while_most_of_the_sweep_waits() {
    use OriginIndex::{Drop, Keep, Make};
    let many = u32::try_from(MANY).expect("a small number");
    let mut ledger = Ledger::new(1, Rules::default()).expect("rules that make sense");
    let mut images = Images::default();
    neighbours(&mut ledger, &mut images, 3 * many);
    let slice = |ledger: &mut Ledger, images: &mut Images| {
        let slice = images.slice(ledger, 1, 5 * MANY);
        (slice.images.len(), slice.origin_index)
    };
    images.begin(1, 1);
    let (first, step) = slice(&mut ledger, &mut images);
    assert_eq!(step, Drop);
    assert!((2 * MANY..3 * MANY).contains(&first), "{first}");
    ledger.apply(&Operation::Tick);
    images.mark_tick(&ledger);
    images.begin_sweep();
    let mut found = Vec::new();
    while images.is_writing() {
        found.push(slice(&mut ledger, &mut images).1);
    }
    assert!(found.iter().all(|step| *step == Keep), "{found:?}");
    found = steps(&mut ledger, &mut images, 2 * MANY);
    assert_eq!(found.last(), Some(&Make), "{found:?}");
    assert!(!found.contains(&Drop), "{found:?}");
}

/// Epochs that passed unseen are written in slices, too.
#[test]
fn a_slice_has_few_ends_of_epochs() {
    const EPOCHS: u32 = 50;
    let rules = Rules {
        decay_percent: 1,
        ..Rules::default()
    };
    let mut ledger = Ledger::new(7, rules).expect("rules that make sense");
    ledger.note_epochs();
    let mut images = Images::default();
    let mut operate = |images: &mut Images, operation: &Operation| {
        images.settle_parties(&mut ledger, operation);
        let outcome = ledger.apply(operation);
        images.mark_outcome(operation, RuleKind::Systematic, &outcome);
    };
    for id in 1..CROWD {
        operate(&mut images, &like((id, id % (CROWD - 1) + 1), 100, 7));
    }
    for _ in 0..EPOCHS {
        operate(&mut images, &Operation::Tick);
    }
    images.mark_tick(&ledger);
    images.begin_sweep();
    images.begin(1, 1);
    let (mut slices, mut ended) = (0, 0);
    while images.is_writing() {
        let _ = images.slice(&mut ledger, 1, 100);
        let closed = ledger.take_closed().len();
        assert!(closed < 100 + EPOCHS as usize, "{closed} in a slice");
        (slices, ended) = (slices + 1, ended + closed);
    }
    assert_eq!(ended, (EPOCHS * (CROWD - 1)) as usize);
    assert!(slices >= ended / (100 + EPOCHS as usize));
}
