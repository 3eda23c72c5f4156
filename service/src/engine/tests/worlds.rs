//! Small worlds, made up by proptest: accounts that follow and like each other, a relay that keeps the
//! last of what happened, hosts that answer late or not at all, and a Kith that is cut off, stopped and
//! killed. In the end the circle has to be the one that the repos say, and each like there once.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kith_feeder::{
    backfill::{AccountRead, AccountStatus, LikeRecord},
    source::Gap,
    wire::{Action, Cid, Codec, Collection, Commit, Message, Op, Record},
};
use kith_graph::Status;
use kith_store::{JournalPart, Store};
use proptest::prelude::*;

use super::{NOW, SECOND, engine, read, tracked_by, unreachable};
use crate::{
    checker::Verdict,
    engine::{
        Arrival, Engine, Settings, SourceIndex, TrackedDid, is_wanted, repair::BackfillOrder, tid,
    },
};
use kith_store::batch::Micros;

const ACCOUNTS: usize = 9;
const DEPTH: u8 = 2;

/// What happens in a world. Numbers are taken modulo what there is.
#[derive(Debug, Clone)]
enum Event {
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
    /// The relay forgets all but so many of its events.
    Forget(usize),
    /// The relay never tells what comes next, if it is a commit.
    Lose,
    /// Kith hears so many events.
    Hear(usize),
    /// It is told so many again.
    Rewind(usize),
    /// It goes on with another relay.
    Switch,
    Disconnect,
    Connect {
        knows_end: bool,
    },
    Commit,
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

fn events() -> impl Strategy<Value = Vec<Event>> {
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
        2 => (0..6_usize).prop_map(Forget),
        1 => Just(Lose),
        1 => (1..9_usize).prop_map(Rewind),
        1 => Just(Switch),
        14 => (1..6_usize).prop_map(Hear),
        2 => Just(Disconnect),
        6 => any::<bool>().prop_map(|knows_end| Connect { knows_end }),
        5 => Just(Commit),
        2 => any::<bool>().prop_map(|killed| Restart { killed }),
        10 => (1..5_usize).prop_map(Ask),
        6 => (0..9_usize).prop_map(Read),
        10 => (0..9_usize).prop_map(Answer),
        2 => (0..9_usize).prop_map(Fail),
    ];
    prop::collection::vec(event, 1..120)
}

/// One account as its host has it.
#[derive(Debug, Default)]
struct Repo {
    follows: BTreeMap<String, usize>,
    blocks: BTreeMap<String, usize>,
    likes: BTreeMap<String, LikeRecord>,
    rev: Option<String>,
    data: Option<Cid>,
    status: Status,
}

/// A like that was made, and is still there unless it was taken back.
#[derive(Debug)]
struct Made {
    liker: usize,
    author: usize,
    rkey: String,
}

/// The network, and what is true of it.
#[derive(Debug)]
struct World {
    dids: Vec<String>,
    repos: Vec<Repo>,
    now: Micros,
    /// What the relay told, by seq from 1.
    told: Vec<Message>,
    /// Of these, what nobody hears, and whether what comes next is one of them.
    lost: BTreeSet<usize>,
    loses_next: bool,
    /// The first that it still has.
    kept_from: usize,
    tracked: BTreeSet<usize>,
    likes: Vec<Made>,
    /// Who was in the interior all the time. Whom others follow, Kith knows when it has read them.
    interior: BTreeSet<usize>,
    /// Who was in the circle all the time, by the follows of these,
    stayed: BTreeSet<usize>,
    /// and active.
    always: BTreeSet<usize>,
}

impl World {
    fn new() -> World {
        let letters = b"abcdefghijklmnopqrstuvwxyz";
        let did = |i: usize| format!("did:plc:{}", char::from(letters[i]).to_string().repeat(24));
        World {
            dids: (0..ACCOUNTS).map(did).collect(),
            repos: (0..ACCOUNTS).map(|_| Repo::default()).collect(),
            now: NOW,
            told: Vec::new(),
            lost: BTreeSet::new(),
            loses_next: false,
            kept_from: 0,
            tracked: BTreeSet::from([0, 1]),
            likes: Vec::new(),
            interior: (0..ACCOUNTS).collect(),
            stayed: (0..ACCOUNTS).collect(),
            always: (0..ACCOUNTS).collect(),
        }
    }

