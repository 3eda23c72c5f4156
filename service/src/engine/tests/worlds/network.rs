//! The accounts, their hosts, and the relay; and what is true of them.

use std::collections::{BTreeMap, BTreeSet};

use kith_feeder::{
    backfill::{AccountRead, AccountStatus, LikeRecord},
    wire::{Action, Cid, Codec, Collection, Commit, DidText, Message, Op, Ops, Record},
};
use kith_graph::Status;
use kith_store::batch::{Micros, RequestKind};

use super::{
    ACCOUNTS,
    event::{Event, Fate, Kind},
};
use crate::checker::Verdict;
use crate::engine::{
    repair::BackfillOrder,
    tests::{NOW, SECOND, read},
    tid,
};

/// One account as its host has it.
#[derive(Debug, Default)]
pub(super) struct Repo {
    pub(super) follows: BTreeMap<String, usize>,
    pub(super) blocks: BTreeMap<String, usize>,
    pub(super) likes: BTreeMap<String, LikeRecord>,
    pub(super) rev: Option<String>,
    pub(super) data: Option<Cid>,
    pub(super) status: Status,
}

/// A like that was made, and is still there unless it was taken back.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) liker: usize,
    pub(super) author: usize,
    pub(super) rkey: String,
}

/// The network, and what is true of it.
#[derive(Debug)]
pub(super) struct World {
    pub(super) kind: Kind,
    pub(super) dids: Vec<DidText>,
    pub(super) repos: Vec<Repo>,
    pub(super) now: Micros,
    /// Where each account lives.
    pub(super) host: Vec<usize>,
    /// What the relay told, by seq from 1; or which host told what.
    pub(super) told: Vec<Message>,
    pub(super) told_by: Vec<usize>,
    /// Of these, what nobody hears, and what is not as it was told.
    pub(super) lost: BTreeSet<usize>,
    pub(super) bent: BTreeSet<usize>,
    /// Of the next commit.
    pub(super) fate: Option<Fate>,
    /// The first that it still has, or each host.
    pub(super) kept_from: [usize; 2],
    pub(super) tracked: BTreeSet<usize>,
    pub(super) skipped: BTreeSet<usize>,
    /// Now, and from the next start on.
    pub(super) depth: u8,
    pub(super) next_depth: u8,
    pub(super) likes: Vec<Made>,
    /// Who was in the interior all the time. Whom others follow, Kith knows when it has read them.
    pub(super) interior: BTreeSet<usize>,
    /// Who was in the circle all the time, by the follows of these,
    pub(super) stayed: BTreeSet<usize>,
    /// and active.
    pub(super) always: BTreeSet<usize>,
}

impl World {
    pub(super) fn new(kind: Kind) -> World {
        let letters = b"abcdefghijklmnopqrstuvwxyz";
        let did =
            |i: usize| format!("did:plc:{}", char::from(letters[i]).to_string().repeat(24)).into();
        World {
            kind,
            dids: (0..ACCOUNTS).map(did).collect(),
            repos: (0..ACCOUNTS).map(|_| Repo::default()).collect(),
            now: NOW,
            host: (0..ACCOUNTS)
                .map(|i| if kind.hosts { i % 2 } else { 0 })
                .collect(),
            told: Vec::new(),
            told_by: Vec::new(),
            lost: BTreeSet::new(),
            bent: BTreeSet::new(),
            fate: None,
            kept_from: [0; 2],
            tracked: BTreeSet::from([0, 1]),
            skipped: BTreeSet::new(),
            depth: 2,
            next_depth: 2,
            likes: Vec::new(),
            interior: (0..ACCOUNTS).collect(),
            stayed: (0..ACCOUNTS).collect(),
            always: (0..ACCOUNTS).collect(),
        }
    }

    /// The hop of each, by the follows in the repos.
    pub(super) fn hops(&self) -> Vec<Option<u8>> {
        self.hops_by(|_| true)
    }

    /// The same by the follows of some.
    pub(super) fn hops_by(&self, counts: impl Fn(usize) -> bool) -> Vec<Option<u8>> {
        let mut hops = vec![None; ACCOUNTS];
        for &id in self.tracked.difference(&self.skipped) {
            hops[id] = Some(0);
        }
        for hop in 0..self.depth {
            for id in 0..ACCOUNTS {
                if hops[id] == Some(hop) && counts(id) {
                    let others = self.repos[id].follows.values();
                    for &other in others.filter(|id| !self.skipped.contains(id)) {
                        hops[other] = hops[other].or(Some(hop + 1));
                    }
                }
            }
        }
        hops
    }

