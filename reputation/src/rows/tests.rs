//! The layout against a map, through all shapes.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// Rows as a map, with what the store must make of the same calls.
type Plain = BTreeMap<u32, u64>;

fn check(store: &RowStore, rows: &Rows, plain: &Plain) {
    let got: Vec<(u32, u64)> = store
        .iter(rows)
        .map(|row| (row.origin.0, row.points.into()))
        .collect();
    let want: Vec<(u32, u64)> = plain
        .iter()
        .map(|(origin, points)| (*origin, *points))
        .collect();
    assert_eq!(got, want);
    assert_eq!(rows.sum(), plain.values().sum::<u64>());
    assert_eq!(store.len(rows), plain.len());
    if rows.is_long() {
        let long = &store.longs[rows.place as usize];
        assert_eq!(long.heads(0).0, 0, "any origin may be in the first");
        for (at, chunk) in long.chunks().enumerate() {
            let pairs = chunk.pairs(&store.arena);
            assert!(!pairs.is_empty(), "no chunk is empty");
            let sum = pairs.iter().map(|[_, points]| u64::from(*points));
            assert_eq!(long.sum_of(at), sum.sum::<u64>());
        }
    }
    for (origin, points) in plain {
        assert_eq!(u64::from(store.get(rows, AccountId(*origin))), *points);
        assert_eq!(
            store.get(rows, AccountId(origin + 1)) > 0,
            plain.contains_key(&(origin + 1))
        );
    }
}