    /// The hop of each, by the follows in the repos.
    fn hops(&self) -> Vec<Option<u8>> {
        self.hops_by(|_| true)
    }

    /// The same by the follows of some.
    fn hops_by(&self, counts: impl Fn(usize) -> bool) -> Vec<Option<u8>> {
        let mut hops = vec![None; ACCOUNTS];
        for &id in &self.tracked {
            hops[id] = Some(0);
        }
        for hop in 0..DEPTH {
            for id in 0..ACCOUNTS {
                if hops[id] == Some(hop) && counts(id) {
                    for &other in self.repos[id].follows.values() {
                        hops[other] = hops[other].or(Some(hop + 1));
                    }
                }
            }
        }
        hops
    }

    fn seq(&self) -> u64 {
        self.told.len() as u64 + 1
    }

    fn key(&mut self) -> String {
        self.now += 1_000;
        tid::unpack(tid::at(self.now))
    }

    /// A commit of these ops, which the relay tells.
    fn commit(&mut self, who: usize, ops: Vec<Op>) {
        self.now += 10_000;
        let rev = tid::unpack(tid::at(self.now));
        let data = Cid::for_block(Codec::DagCbor, format!("{who} {rev}").as_bytes());
        if std::mem::take(&mut self.loses_next) {
            self.lost.insert(self.told.len());
            // That something was lost, Kith knows when the account does something else.
            if ops.iter().any(|op| op.collection == Collection::Follow) {
                self.nobody_stayed();
            }
        }
        let repo = &mut self.repos[who];
        let (since, prev_data) = (repo.rev.replace(rev.clone()), repo.data.replace(data));
        self.told.push(Message::Commit(Commit {
            seq: self.told.len() as u64 + 1,
            repo: self.dids[who].clone(),
            rev,
            since,
            time: self.now,
            commit: None,
            data: Some(data),
            prev_data,
            chained: true,
            too_big: false,
            ops,
        }));
    }

    fn op(collection: Collection, rkey: &str, record: Option<Record>, cid: Option<Cid>) -> Op {
        Op {
            index: 0,
            action: match record {
                Some(_) => Action::Create,
                None => Action::Delete,
            },
            collection,
            rkey: rkey.to_owned(),
            cid,
            record: record.map(Ok),
        }
    }

    fn say_status(&mut self, who: usize) {
        self.now += SECOND;
        let status = self.repos[who].status;
        let word = match status {
            Status::Deleted => "deleted",
            _ => "deactivated",
        };
        self.told.push(Message::Account {
            seq: self.seq(),
            did: self.dids[who].clone(),
            active: status.is_active(),
            status: (!status.is_active()).then(|| word.to_owned()),
            time: self.now,
        });
    }

    fn follow(&mut self, who: usize, whom: usize) -> Op {
        let rkey = self.key();
        self.repos[who].follows.insert(rkey.clone(), whom);
        let subject = self.dids[whom].clone();
        let record = Some(Record::Follow { subject });
        World::op(Collection::Follow, &rkey, record, None)
    }

    fn like(&mut self, who: usize, whose: usize) -> Op {
        let rkey = self.key();
        let subject = format!("at://{}/app.bsky.feed.post/3k", self.dids[whose]);
        let cid = Cid::for_block(Codec::DagCbor, format!("{who} {rkey}").as_bytes());
        let like = LikeRecord {
            collection: Collection::Like,
            rkey: rkey.clone(),
            cid,
            subject: subject.clone(),
        };
        self.repos[who].likes.insert(rkey.clone(), like);
        self.likes.push(Made {
            liker: who,
            author: whose,
            rkey: rkey.clone(),
        });
        let record = Some(Record::Like { subject });
        World::op(Collection::Like, &rkey, record, Some(cid))
    }

