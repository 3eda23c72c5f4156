//! The skewed load, and what can be turned.

use kith_reputation::{Ledger, Operation, RuleKind};

use crate::scenes::{like, rules};

/// What can be turned on the command line, as `name=number`.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Knobs {
    pub(crate) accounts: u64,
    pub(crate) likes: u64,
    pub(crate) tick_every: u64,
    pub(crate) rows: u64,
    pub(crate) rounds: u64,
    pub(crate) rule: u64,
    pub(crate) contributors: u32,
}

impl Knobs {
    pub(crate) fn from_arguments() -> Self {
        let mut knobs = Self {
            accounts: 1_000_000,
            likes: 20_000_000,
            tick_every: 4_000_000,
            rows: 10_000_000,
            rounds: 20_000,
            rule: 0,
            contributors: 0,
        };
        for argument in std::env::args().skip(1) {
            let (name, number) = argument.split_once('=').expect("arguments are name=number");
            let number: u64 = number.replace('_', "").parse().expect("a number");
            match name {
                "accounts" => knobs.accounts = number,
                "likes" => knobs.likes = number,
                "tick_every" => knobs.tick_every = number,
                "rows" => knobs.rows = number,
                "contributors" => knobs.contributors = u32::try_from(number).unwrap(),
                "rule" => knobs.rule = number,
                "rounds" => knobs.rounds = number,
                _ => panic!("unknown knob {name}"),
            }
        }
        knobs
    }
}

/// The skewed load: who likes is the square of a uniform, who is liked its sixth power.
pub(crate) struct Skewed {
    pub(crate) ledger: Ledger,
    accounts: u64,
    state: u64,
}

impl Skewed {
    pub(crate) fn new(knobs: &Knobs, rule: RuleKind) -> Self {
        let mut ledger = Ledger::new(42, rules(rule)).unwrap();
        while u64::from(ledger.accounts()) <= knobs.accounts {
            // Rejected, but it gives two ids.
            let next = ledger.accounts();
            ledger.apply(&like(next, next + 1, 0, 0));
        }
        Self {
            ledger,
            accounts: knobs.accounts,
            state: 7,
        }
    }

    pub(crate) fn next_like(&mut self) -> Operation {
        let (liker, mut author) = (self.skewed(1), self.skewed(5));
        if author == liker {
            author = author % self.accounts + 1;
        }
        let id = |index: u64| u32::try_from(index).unwrap();
        like(id(liker), id(author), 100, self.random())
    }

    /// A uniform to the power of `1 + more`, among all accounts but the sink.
    fn skewed(&mut self, more: u32) -> u64 {
        let uniform = self.random() >> 32;
        let power = (0..more).fold(uniform, |power, _| (power * uniform) >> 32);
        1 + ((power * self.accounts) >> 32)
    }

    /// A xorshift: the load's randomness, not the ledger's.
    fn random(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
}
