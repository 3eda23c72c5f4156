//! The trace format, and running one operation after the other.

use std::collections::{BTreeMap, BTreeSet};

use kith_reputation::{
    AccountId, AccountImage, Entry, Ledger, Operation, Piece, Rejection, Row, RuleKind, Rules,
    Transfer,
};
use serde::Deserialize;
use serde_json::{Value, json};

/// The name of the sink in traces.
const MORAT: &str = "morat";

/// Marks of operations that exact integers reproduce nevertheless.
const REPRODUCED: [&str; 3] = ["staleTally", "overTransfer", "partialOnError"];

/// What a replay found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Operations in the trace.
    pub(crate) ops: usize,
    /// Operations whose result and state were compared.
    pub(crate) compared: usize,
    /// Operations after which the reference's state was taken over.
    pub(crate) resynced: usize,
    /// Where rule `reference` gave something else, or a state of the reference cannot be taken over;
    /// the index past the last operation stands for the final state.
    pub(crate) different: Vec<Value>,
}

impl Report {
    /// The report as one line of JSON.
    pub(crate) fn to_json(&self, file: &str) -> Value {
        json!({
            "file": file,
            "ops": self.ops,
            "compared": self.compared,
            "resynced": self.resynced,
            "different": self.different,
        })
    }

    /// Goes on with the reference's state; with ours, where the ledger cannot hold that one.
    fn take_over(&mut self, world: &mut World, at: usize, after: &BTreeMap<String, User>) {
        for (name, user) in after {
            if let Err(problem) = world.take_over(name, user) {
                let got = format!("cannot be taken over: {problem}");
                let want = json!({ "after": { name: shown_user(user) } });
                self.different
                    .push(json!({ "op": at, "want": want, "got": got }));
            }
        }
    }
}