    /// What happens outside Kith.
    fn happen(&mut self, event: &Event) {
        let nth = |len: usize, n: usize| n.checked_rem(len);
        let is_active = |who: &usize| self.repos[*who].status.is_active();
        self.now += 90 * SECOND;
        match *event {
            Event::Follow(a, b) if a != b && is_active(&a) => {
                let op = self.follow(a, b);
                self.commit(a, vec![op]);
            }
            Event::Both(a, b, c) if a != b && is_active(&a) => {
                let ops = vec![self.follow(a, b), self.like(a, c)];
                self.commit(a, ops);
            }
            Event::Unfollow(a, n) if is_active(&a) => {
                let follows = &mut self.repos[a].follows;
                if let Some(n) = nth(follows.len(), n)
                    && let Some(rkey) = follows.keys().nth(n).cloned()
                {
                    follows.remove(&rkey);
                    let op = World::op(Collection::Follow, &rkey, None, None);
                    self.commit(a, vec![op]);
                }
            }
            Event::Rename(a, n, b) if a != b && is_active(&a) => {
                let subject = self.dids[b].clone();
                let follows = &mut self.repos[a].follows;
                if let Some(n) = nth(follows.len(), n)
                    && let Some((rkey, whom)) = follows.iter_mut().nth(n)
                {
                    *whom = b;
                    let record = Some(Record::Follow { subject });
                    let op = Op {
                        action: Action::Update,
                        ..World::op(Collection::Follow, rkey, record, None)
                    };
                    self.commit(a, vec![op]);
                }
            }
            Event::Like(a, b) if is_active(&a) => {
                let op = self.like(a, b);
                self.commit(a, vec![op]);
            }
            Event::Unlike(a, n) if is_active(&a) => {
                let likes = &mut self.repos[a].likes;
                if let Some(n) = nth(likes.len(), n)
                    && let Some(rkey) = likes.keys().nth(n).cloned()
                {
                    likes.remove(&rkey);
                    let op = World::op(Collection::Like, &rkey, None, None);
                    self.commit(a, vec![op]);
                }
            }
            Event::Block(a, b) if a != b && is_active(&a) => {
                let blocks = &mut self.repos[a].blocks;
                let known = blocks.iter().find(|(_, whom)| **whom == b);
                if let Some(rkey) = known.map(|(rkey, _)| rkey.clone()) {
                    blocks.remove(&rkey);
                    let op = World::op(Collection::Block, &rkey, None, None);
                    self.commit(a, vec![op]);
                } else {
                    let rkey = self.key();
                    self.repos[a].blocks.insert(rkey.clone(), b);
                    let subject = self.dids[b].clone();
                    let record = Some(Record::Block { subject });
                    let op = World::op(Collection::Block, &rkey, record, None);
                    self.commit(a, vec![op]);
                }
            }
            Event::Away(a) => {
                let status = &mut self.repos[a].status;
                *status = match *status {
                    Status::Deleted => return,
                    Status::Active => Status::Deactivated,
                    _ => Status::Active,
                };
                self.say_status(a);
            }
            Event::Delete(a) if self.repos[a].status != Status::Deleted => {
                self.repos[a] = Repo {
                    status: Status::Deleted,
                    ..Repo::default()
                };
                self.say_status(a);
            }
            Event::Hours(hours) => self.now += hours * 3_600 * SECOND,
            Event::Forget(n) => {
                self.kept_from = self.kept_from.max(self.told.len().saturating_sub(n));
            }
            Event::Track(a) => {
                if !self.tracked.remove(&a) {
                    self.tracked.insert(a);
                } else if self.tracked.is_empty() {
                    self.tracked.insert(a);
                }
                // Kith hears of it at once, and of what was before it later.
                self.nobody_stayed();
            }
            Event::Lose => self.loses_next = true,
            _ => return,
        }
        self.note_who_stayed();
    }