    pub(super) fn seq(&self) -> u64 {
        self.told.len() as u64 + 1
    }

    pub(super) fn key(&mut self) -> String {
        self.now += 1_000;
        tid::unpack(tid::at(self.now))
    }

    /// A commit of these ops, which the relay tells.
    pub(super) fn commit(&mut self, who: usize, ops: Vec<Op>) {
        self.now += 10_000;
        let rev = tid::unpack(tid::at(self.now));
        let data = Cid::for_block(Codec::DagCbor, format!("{who} {rev}").as_bytes());
        let fate = self.fate.take();
        // What is not heard as it was made, Kith knows when it has read the account again.
        if fate.is_some() && ops.iter().any(|op| op.collection == Collection::Follow) {
            self.nobody_stayed();
        }
        match fate {
            Some(Fate::Lost) => self.lost.insert(self.told.len()),
            Some(Fate::Bent) => self.bent.insert(self.told.len()),
            _ => false,
        };
        let (too_big, plain) = (fate == Some(Fate::TooBig), self.kind.plain);
        let repo = &mut self.repos[who];
        let (since, prev_data) = (repo.rev.replace(rev.clone()), repo.data.replace(data));
        let commit = Commit {
            seq: self.seq(),
            repo: self.dids[who].clone(),
            rev: rev.into(),
            since: since.filter(|_| !plain).map(Into::into),
            time: self.now,
            commit: None,
            data: (!plain).then_some(data),
            prev_data: prev_data.filter(|_| !plain),
            chained: !plain,
            too_big,
            ops: if too_big { Ops::new() } else { ops.into() },
        };
        self.tell(self.host[who], Message::Commit(commit));
    }

    fn tell(&mut self, host: usize, message: Message) {
        self.told.push(message);
        self.told_by.push(host);
    }

    /// What is found of it beforehand. A host is not believed of who lives elsewhere.
    pub(super) fn verdict(&self, at: usize) -> Verdict {
        if let Message::Account { did, .. } = &self.told[at] {
            let who = self.dids.iter().position(|known| known == did);
            if who.is_some_and(|who| self.host[who] != self.told_by[at]) {
                return Verdict::Bad("another_host");
            }
        }
        // Nothing of it is signed, where that is looked at.
        let is_too_big = matches!(&self.told[at], Message::Commit(commit) if commit.too_big);
        if is_too_big && !self.kind.plain && at.is_multiple_of(2) {
            return Verdict::Bad("too_big");
        }
        match self.bent.contains(&at) {
            true => Verdict::Bad("signature"),
            false if self.kind.plain => Verdict::Unchecked,
            false => Verdict::Good,
        }
    }

    /// The first that a host told, from one on.
    pub(super) fn told_from(&self, from: usize, host: usize) -> Option<usize> {
        (from..self.told.len()).find(|at| self.told_by[*at] == host)
    }

    pub(super) fn op(
        collection: Collection,
        rkey: &str,
        record: Option<Record>,
        cid: Option<Cid>,
    ) -> Op {
        Op {
            index: 0,
            action: match record {
                Some(_) => Action::Create,
                None => Action::Delete,
            },
            collection,
            rkey: rkey.into(),
            cid,
            record: record.map(Ok),
        }
    }

    fn say_status(&mut self, who: usize) {
        self.say(self.host[who], who, self.repos[who].status);
    }

    fn say(&mut self, host: usize, who: usize, status: Status) {
        self.now += SECOND;
        let word = match status {
            Status::Deleted => "deleted",
            _ => "deactivated",
        };
        let account = Message::Account {
            seq: self.seq(),
            did: self.dids[who].clone(),
            active: status.is_active(),
            status: (!status.is_active()).then(|| word.to_owned()),
            time: self.now,
        };
        self.tell(host, account);
    }