/// Runs a trace.
///
/// # Errors
/// The text is no trace.
pub(crate) fn replay(text: &str) -> Result<Report, String> {
    let trace: Trace = serde_json::from_str(text).map_err(|e| format!("not a trace: {e}"))?;
    let mut world = World::new(trace.meta.max_points)?;
    let mut report = Report {
        ops: trace.ops.len(),
        ..Report::default()
    };
    for (at, step) in trace.ops.iter().enumerate() {
        let negative_before = step.names().any(|name| world.negative.contains(name));
        let got = world.run(&step.op)?;
        world.note_negative(&step.after);
        let negative_after = step.after.values().any(User::is_negative);
        let known = step
            .flags
            .iter()
            .all(|flag| REPRODUCED.contains(&flag.as_str()));
        if !known || negative_before || negative_after {
            report.resynced += 1;
            report.take_over(&mut world, at, &step.after);
            continue;
        }
        report.compared += 1;
        let want = json!({ "result": step.result, "after": shown(&step.after) });
        let after: BTreeMap<&String, Value> = step
            .after
            .keys()
            .map(|name| (name, world.show(name)))
            .collect();
        let got = json!({ "result": got, "after": after });
        if got != want {
            report
                .different
                .push(json!({ "op": at, "want": want, "got": got }));
            report.take_over(&mut world, at, &step.after);
        }
    }
    let got: BTreeMap<&String, Value> = trace
        .r#final
        .keys()
        .map(|name| (name, world.show(name)))
        .collect();
    let (got, want) = (
        json!({ "final": got }),
        json!({ "final": shown_final(&trace.r#final, &world) }),
    );
    if got != want {
        report
            .different
            .push(json!({ "op": trace.ops.len(), "want": want, "got": got }));
    }
    Ok(report)
}

#[derive(Deserialize)]
struct Trace {
    meta: Meta,
    ops: Vec<Step>,
    r#final: BTreeMap<String, User>,
}

#[derive(Deserialize)]
struct Meta {
    #[serde(rename = "maxPoints")]
    max_points: u32,
}

#[derive(Deserialize)]
struct Step {
    #[serde(flatten)]
    op: Op,
    #[serde(default)]
    result: Value,
    #[serde(default)]
    flags: Vec<String>,
    after: BTreeMap<String, User>,
}

impl Step {
    /// Everybody the operation names or may have touched.
    fn names(&self) -> impl Iterator<Item = &String> {
        let parties = match &self.op {
            Op::Assign { from, to, .. } => vec![from, to],
            Op::Claim { user, .. } => vec![user],
            _ => vec![],
        };
        self.after.keys().chain(parties)
    }
}

#[derive(Deserialize)]
#[serde(tag = "op", rename_all = "lowercase")]
enum Op {
    Create {
        id: String,
        epoch: u32,
        #[serde(rename = "optsIn")]
        opts_in: bool,
    },
    Assign {
        from: String,
        to: String,
        points: i64,
        epoch: u32,
    },
    Block {
        blocker: String,
        blockee: String,
    },
    Unblock {
        blocker: String,
        blockee: String,
    },
    Claim {
        user: String,
        index: i64,
        epoch: u32,
    },
    Tick {
        epoch: u32,
        #[serde(rename = "keepTopN")]
        keep_top: u64,
    },
    Collapse {
        users: Vec<String>,
        #[serde(rename = "keepTopN")]
        keep_top: u64,
    },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    own: i64,
    others: i64,
    epoch_sign_up: u32,
    epoch_update: u32,
    opts_in: bool,
    blocks: Vec<String>,
    points: BTreeMap<String, (i64, u32)>,
    queued: Vec<Queued>,
}

impl User {
    fn is_negative(&self) -> bool {
        self.own < 0 || self.others < 0
    }
}

#[derive(Deserialize)]
struct Queued {
    from: String,
    epoch: u32,
    points: Vec<(String, i64, u32)>,
}

/// What the reference knows of a user and the ledger does not.
struct Person {
    id: AccountId,
    epoch_sign_up: u32,
    epoch_update: u32,
    opts_in: bool,
    blocks: BTreeSet<String>,
}

/// The ledger, and what a trace keeps beside it.
struct World {
    ledger: Ledger,
    max_points: u32,
    people: BTreeMap<String, Person>,
    names: Vec<String>,
    /// Users whose balance in the reference is negative now.
    negative: BTreeSet<String>,
}

impl World {
    fn new(max_points: u32) -> Result<Self, String> {
        let rules = Rules {
            rule: RuleKind::Reference,
            own_points: max_points,
            ..Rules::default()
        };
        let ledger = Ledger::new(0, rules).map_err(|e| e.to_string())?;
        let morat = Person {
            id: AccountId::SINK,
            epoch_sign_up: 0,
            epoch_update: 0,
            opts_in: true,
            blocks: BTreeSet::new(),
        };
        Ok(Self {
            ledger,
            max_points,
            people: BTreeMap::from([(MORAT.to_owned(), morat)]),
            names: vec![MORAT.to_owned()],
            negative: BTreeSet::new(),
        })
    }

    /// Runs one operation and answers with its result.
    fn run(&mut self, op: &Op) -> Result<Value, String> {
        Ok(match op {
            Op::Create { id, epoch, opts_in } => self.create(id, *epoch, *opts_in)?.into(),
            Op::Assign {
                from,
                to,
                points,
                epoch,
            } => self.assign(from, to, *points, *epoch).into(),
            Op::Block { blocker, blockee } => {
                if blockee != MORAT
                    && self.people.contains_key(blockee)
                    && let Some(person) = self.people.get_mut(blocker)
                {
                    person.blocks.insert(blockee.clone());
                }
                Value::Null
            }
            Op::Unblock { blocker, blockee } => {
                if let Some(person) = self.people.get_mut(blocker) {
                    person.blocks.remove(blockee);
                }
                Value::Null
            }
            Op::Claim { user, index, epoch } => self.claim(user, *index, *epoch).into(),
            Op::Tick { epoch, keep_top } => {
                self.keep_top(*keep_top);
                for person in self.people.values_mut() {
                    if person.epoch_update < *epoch {
                        self.ledger.steps().tick(person.id, *epoch);
                        person.epoch_update = *epoch;
                    } else {
                        self.ledger.steps().expire(person.id, *epoch);
                    }
                }
                Value::Null
            }
            Op::Collapse { users, keep_top } => {
                self.keep_top(*keep_top);
                for person in users.iter().filter_map(|name| self.people.get(name)) {
                    self.ledger.steps().collapse(person.id);
                }
                Value::Null
            }
        })
    }

    fn keep_top(&mut self, keep_top: u64) {
        let rules = Rules {
            keep_top: u32::try_from(keep_top).unwrap_or(u32::MAX),
            ..*self.ledger.rules()
        };
        self.ledger.apply(&Operation::Rules(rules));
    }

    fn create(&mut self, name: &str, epoch: u32, opts_in: bool) -> Result<&'static str, String> {
        if self.people.contains_key(name) {
            return Ok("Exists");
        }
        let id = self.ledger.steps().create().map_err(|e| e.to_string())?;
        let blocks = BTreeSet::new();
        let person = Person {
            id,
            epoch_sign_up: epoch,
            epoch_update: epoch,
            opts_in,
            blocks,
        };
        self.people.insert(name.to_owned(), person);
        self.names.push(name.to_owned());
        Ok("Created")
    }

    fn assign(&mut self, from: &str, to: &str, points: i64, epoch: u32) -> &'static str {
        let Some(sender) = self.people.get(from) else {
            return "SenderDoesNotExist";
        };
        let held_by = |name: &str| {
            self.people
                .get(name)
                .is_some_and(|p| !p.opts_in || p.blocks.contains(from))
        };
        // Not positive is all the same to the reference.
        let points = u64::try_from(points).unwrap_or(0);
        let (held, sink_held) = (held_by(to), held_by(MORAT));
        // A receiver that does not exist is refused last: ask as if it were the sink.
        let receiver = self.people.get(to).map(|person| person.id);
        let transfer = Transfer {
            sender: sender.id,
            receiver: receiver.unwrap_or(AccountId::SINK),
            points,
            nonce: 0,
            held,
        };
        let done = if receiver.is_some() {
            self.ledger.steps().assign(&transfer, epoch, sink_held)
        } else {
            self.ledger
                .clone()
                .steps()
                .assign(&transfer, epoch, sink_held)
        };
        match done {
            Ok(()) if receiver.is_none() => "ReceiverDoesNotExist",
            Ok(()) => "Ok",
            Err(Rejection::SinkIsParty) => "SenderDoesNotExist",
            Err(Rejection::NotEnoughPoints) => "NotEnoughPoints",
            Err(Rejection::SelfTransfer) => "CantSendToSelf",
            Err(Rejection::ZeroPoints) => "PointsShouldBePositive",
            Err(_) => "UnknownError",
        }
    }

    fn claim(&mut self, user: &str, index: i64, epoch: u32) -> &'static str {
        let Some(person) = self.people.get(user) else {
            return "ReceiverDoesNotExist";
        };
        let Ok(index) = u32::try_from(index) else {
            return "DeductFailed";
        };
        match self.ledger.steps().claim(person.id, index, epoch) {
            Ok(()) => "Ok",
            Err(_) => "DeductFailed",
        }
    }

    fn note_negative(&mut self, after: &BTreeMap<String, User>) {
        for (name, user) in after {
            if user.is_negative() {
                self.negative.insert(name.clone());
            } else {
                self.negative.remove(name);
            }
        }
    }

    /// Takes the reference's state of a user over; what is negative there is nothing here.
    fn take_over(&mut self, name: &str, user: &User) -> Result<(), String> {
        if !self.people.contains_key(name) {
            self.create(name, user.epoch_sign_up, user.opts_in)?;
        }
        let image = self.image(name, user)?;
        let Some(person) = self.people.get_mut(name) else {
            return Ok(());
        };
        person.epoch_update = user.epoch_update;
        person.opts_in = user.opts_in;
        person.blocks = user.blocks.iter().cloned().collect();
        let replaced = self.ledger.steps().replace(person.id, image);
        replaced.map_err(|e| e.to_string())
    }

    fn image(&self, name: &str, user: &User) -> Result<AccountImage, String> {
        let id = |name: &String| {
            let person = self.people.get(name).map(|p| p.id);
            person.ok_or_else(|| format!("nobody is called {name:?}"))
        };
        let number = |what: &str, points: i64| {
            u32::try_from(points.max(0)).map_err(|_| format!("{what} {points}: more than 2^32 - 1"))
        };
        let mut rows = Vec::new();
        for (origin, &(points, epoch)) in &user.points {
            rows.push(Row {
                origin: id(origin)?,
                points: number("points", points)?,
                touched: Some(epoch),
            });
        }
        rows.retain(|row| row.points > 0);
        rows.sort_unstable();
        let mut unclaimed = Vec::new();
        for queued in &user.queued {
            let mut pieces = Vec::new();
            for (origin, points, _) in &queued.points {
                pieces.push(Piece {
                    origin: id(origin)?,
                    points: number("queued points", *points)?,
                });
            }
            pieces.retain(|piece| piece.points > 0);
            pieces.sort_unstable();
            unclaimed.push(Entry {
                sender: id(&queued.from)?,
                ordinal: queued.epoch,
                pieces,
            });
        }
        let own = if name == MORAT { 0 } else { user.own };
        let others = user.others.max(0).cast_unsigned();
        let ordinals = unclaimed.iter().map(|entry| entry.ordinal);
        Ok(AccountImage {
            own: number("own", own)?,
            others,
            ordinal: ordinals.max().unwrap_or(0),
            rows,
            unclaimed,
        })
    }

    /// A user in the trace's form.
    fn show(&self, name: &str) -> Value {
        let Some(person) = self.people.get(name) else {
            return Value::Null;
        };
        let Some(account) = self.ledger.account(person.id) else {
            return Value::Null;
        };
        let name_of = |id: AccountId| &self.names[id.0 as usize];
        let points: BTreeMap<&String, Value> = account
            .rows()
            .map(|row| (name_of(row.origin), json!([row.points, row.touched])))
            .collect();
        let queued: Vec<Value> = account
            .unclaimed()
            .iter()
            .map(|entry| {
                let mut pieces: Vec<(&String, u32, u32)> = entry
                    .pieces
                    .iter()
                    .map(|piece| (name_of(piece.origin), piece.points, entry.ordinal))
                    .collect();
                pieces.sort_unstable();
                json!({ "from": name_of(entry.sender), "epoch": entry.ordinal, "points": pieces })
            })
            .collect();
        json!({
            // Nobody spends the sink's own points, so the ledger gives it none.
            "own": if name == MORAT { self.max_points } else { account.own() },
            "others": account.others(),
            "epochSignUp": person.epoch_sign_up,
            "epochUpdate": person.epoch_update,
            "optsIn": person.opts_in,
            "blocks": person.blocks,
            "points": points,
            "queued": queued,
        })
    }
}