    fn nobody_stayed(&mut self) {
        self.interior.clear();
        self.stayed.clear();
        self.always.clear();
    }

    fn note_who_stayed(&mut self) {
        let hops = self.hops();
        self.interior
            .retain(|id| hops[*id].is_some_and(|hop| hop < DEPTH));
        let hops = self.hops_by(|id| self.interior.contains(&id));
        let repos = &self.repos;
        self.stayed.retain(|id| hops[*id].is_some());
        let (stayed, is_active) = (&self.stayed, |id: &usize| repos[*id].status.is_active());
        self.always
            .retain(|id| stayed.contains(id) && is_active(id));
    }

    /// What the host says of an account now.
    fn read(&self, order: &BackfillOrder) -> AccountRead {
        let who = self.dids.iter().position(|did| *did == order.did);
        let repo = &self.repos[who.expect("is of this world")];
        let status = match repo.status {
            Status::Active => AccountStatus::Active,
            Status::Deleted => AccountStatus::Deleted,
            _ => AccountStatus::Deactivated,
        };
        let mut account = AccountRead {
            status,
            ..read(&order.did)
        };
        if !repo.status.is_active() {
            return account;
        }
        let list = |records: &BTreeMap<String, usize>| {
            let records = records.iter();
            let records = records.map(|(rkey, whom)| (rkey.clone(), self.dids[*whom].clone()));
            records.collect()
        };
        if order.wanted.follows {
            account.follows.records = list(&repo.follows);
        }
        if order.wanted.blocks {
            account.blocks.records = list(&repo.blocks);
        }
        if let Some(wanted) = &order.wanted.likes {
            let likes = repo.likes.values();
            let within = |rkey: &str| wanted.after.as_str() < rkey && rkey <= wanted.upto.as_str();
            account.likes.records = likes.filter(|like| within(&like.rkey)).cloned().collect();
        }
        account
    }
}

/// A Kith, and what it waits for.
struct Run {
    /// Of two relays which is heard, and the time of the last event.
    relay: usize,
    heard: Option<Micros>,
    /// It begins with what comes next, and has not heard it yet.
    joins: bool,
    engine: Engine,
    store: Store,
    settings: Settings,
    /// The next event of the relay's that it hears, while it is connected.
    next: Option<usize>,
    asked: Vec<(BackfillOrder, Option<AccountRead>)>,
    _folder: tempfile::TempDir,
}

const RELAYS: [&str; 2] = ["wss://one.example", "wss://two.example"];

fn gap(reason: &'static str) -> Gap {
    Gap {
        reason,
        detail: String::new(),
        from_time: None,
        to_time: None,
        from_seq: None,
        to_seq: None,
        did: None,
        cursor_is_void: false,
    }
}

fn tracked(world: &World) -> Vec<TrackedDid> {
    let ids = world.tracked.iter();
    ids.map(|id| tracked_by(&world.dids[*id])).collect()
}

impl Run {
    async fn new(world: &World) -> Run {
        let mut settings = engine(&[super::ALICE]).settings;
        settings.tracked = tracked(world);
        settings.parameters.repeat_once = false;
        let (folder, store) = super::database().await;
        Run {
            relay: 0,
            heard: None,
            joins: false,
            engine: Engine::open(&store, settings.clone()).await.expect("opens"),
            store,
            settings,
            next: None,
            asked: Vec::new(),
            _folder: folder,
        }
    }

    async fn commit(&mut self) {
        super::commit(&self.store, &mut self.engine).await;
    }

    async fn restart(&mut self, killed: bool) {
        if !killed {
            self.commit().await;
        }
        let engine = Engine::open(&self.store, self.settings.clone()).await;
        self.engine = engine.expect("opens");
        self.asked.clear();
        self.relay = 0;
        self.next = None;
        let sources = self.engine.sources.iter();
        self.heard = sources.filter_map(|source| source.row.event_micros).max();
    }

    fn source(&mut self) -> SourceIndex {
        self.engine.source("relay", RELAYS[self.relay])
    }