#[derive(Clone, Debug)]
enum Step {
    Credit(Vec<(u32, u32)>),
    Take { share: u64, nonce: u64 },
    Collapse(u32),
    Remove(u32),
    Withdraw { share: u64 },
    Decay(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let pieces = |ids: u32, most: u32, count| prop::collection::vec((0..ids, 1..most), 1..=count);
    prop_oneof![
        3 => pieces(3_000, 9_u32, 130).prop_map(Step::Credit),
        2 => pieces(6_000, 9_u32, 1_200).prop_map(Step::Credit),
        2 => pieces(200, 200_000, 130).prop_map(Step::Credit),
        3 => (0..=1_000_u64, any::<u64>()).prop_map(|(share, nonce)| Step::Take { share, nonce }),
        1 => (0..1_600_u32).prop_map(Step::Collapse),
        1 => (0..6_000_u32).prop_map(Step::Remove),
        1 => (0..=1_000_u64).prop_map(|share| Step::Withdraw { share }),
        1 => (0..=100_u8).prop_map(Step::Decay),
    ]
}

fn run(
    store: &mut RowStore,
    rows: &mut Rows,
    plain: &mut Plain,
    step: &Step,
    touched: Option<u32>,
) {
    match step {
        Step::Credit(pieces) => {
            let bundle: BTreeMap<u32, u32> = pieces.iter().copied().collect();
            let piece = |(origin, points): (&u32, &u32)| Piece {
                origin: AccountId(*origin),
                points: *points,
            };
            let pieces: Vec<Piece> = bundle.iter().map(piece).collect();
            let credited = store.credit(rows, &pieces, AccountId(77), touched);
            let credited_rows = store
                .iter(rows)
                .filter(|row| bundle.contains_key(&row.origin.0));
            for row in credited_rows {
                assert!(row.touched == touched || row.origin.0 == 77);
            }
            for (origin, points) in bundle {
                if origin == 77 {
                    assert_eq!(credited.returned, u64::from(points));
                } else {
                    *plain.entry(origin).or_default() += u64::from(points);
                }
            }
            assert_eq!(credited.overflow, 0);
        }
        Step::Take { share, nonce } => {
            let ahead = nonce % 50;
            let worth = rows.sum() + ahead;
            let count = worth * share / 1_000;
            let draw = Draw::new(1, *nonce, 0, worth, count);
            let mut hits = Vec::new();
            store.take(rows, &draw, ahead, |origin, first, taken| {
                hits.push((origin.0, first, u64::from(taken)));
            });
            let (mut x, mut want) = (ahead, Vec::new());
            for (origin, points) in plain.iter_mut() {
                let (first, last) = (draw.below(x), draw.below(x + *points));
                x += *points;
                if last > first {
                    *points -= last - first;
                    want.push((*origin, first, last - first));
                }
            }
            assert_eq!(hits, want);
        }
        Step::Collapse(keep) => {
            let pinned = |origin: AccountId| origin.0.is_multiple_of(17);
            let before = rows.sum();
            let lost = store.collapse(rows, *keep, pinned);
            let mut order: Vec<(u64, u32)> = plain.iter().map(|(o, p)| (*p, !*o)).collect();
            order.retain(|(_, origin)| !pinned(AccountId(!origin)));
            order.sort_unstable_by(|a, b| b.cmp(a));
            for (_, origin) in order.iter().skip(*keep as usize) {
                plain.remove(&!origin);
            }
            assert_eq!(before - lost, plain.values().sum::<u64>());
        }
        Step::Remove(origin) => {
            let points = store.remove(rows, AccountId(*origin));
            assert_eq!(u64::from(points), plain.remove(origin).unwrap_or(0));
        }
        Step::Withdraw { share } if touched.is_some() && rows.sum() > 0 => {
            let (whole, mut out) = (rows.sum(), Vec::new());
            let part = (whole * share / 1_000).min(crate::MAX_POINTS.into());
            store.withdraw(rows, part, whole, 9, &mut out);
            let mut want = Vec::new();
            for (origin, points) in plain.iter_mut() {
                let wide = *points * part;
                *points -= wide.div_ceil(whole);
                want.push((*origin, wide / whole));
            }
            want.retain(|(_, points)| *points > 0);
            let out: Vec<_> = out
                .iter()
                .map(|piece| (piece.origin.0, piece.points.into()))
                .collect();
            assert_eq!(out, want);
        }
        Step::Decay(percent) if touched.is_some() => {
            store.decay_each(rows, *percent, 9);
            for points in plain.values_mut() {
                *points = *points * u64::from(100 - percent) / 100;
            }
        }
        Step::Withdraw { .. } | Step::Decay(_) => {}
    }
    plain.retain(|_, points| *points > 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Several accounts share a store and go through all shapes; none disturbs another.
    #[test]
    fn the_layout_is_a_map(steps in prop::collection::vec((0..4_usize, step()), 0..60), wide: bool) {
        let touched = wide.then_some(5);
        let mut store = RowStore::default();
        let mut accounts = vec![(Rows::EMPTY, Plain::new()); 4];
        for (at, step) in &steps {
            let (rows, plain) = &mut accounts[*at];
            run(&mut store, rows, plain, step, touched);
            for (rows, plain) in &accounts {
                check(&store, rows, plain);
            }
        }
        for (rows, plain) in &mut accounts {
            let image: Vec<Row> = store.iter(rows).collect();
            let restored = store.restore(&image);
            check(&store, &restored, plain);
            store.clear(rows);
            plain.clear();
            check(&store, rows, plain);
            let mut restored = restored;
            store.retouch(&mut restored, Some(3));
            prop_assert!(store.iter(&restored).all(|row| row.touched == Some(3)));
            store.clear(&mut restored);
        }
        prop_assert_eq!(store.arena.usage().0, 0, "all memory was given back");
    }
}

/// A long account stays a list of chunks that are neither empty nor over full.
#[test]
fn chunks_split_and_stay_in_bounds() {
    let (mut store, mut rows) = (RowStore::default(), Rows::EMPTY);
    for at in 0..20_000_u32 {
        let origin = at.wrapping_mul(2_654_435_761) >> 8;
        let piece = Piece {
            origin: AccountId(origin),
            points: 1,
        };
        store.credit(&mut rows, &[piece], AccountId(u32::MAX), None);
    }
    let long = &store.longs[rows.place as usize];
    let lengths: Vec<usize> = long.chunks().map(Chunk::len).collect();
    assert!(lengths.iter().all(|len| (1..=chunk::MOST).contains(len)));
    assert_eq!(long.len(), store.iter(&rows).count());
    assert!(long.len() > lengths.len() * chunk::MOST / 2, "well filled");
}

/// The last chunk has one row of one point: draws that hit it leave no chunk behind, whether they
/// walk from point to point or count row by row.
#[test]
fn a_chunk_that_is_emptied_is_gone() {
    let last = 2 * u32::try_from(merge::FILL).unwrap() + 1;
    let row = |origin| Row {
        origin: AccountId(origin),
        points: if origin == last { 1 } else { 1_000 },
        touched: None,
    };
    let image: Vec<Row> = (1..=last).map(row).collect();
    for share in [2, 900] {
        let mut store = RowStore::default();
        let mut rows = store.restore(&image);
        let worth = rows.sum();
        let hits = |nonce: &u64| {
            let draw = Draw::new(1, *nonce, 0, worth, worth * share / 1_000);
            draw.below(worth) > draw.below(worth - 1)
        };
        let nonce = (0..).step_by(50).find(hits).unwrap();
        let points = |row: &Row| (row.origin.0, u64::from(row.points));
        let mut plain: Plain = image.iter().map(points).collect();
        let step = Step::Take { share, nonce };
        run(&mut store, &mut rows, &mut plain, &step, None);
        assert!(rows.is_long() && !plain.contains_key(&last));
        check(&store, &rows, &plain);
    }
}

/// The first chunk has rows of one point, all of which are drawn: lower origins belong to the chunk
/// after it then.
#[test]
fn another_chunk_is_the_first() {
    let first = u32::try_from(merge::FILL).unwrap();
    let row = |origin| Row {
        origin: AccountId(origin),
        points: if origin <= 10 + first { 1 } else { 1_000 },
        touched: None,
    };
    let image: Vec<Row> = (11..=10 + 4 * first).map(row).collect();
    let mut store = RowStore::default();
    let mut rows = store.restore(&image);
    let worth = rows.sum();
    let takes_all = |nonce: &u64| {
        let draw = Draw::new(1, *nonce, 0, worth, worth * 999 / 1_000);
        draw.below(first.into()) == first.into()
    };
    let nonce = (0..).step_by(50).find(takes_all).unwrap();
    let points = |row: &Row| (row.origin.0, u64::from(row.points));
    let mut plain: Plain = image.iter().map(points).collect();
    let take = Step::Take { share: 999, nonce };
    for step in [take, Step::Credit(vec![(0, 1), (7, 3), (10 + first, 9)])] {
        run(&mut store, &mut rows, &mut plain, &step, None);
        assert!(rows.is_long());
        check(&store, &rows, &plain);
    }
}

/// What full rows of several chunks could not take is answered together.
#[test]
fn full_rows_of_many_chunks_overflow() {
    let row = |origin| Row {
        origin: AccountId(origin),
        points: if origin % 400 == 7 {
            Points::MAX - 1
        } else {
            5
        },
        touched: None,
    };
    let image: Vec<Row> = (1..=1_300).map(row).collect();
    let mut store = RowStore::default();
    let mut rows = store.restore(&image);
    let before = rows.sum();
    assert!(rows.is_long());
    let piece = |(origin, points)| Piece {
        origin: AccountId(origin),
        points,
    };
    let pieces = [(7, 3), (8, 9), (407, 5), (1_207, 11)].map(piece);
    let credited = store.credit(&mut rows, &pieces, AccountId(u32::MAX), None);
    assert_eq!(credited.overflow, 2 + 4 + 10);
    assert_eq!(rows.sum(), before + 1 + 9 + 1 + 1);
    assert_eq!(store.get(&rows, AccountId(1_207)), Points::MAX);
}

/// What full rows below and above the holder could not take is answered together.
#[test]
fn full_rows_on_both_sides_of_the_holder_overflow() {
    let row = |origin| Row {
        origin: AccountId(origin),
        points: Points::MAX,
        touched: None,
    };
    let piece = |(origin, points)| Piece {
        origin: AccountId(origin),
        points,
    };
    let mut store = RowStore::default();
    let mut rows = store.restore(&[row(1), row(3)]);
    let pieces = [(1, 3), (2, 4), (3, 5)].map(piece);
    let credited = store.credit(&mut rows, &pieces, AccountId(2), None);
    let (returned, overflow) = (4, 3 + 5);
    assert_eq!(credited, Credited { returned, overflow });
}
