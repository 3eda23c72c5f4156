//! The ledgers that are measured.

use kith_reputation::{AccountId, AccountImage, Ledger, Operation, Row, RuleKind, Rules, Transfer};

/// What can be turned on the command line, as `name=number`.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Knobs {
    pub(crate) accounts: u64,
    pub(crate) likes: u64,
    pub(crate) tick_every: u64,
    pub(crate) rows: u64,
    pub(crate) rounds: u64,
    pub(crate) rule: u64,
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
        };
        for argument in std::env::args().skip(1) {
            let (name, number) = argument.split_once('=').expect("arguments are name=number");
            let number = number.replace('_', "").parse().expect("a number");
            match name {
                "accounts" => knobs.accounts = number,
                "likes" => knobs.likes = number,
                "tick_every" => knobs.tick_every = number,
                "rows" => knobs.rows = number,
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

/// Account 1 with so many contributors of 99 points each, account 2 with 1,000: the same ones
/// as far as they go, or others.
pub(crate) fn pair(rule: RuleKind, contributors: u32, known: bool) -> Ledger {
    let most = 3 * contributors.max(1_000) + 10;
    let mut ledger = Ledger::resume(42, rules(rule), [], 0, most).unwrap();
    let odd = |at: u32| 2 * at + 3;
    ledger
        .restore_account(AccountId(1), image(rule, (0..contributors).map(odd)))
        .unwrap();
    let others = (0..1_000).map(|at| if known { odd(at) } else { odd(at) + 1 });
    ledger
        .restore_account(AccountId(2), image(rule, others))
        .unwrap();
    ledger
}

pub(crate) fn like_of_pair(nonce: u64) -> Operation {
    like(1, 2, 100, nonce.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// So many accounts with 1,000 rows each.
pub(crate) fn crowd(rule: RuleKind, accounts: u32) -> Ledger {
    let mut ledger = Ledger::resume(42, rules(rule), [], 0, accounts + 1).unwrap();
    for id in 1..=accounts {
        let origins = (0..1_000).map(|at| accounts + 1 + at * 3 + id % 3);
        ledger
            .restore_account(AccountId(id), image(rule, origins))
            .unwrap();
    }
    ledger
}

fn image(rule: RuleKind, origins: impl Iterator<Item = u32>) -> AccountImage {
    let touched = (rule == RuleKind::Reference).then_some(0);
    let rows = origins.map(|origin| Row {
        origin: AccountId(origin),
        points: 99,
        touched,
    });
    AccountImage {
        own: 100_000,
        rows: rows.collect(),
        ..AccountImage::default()
    }
}

fn rules(rule: RuleKind) -> Rules {
    Rules {
        rule,
        ..Rules::default()
    }
}

fn like(sender: u32, receiver: u32, points: u64, nonce: u64) -> Operation {
    let (sender, receiver) = (AccountId(sender), AccountId(receiver));
    Operation::Transfer(Transfer {
        sender,
        receiver,
        points,
        nonce,
        held: false,
    })
}