    fn connect(&mut self, world: &World, knows_end: bool) {
        if self.next.is_some() {
            return;
        }
        let source = self.source();
        let Some(cursor) = self.engine.sources[source.0].row.cursor else {
            self.joins = self.heard.is_some();
            self.next = Some(if self.joins { world.told.len() } else { 0 });
            return;
        };
        let next = usize::try_from(cursor).expect("a seq").max(world.kept_from);
        if next as u64 > cursor {
            let first = world.told.get(next).and_then(crate::engine::time_of);
            let gap = Gap {
                to_time: first.filter(|_| knows_end),
                ..gap("outdated_cursor")
            };
            self.engine.source_gap(&gap, source, world.now);
        }
        self.next = Some(next);
    }

    fn hear(&mut self, world: &World, n: usize) {
        for _ in 0..n {
            let Some(message) = self.next.and_then(|next| world.told.get(next)) else {
                return;
            };
            let is_lost = self.next.is_some_and(|next| world.lost.contains(&next));
            self.next = self.next.map(|next| next + 1);
            if is_lost {
                continue;
            }
            let source = self.source();
            let time = crate::engine::time_of(message);
            if std::mem::take(&mut self.joins) {
                let gap = Gap {
                    from_time: self.heard,
                    to_time: time,
                    ..gap("joined_live")
                };
                self.engine.source_gap(&gap, source, world.now);
            }
            self.heard = self.heard.max(time);
            let arrival = Arrival {
                source,
                offset: None,
                verdict: Verdict::Good,
                now: world.now,
            };
            match message {
                // What the decoder passes over.
                Message::Commit(commit)
                    if !is_wanted(
                        &self.engine.circle,
                        &self.engine.settings,
                        &commit.repo,
                        kith_feeder::wire::Touches::default(),
                    ) =>
                {
                    let (seq, time) = (Some(commit.seq), Some(commit.time));
                    self.engine.is_due(arrival, seq, time, false);
                }
                _ => self.engine.message(message.clone(), arrival),
            }
        }
    }

    fn ask(&mut self, world: &World, n: usize) {
        let free = n.saturating_sub(self.asked.len()) + self.asked.len();
        let orders = self.engine.backfill_orders(free, world.now);
        self.asked
            .extend(orders.into_iter().map(|order| (order, None)));
    }

    fn answer(&mut self, world: &World, n: usize) {
        if let Some(n) = n.checked_rem(self.asked.len()) {
            let (order, read) = self.asked.remove(n);
            let read = read.unwrap_or_else(|| world.read(&order));
            self.engine.backfilled(&order.did, Ok(read), world.now);
        }
    }

    async fn take(&mut self, world: &World, event: &Event) {
        let count = self.asked.len();
        match *event {
            Event::Hear(n) => self.hear(world, n),
            Event::Rewind(n) => {
                let again = |next: usize| next.saturating_sub(n).max(world.kept_from).min(next);
                self.next = self.next.map(again);
            }
            Event::Switch => {
                self.relay = 1 - self.relay;
                self.next = None;
                self.connect(world, true);
            }
            Event::Track(_) => {
                self.settings.tracked = tracked(world);
                self.engine.reconfigure(self.settings.clone());
            }
            Event::Disconnect => self.next = None,
            Event::Connect { knows_end } => self.connect(world, knows_end),
            Event::Commit => self.commit().await,
            Event::Restart { killed } => self.restart(killed).await,
            Event::Ask(n) => self.ask(world, n),
            Event::Read(n) => {
                if let Some(n) = n.checked_rem(count) {
                    let (order, read) = &mut self.asked[n];
                    *read = Some(world.read(order));
                }
            }
            Event::Answer(n) => self.answer(world, n),
            Event::Fail(n) => {
                if let Some(n) = n.checked_rem(count) {
                    let (order, _) = self.asked.remove(n);
                    let error = unreachable(&order.did);
                    self.engine.backfilled(&order.did, Err(error), world.now);
                }
            }
            _ => {}
        }
    }

