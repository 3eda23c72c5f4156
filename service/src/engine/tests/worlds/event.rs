//! What may happen.

use kith_config::Match;
use kith_reputation::RuleKind;
use kith_store::batch::RequestKind;
use proptest::prelude::*;

use super::ACCOUNTS;

/// What kind of world it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    /// Epochs are short, and journals are dropped soon.
    pub(super) short: bool,
    /// Events come by a Jetstream: without proofs, and without what a commit continues.
    pub(super) plain: bool,
    /// Instead of a relay that is joined anew elsewhere, two hosts are heard, each of its accounts.
    pub(super) hosts: bool,
    /// Only so many follows of an account are read.
    pub(super) most: Option<usize>,
    /// Whose likes count.
    pub(super) matching: Match,
    pub(super) rule: RuleKind,
    /// Who wants no points.
    pub(super) opted_out: Option<usize>,
}

impl Default for Kind {
    fn default() -> Kind {
        Kind {
            short: false,
            plain: false,
            hosts: false,
            most: None,
            matching: Match::Both,
            rule: RuleKind::Systematic,
            opted_out: None,
        }
    }
}

pub(super) fn kinds() -> impl Strategy<Value = Kind> {
    let most = prop::option::weighted(0.1, 0..4_usize);
    let matching = prop_oneof![
        4 => Just(Match::Both),
        1 => Just(Match::Liker),
        1 => Just(Match::Author),
        1 => Just(Match::Either),
    ];
    let rule = prop_oneof![4 => Just(RuleKind::Systematic), 1 => Just(RuleKind::Reference)];
    let opted_out = prop::option::weighted(0.3, 0..ACCOUNTS);
    let kinds = (any::<bool>(), 0..8_u8, most, matching, rule, opted_out);
    kinds.prop_map(|(short, kind, most, matching, rule, opted_out)| Kind {
        short,
        plain: kind < 2,
        hosts: kind > 4,
        most,
        matching,
        rule,
        opted_out,
    })
}

/// What happens in a world. Numbers are taken modulo what there is.
#[derive(Debug, Clone)]
pub(super) enum Event {
    Follow(usize, usize),
    Unfollow(usize, usize),
    /// A follow record names somebody else now.
    Rename(usize, usize, usize),
    Like(usize, usize),
    /// Follows one and likes another in one commit.
    Both(usize, usize, usize),
    Unlike(usize, usize),
    /// Blocks, or takes the block back.
    Block(usize, usize),
    /// Goes away, or comes back.
    Away(usize),
    Delete(usize),
    Hours(i64),
    /// Is tracked, or not any more.
    Track(usize),
    /// Is kept out of the circle, or not any more.
    Skip(usize),
    /// Is to be forgotten, or remembered, or claims what waits for it.
    Request(RequestKind, usize),
    /// From the next start on, the circle is so deep.
    Depth(u8),
    /// From the next boundary on, epochs have so many hours.
    Length(i64),
    /// The relay forgets all but so many of its events, or a host, by whether these are even.
    Forget(usize),
    /// What becomes of the next commit.
    Next(Fate),
    /// The repo is put back to what it was before, without the last of its follows and likes.
    Reset(usize),
    /// Moves to the other host.
    Move(usize),
    /// Kith hears so many events.
    Hear(usize),
    /// It is told so many again.
    Rewind(usize),
    /// It goes on with another relay; or what it does next, it does with the other host.
    Switch,
    Disconnect,
    Connect {
        knows_end: bool,
    },
    Commit,
    Checkpoint,
    Restart {
        killed: bool,
    },
    /// Kith asks for so many accounts to be read.
    Ask(usize),
    /// The host is read, which is told later.
    Read(usize),
    Answer(usize),
    Fail(usize),
}

/// What may become of a commit on its way.
#[derive(Debug, Clone, Copy, Eq, PartialEq)]
pub(super) enum Fate {
    /// The relay never tells it.
    Lost,
    /// It is not what its account signed.
    Bent,
    /// Its ops are left out.
    TooBig,
}

pub(super) fn events() -> impl Strategy<Value = Vec<Event>> {
    use Event::*;
    let who = || 0..ACCOUNTS;
    let event = prop_oneof![
        8 => (who(), who()).prop_map(|(a, b)| Follow(a, b)),
        6 => (who(), 0..9_usize).prop_map(|(a, n)| Unfollow(a, n)),
        1 => (who(), 0..9_usize, who()).prop_map(|(a, n, b)| Rename(a, n, b)),
        16 => (who(), who()).prop_map(|(a, b)| Like(a, b)),
        2 => (who(), who(), who()).prop_map(|(a, b, c)| Both(a, b, c)),
        2 => (who(), 0..9_usize).prop_map(|(a, n)| Unlike(a, n)),
        2 => (who(), who()).prop_map(|(a, b)| Block(a, b)),
        2 => who().prop_map(Away),
        1 => (2..ACCOUNTS).prop_map(Delete),
        2 => (1..100_i64).prop_map(Hours),
        1 => who().prop_map(Track),
        1 => who().prop_map(Skip),
        1 => (1..4_u8).prop_map(Depth),
        1 => (1..200_i64).prop_map(Length),
        1 => who().prop_map(|a| Request(RequestKind::Forget, a)),
        1 => who().prop_map(|a| Request(RequestKind::Remember, a)),
        1 => who().prop_map(|a| Request(RequestKind::Claim, a)),
        2 => (0..6_usize).prop_map(Forget),
        1 => Just(Next(Fate::Lost)),
        1 => Just(Next(Fate::Bent)),
        1 => Just(Next(Fate::TooBig)),
        1 => who().prop_map(Reset),
        1 => who().prop_map(Move),
        1 => (1..9_usize).prop_map(Rewind),
        3 => Just(Switch),
        14 => (1..6_usize).prop_map(Hear),
        2 => Just(Disconnect),
        6 => any::<bool>().prop_map(|knows_end| Connect { knows_end }),
        5 => Just(Commit),
        2 => Just(Checkpoint),
        2 => any::<bool>().prop_map(|killed| Restart { killed }),
        10 => (1..5_usize).prop_map(Ask),
        6 => (0..9_usize).prop_map(Read),
        10 => (0..9_usize).prop_map(Answer),
        2 => (0..9_usize).prop_map(Fail),
    ];
    prop::collection::vec(event, 1..160)
}