/// The reference's users in the trace's form, without the pieces of no points that it stores.
fn shown(users: &BTreeMap<String, User>) -> BTreeMap<&String, Value> {
    users
        .iter()
        .map(|(name, user)| (name, shown_user(user)))
        .collect()
}

/// As [`shown`], but what is negative there cannot be compared and is left to us.
fn shown_final<'a>(
    users: &'a BTreeMap<String, User>,
    world: &World,
) -> BTreeMap<&'a String, Value> {
    let show = |name: &String, user| {
        if world.negative.contains(name) {
            world.show(name)
        } else {
            shown_user(user)
        }
    };
    users
        .iter()
        .map(|(name, user)| (name, show(name, user)))
        .collect()
}

fn shown_user(user: &User) -> Value {
    let queued: Vec<Value> = user
        .queued
        .iter()
        .map(|queued| {
            let mut pieces: Vec<_> = queued.points.iter().filter(|piece| piece.1 != 0).collect();
            pieces.sort_unstable();
            json!({ "from": queued.from, "epoch": queued.epoch, "points": pieces })
        })
        .collect();
    json!({
        "own": user.own,
        "others": user.others,
        "epochSignUp": user.epoch_sign_up,
        "epochUpdate": user.epoch_update,
        "optsIn": user.opts_in,
        "blocks": user.blocks.iter().collect::<BTreeSet<_>>(),
        "points": user.points,
        "queued": queued,
    })
}