    /// Everything is told and answered, until nothing is left to do.
    async fn settle(&mut self, world: &mut World) {
        self.connect(world, true);
        self.hear(world, usize::MAX);
        for _ in 0..40 {
            self.ask(world, 9);
            while !self.asked.is_empty() {
                self.answer(world, 0);
                self.ask(world, 9);
            }
            world.now += 3_600 * SECOND;
            self.engine.end_silent_gaps(world.now);
        }
        self.commit().await;
    }
}

/// What differs in the end from what the repos say.
async fn wrong(world: &World, run: &Run) -> Vec<String> {
    let mut wrong = Vec::new();
    let engine = &run.engine;
    let hops = world.hops();
    let is_deleted = world
        .repos
        .iter()
        .any(|repo| repo.status == Status::Deleted);
    if !is_deleted && engine.open_gaps() > 0 {
        wrong.push(format!("{} gaps are open", engine.open_gaps()));
    }
    for (who, did) in world.dids.iter().enumerate() {
        let repo = &world.repos[who];
        let name = &did[8..9];
        let Some(id) = engine.circle.lookup(did) else {
            if hops[who].is_some() {
                wrong.push(format!("{name} is not known"));
            }
            continue;
        };
        if engine.circle.hop(id) != hops[who] {
            let hop = engine.circle.hop(id);
            wrong.push(format!("{name} is at {hop:?}, not {:?}", hops[who]));
        }
        // What somebody of the last degree was and whom it blocked before it entered, nobody asks.
        if hops[who].is_none_or(|hop| hop == DEPTH && !world.stayed.contains(&who)) {
            continue;
        }
        let status = engine.circle.status(id);
        if status.is_active() != repo.status.is_active() {
            wrong.push(format!("{name} is {status:?}, not {:?}", repo.status));
        }
        let name_of = |id| engine.circle.did(id).as_str()[8..9].to_owned();
        let blocks: BTreeMap<_, _> = (engine.circle.block_records(id))
            .map(|(rkey, whom)| (rkey.as_str().to_owned(), name_of(whom)))
            .collect();
        let expected: BTreeMap<_, _> = (repo.blocks.iter())
            .map(|(rkey, whom)| (rkey.clone(), world.dids[*whom][8..9].to_owned()))
            .collect();
        if blocks != expected {
            wrong.push(format!("{name} blocks {blocks:?}, not {expected:?}"));
        }
    }
    let mut journaled: HashMap<(String, String), u32> = HashMap::new();
    let each = run.store.each_journal(JournalPart::After(0), |row| {
        if let (kith_reputation::Operation::Transfer(transfer), Some(record)) =
            (&row.operation, &row.record)
        {
            let id = engine.ledger_accounts[transfer.sender.0 as usize].expect("an account");
            let did = engine.circle.did(id).as_str().to_owned();
            *journaled.entry((did, record.rkey.to_string())).or_default() += 1;
        }
        Ok(())
    });
    each.await.expect("reads");
    for like in &world.likes {
        let (liker, author) = (&world.dids[like.liker], &world.dids[like.author]);
        let count = journaled.get(&(liker.clone(), like.rkey.clone())).copied();
        let count = count.unwrap_or(0);
        let told = format!("{} of {}, {}", &liker[8..9], &author[8..9], like.rkey);
        let is_there = world.repos[like.liker].likes.contains_key(&like.rkey);
        let parties = [like.liker, like.author];
        let counts = like.liker != like.author
            && is_there
            && parties.iter().all(|who| world.always.contains(who));
        if count > 1 {
            wrong.push(format!("counted {count} times: {told}"));
        } else if counts && count == 0 {
            wrong.push(format!("not counted: {told}"));
        } else if like.liker == like.author && count > 0 {
            wrong.push(format!("counted: {told}"));
        }
    }
    wrong
}