    /// What a repo is now, without ops.
    fn sync(&mut self, who: usize) {
        self.now += 10_000;
        let rev = tid::unpack(tid::at(self.now));
        let repo = &mut self.repos[who];
        repo.rev = Some(rev.clone());
        let sync = Message::Sync {
            seq: self.told.len() as u64 + 1,
            did: self.dids[who].clone(),
            data: repo.data,
            commit_rev: Some(rev.clone()),
            rev,
            time: self.now,
        };
        self.tell(self.host[who], sync);
    }

    pub(super) fn follow(&mut self, who: usize, whom: usize) -> Op {
        let rkey = self.key();
        self.repos[who].follows.insert(rkey.clone(), whom);
        let subject = self.dids[whom].clone();
        let record = Some(Record::Follow { subject });
        World::op(Collection::Follow, &rkey, record, None)
    }

    pub(super) fn like(&mut self, who: usize, whose: usize) -> Op {
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
        let record = Some(Record::Like {
            subject: subject.into(),
        });
        World::op(Collection::Like, &rkey, record, Some(cid))
    }

    /// What happens outside Kith.
    pub(super) fn happen(&mut self, event: &Event) {
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
                let first = self.told.len().saturating_sub(n);
                for (host, kept_from) in self.kept_from.iter_mut().enumerate() {
                    if !self.kind.hosts || host == n % 2 {
                        *kept_from = first.max(*kept_from);
                    }
                }
            }
            // A Jetstream says nothing of such things.
            Event::Next(_) | Event::Reset(_) if self.kind.plain => {}
            Event::Next(fate) => self.fate = Some(fate),
            Event::Reset(a) if is_active(&a) => self.reset(a),
            Event::Move(a) if is_active(&a) && self.kind.hosts => self.move_on(a),
            _ => self.ask(event),
        }
        self.note_who_stayed();
    }

    /// What is asked of Kith. It hears of it at once, and of what was before it later.
    fn ask(&mut self, event: &Event) {
        match *event {
            Event::Track(a) => {
                if !self.tracked.remove(&a) || self.tracked.is_empty() {
                    self.tracked.insert(a);
                }
            }
            Event::Skip(a) => {
                if !self.skipped.remove(&a) {
                    self.skipped.insert(a);
                }
            }
            Event::Request(RequestKind::Forget | RequestKind::Remember, _) => {}
            Event::Depth(depth) => return self.next_depth = depth,
            Event::Restart { .. } if self.next_depth != self.depth => {
                self.depth = self.next_depth;
            }
            _ => return,
        }
        self.nobody_stayed();
    }

    /// The repo is put back to an earlier state, without ops.
    fn reset(&mut self, who: usize) {
        let data = format!("{who} {} reset", self.now);
        let repo = &mut self.repos[who];
        repo.follows.pop_last();
        repo.likes.pop_last();
        repo.data = Some(Cid::for_block(Codec::DagCbor, data.as_bytes()));
        self.sync(who);
        self.nobody_stayed();
    }

    /// The account goes on at the other host: what that tells first is what it is; the one before says
    /// that it is away.
    fn move_on(&mut self, who: usize) {
        let before = self.host[who];
        self.host[who] = 1 - before;
        self.say_status(who);
        self.sync(who);
        self.say(before, who, Status::Deactivated);
    }

    pub(super) fn nobody_stayed(&mut self) {
        self.interior.clear();
        self.stayed.clear();
        self.always.clear();
    }

    pub(super) fn note_who_stayed(&mut self) {
        let hops = self.hops();
        self.interior
            .retain(|id| hops[*id].is_some_and(|hop| hop < self.depth));
        let hops = self.hops_by(|id| self.interior.contains(&id));
        let repos = &self.repos;
        self.stayed.retain(|id| hops[*id].is_some());
        let (stayed, is_active) = (&self.stayed, |id: &usize| repos[*id].status.is_active());
        self.always
            .retain(|id| stayed.contains(id) && is_active(id));
    }

    /// What the host says of an account now.
    pub(super) fn read(&self, order: &BackfillOrder) -> AccountRead {
        let who = self.dids.iter().position(|did| **did == *order.did);
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
            let records = records.map(|(rkey, whom)| (rkey.clone(), self.dids[*whom].to_string()));
            records.collect()
        };
        if order.wanted.follows {
            let most = self.kind.most.unwrap_or(usize::MAX);
            account.follows.records = list(&repo.follows);
            account.follows.capped = account.follows.records.len() > most;
            account.follows.records.truncate(most);
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
