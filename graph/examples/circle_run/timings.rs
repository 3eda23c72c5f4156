//! How long edge changes take.

use std::time::{Duration, Instant};

use kith_graph::{AccountId, Changes, Circle};

/// An edge change.
type Call<'a> = dyn Fn(&mut Circle, &mut Changes) + 'a;

/// How long edge changes took, and how many hops each changed.
#[derive(Default)]
pub(crate) struct Timings {
    /// The first time each was made, with nothing in the cache but by chance.
    first: Vec<Duration>,
    /// The best of three of each operation, where fewer than 1,000 hops changed.
    best: Vec<Duration>,
    most: usize,
}

impl Timings {
    pub(crate) fn follow_and_unfollow(
        &mut self,
        c: &mut Circle,
        from: AccountId,
        rkey: &str,
        to: AccountId,
    ) {
        self.pair(
            c,
            &|c, changes| {
                c.set_follow(from, rkey, to, changes);
            },
            &|c, changes| {
                c.remove_follow(from, rkey, changes);
            },
        );
    }

    pub(crate) fn unfollow_and_follow(
        &mut self,
        c: &mut Circle,
        from: AccountId,
        rkey: &str,
        to: AccountId,
    ) {
        self.pair(
            c,
            &|c, changes| {
                c.remove_follow(from, rkey, changes);
            },
            &|c, changes| {
                c.set_follow(from, rkey, to, changes);
            },
        );
    }

    fn pair(&mut self, circle: &mut Circle, one: &Call<'_>, other: &Call<'_>) {
        let mut best = [Duration::MAX; 2];
        let mut changes = Changes::new();
        for time in 0..3 {
            let both: [&Call<'_>; 2] = [one, other];
            for (best, change) in best.iter_mut().zip(both) {
                changes.clear();
                let start = Instant::now();
                change(circle, &mut changes);
                let took = start.elapsed();
                if time == 0 {
                    self.first.push(took);
                }
                *best = (*best).min(took);
                self.most = self.most.max(changes.len());
            }
        }
        if changes.len() < 1_000 {
            self.best.extend(best);
        }
    }

    pub(crate) fn print(mut self, name: &str) {
        self.first.sort_unstable();
        self.best.sort_unstable();
        let micros = |times: &[Duration], part: f64| {
            let place = (times.len() as f64 * part) as usize;
            times
                .get(place.min(times.len().saturating_sub(1)))
                .map_or(f64::NAN, |took| took.as_secs_f64() * 1e6)
        };
        println!(
            "  {name:<46} median {:>6.2} µs  99.9 % {:>8.1} µs  max {:>8.1} µs  worst {:>8.1} µs  ({} hops)",
            micros(&self.first, 0.5),
            micros(&self.first, 0.999),
            micros(&self.first, 1.0),
            micros(&self.best, 1.0),
            self.most,
        );
    }
}