async fn live_through(events: &[Event]) -> Vec<String> {
    let mut world = World::new();
    // A beginning in which somebody is in the circle by more than one way.
    for (who, whom) in [
        (0, 2),
        (0, 3),
        (1, 3),
        (1, 4),
        (2, 5),
        (3, 5),
        (3, 6),
        (4, 6),
        (4, 7),
    ] {
        let op = world.follow(who, whom);
        world.commit(who, vec![op]);
    }
    world.note_who_stayed();
    let mut run = Run::new(&world).await;
    run.connect(&world, true);
    run.hear(&world, usize::MAX);
    run.settle(&mut world).await;
    for event in events {
        world.happen(event);
        run.take(&world, event).await;
    }
    // Who is away comes back, and everybody does something.
    run.connect(&world, true);
    for who in 0..ACCOUNTS {
        if world.repos[who].status == Status::Deactivated {
            world.happen(&Event::Away(who));
        }
        if world.repos[who].status == Status::Active {
            world.now += 90 * SECOND;
            world.commit(who, Vec::new());
        }
    }
    run.settle(&mut world).await;
    wrong(&world, &run).await
}

/// Worlds that went wrong once.
#[tokio::test]
async fn worlds_that_went_wrong() {
    use Event::*;
    const KNOWS_END: Event = Connect { knows_end: true };
    let cases: [(&str, Vec<Event>); 9] = [
        (
            "what the stream brings of the last degree while follows are read",
            vec![Disconnect, Block(0, 1), Like(5, 0), Forget(1)],
        ),
        (
            "a second gap while the follows of the first are read",
            vec![
                Like(0, 1),
                Disconnect,
                Forget(0),
                Delete(2),
                KNOWS_END,
                Ask(1),
                Disconnect,
                Answer(0),
                Ask(2),
            ],
        ),
        (
            "back again while it was read",
            vec![Away(8), Follow(0, 8), Hear(2), Ask(1), Read(0)],
        ),
        (
            "unfollowed while follows are read",
            vec![
                Disconnect,
                Rename(2, 0, 6),
                Block(6, 0),
                Unfollow(4, 0),
                Unfollow(3, 1),
                Forget(2),
            ],
        ),
        (
            "deleted while follows are read",
            vec![
                Unfollow(4, 0),
                Hear(1),
                Disconnect,
                Rename(2, 0, 6),
                Block(6, 0),
                Delete(3),
                Forget(1),
            ],
        ),
        (
            "a gap of its own while follows are read, and a restart",
            vec![
                Disconnect,
                Unfollow(4, 0),
                Forget(0),
                Rename(0, 0, 1),
                Like(4, 0),
                Connect { knows_end: false },
                Hear(2),
                Ask(9),
                Answer(4),
                Restart { killed: false },
            ],
        ),
        (
            "a commit that is heard after its account was read as deleted",
            vec![
                Switch,
                Like(0, 0),
                Hear(1),
                Block(2, 0),
                Delete(2),
                Ask(3),
                Answer(2),
            ],
        ),
        (
            "the first commit of who entered is lost",
            vec![
                Both(0, 6, 0),
                Unfollow(4, 1),
                Hear(1),
                Ask(1),
                Lose,
                Read(0),
                Follow(6, 7),
            ],
        ),
        (
            "a second gap while somebody is read, and a restart",
            vec![
                Disconnect,
                Follow(0, 1),
                Follow(0, 1),
                Forget(1),
                KNOWS_END,
                Hear(1),
                Disconnect,
                Like(0, 1),
                Follow(0, 1),
                Forget(0),
                Connect { knows_end: false },
                Ask(1),
                Block(0, 1),
                Hear(1),
                Restart { killed: false },
            ],
        ),
    ];
    for (name, events) in cases {
        let wrong = live_through(&events).await;
        assert!(wrong.is_empty(), "{name}: {wrong:#?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    /// However Kith is cut off, its circle is right in the end, and no like is lost or counted twice.
    #[test]
    fn a_world_is_followed_whatever_happens(events in events()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let wrong = runtime.expect("a runtime").block_on(live_through(&events));
        prop_assert!(wrong.is_empty(), "{wrong:#?}");
    }
}
