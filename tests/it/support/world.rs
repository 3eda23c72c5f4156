//! A made-up network: who follows whom, who likes whom, as two recordings.

mod frames;

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use chrono::{DateTime, SecondsFormat};
use kith_feeder::wire::Cid;

use frames::{CommitFrame, NewRecord};

/// How large it is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Members of the circle.
    pub members: u32,
    /// Of them tracked.
    pub tracked: u32,
    /// Follow records.
    pub follows: u64,
    /// Likes between members.
    pub likes: u64,
    /// Commits of others for each like.
    pub strangers: u32,
    /// Epoch boundaries among the likes.
    pub ticks: u32,
}

/// Length of an epoch, in microseconds.
const EPOCH_MICROS: u64 = 24 * 3_600 * 1_000_000;
/// Follows in one commit, as `applyWrites` allows.
const FOLLOWS_TOGETHER: usize = 100;
/// Bytes of the tree nodes that a commit carries, as those of ordinary repos.
const NODE_BYTES: [usize; 3] = [1_100, 600, 250];

/// Writes recordings, one after the other on one line of time.
#[derive(Debug)]
pub struct World {
    size: Size,
    repos: Vec<Repo>,
    random: Random,
    seq: u64,
    micros: u64,
}

/// The last commit of an account.
#[derive(Debug, Clone, Default)]
struct Repo {
    last: Option<(String, Cid)>,
}

impl World {
    /// A world of this size, whose likes end before now. The same size gives the same network.
    pub fn new(size: Size) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_or(0, |time| {
            u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
        });
        let span = EPOCH_MICROS * (u64::from(size.ticks) + 1);
        World {
            size,
            repos: vec![Repo::default(); size.members as usize],
            random: Random::new(7),
            seq: 0,
            // So that the span ends before now, and begins at a boundary.
            micros: (now - span) / EPOCH_MICROS * EPOCH_MICROS,
        }
    }

    /// The DIDs of the tracked accounts.
    pub fn tracked(&self) -> impl Iterator<Item = String> + use<> {
        (0..self.size.tracked).map(did)
    }

    /// The `[ledger] epoch` that fits.
    pub const EPOCH: &str = "1d";

    /// Every member's follows. A third of the members are the interior: each tracked account
    /// follows its share of them, and they follow everybody.
    pub fn write_circle(&mut self, path: &Path) -> io::Result<()> {
        let mut out = BufWriter::new(File::create(path)?);
        for author in 0..World::interior(&self.size) {
            let followed = World::followed(&self.size, author, &mut self.random);
            self.write_follows(&mut out, author, &followed)?;
        }
        out.flush()?;
        // Else the system writes them while a database is measured.
        out.get_ref().sync_all()
    }

    /// Accounts up to this number have follows that count: those tracked, and the first degree.
    pub fn interior(size: &Size) -> u32 {
        size.tracked.max(size.members / 3)
    }

    /// Whom an account of the interior follows.
    pub fn followed(size: &Size, author: u32, random: &mut Random) -> Vec<u32> {
        let Size {
            members, tracked, ..
        } = *size;
        let interior = World::interior(size);
        if author < tracked {
            return (author..interior).step_by(tracked as usize).collect();
        }
        // Everybody is followed by somebody of the interior: all in turn, then at random.
        let each = usize::try_from(size.follows / u64::from(interior)).unwrap_or(usize::MAX);
        let mut followed: Vec<u32> = (author..members)
            .step_by(interior as usize)
            .skip(1)
            .collect();
        while followed.len() < each {
            followed.push(random.skewed(members, 2));
        }
        followed
    }

    /// Who likes whom: the square of a uniform, and its sixth power.
    pub fn pair(members: u32, random: &mut Random) -> (u32, u32) {
        let liker = random.skewed(members, 2);
        let mut author = random.skewed(members, 6);
        if author == liker {
            author = (author + 1) % members;
        }
        (liker, author)
    }

    fn write_follows(&mut self, out: &mut impl Write, who: u32, whom: &[u32]) -> io::Result<()> {
        for (part, whom) in whom.chunks(FOLLOWS_TOGETHER).enumerate() {
            let time = datetime(self.micros);
            let records: io::Result<Vec<NewRecord>> = whom
                .iter()
                .zip(0..)
                .map(|(subject, at)| {
                    let number = (u64::from(who) << 32) | ((part * FOLLOWS_TOGETHER + at) as u64);
                    Ok(NewRecord {
                        path: format!("app.bsky.graph.follow/{}", tid(number)),
                        block: frames::follow(&did(*subject), &time)?,
                    })
                })
                .collect();
            self.commit(out, Some(who), &did(who), &records?)?;
        }
        Ok(())
    }

    /// Likes among the members: who likes is the square of a uniform, who is liked its sixth
    /// power, as in the ledger's skewed run. Strangers' commits lie between them.
    pub fn write_likes(&mut self, path: &Path) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
        let begin = self.micros;
        let span = EPOCH_MICROS * u64::from(self.size.ticks) + EPOCH_MICROS / 2;
        for like in 0..self.size.likes {
            let due = begin
                + u64::try_from(u128::from(span) * u128::from(like) / u128::from(self.size.likes))
                    .unwrap_or(0);
            self.micros = self.micros.max(due);
            for _ in 0..self.size.strangers {
                self.write_stranger(&mut out)?;
            }
            self.write_like(&mut out)?;
        }
        out.flush()?;
        // Else the system writes them while a database is measured.
        out.get_ref().sync_all()
    }

    /// From now on events happen at this time.
    pub fn set_now(&mut self, micros: u64) {
        self.micros = micros;
    }

    /// A like among the members.
    pub fn write_like(&mut self, out: &mut impl Write) -> io::Result<()> {
        let (liker, author) = World::pair(self.size.members, &mut self.random);
        let record = self.like_record(&did(author))?;
        self.commit(out, Some(liker), &did(liker), &[record])
    }

    /// A commit of somebody outside.
    pub fn write_stranger(&mut self, out: &mut impl Write) -> io::Result<()> {
        let who = did(self.size.members + (self.random.draw() >> 33) as u32 % 2_000_000_000);
        let record = self.like_record(&did(u32::MAX - 1))?;
        self.commit(out, None, &who, &[record])
    }

    fn like_record(&mut self, author: &str) -> io::Result<NewRecord> {
        let post = tid(self.random.draw() >> 4);
        Ok(NewRecord {
            path: format!(
                "app.bsky.feed.like/{}",
                tid(self.micros << 10 | self.seq & 1_023)
            ),
            block: frames::like(author, &post, &datetime(self.micros))?,
        })
    }

    fn commit(
        &mut self,
        out: &mut impl Write,
        member: Option<u32>,
        repo: &str,
        records: &[NewRecord],
    ) -> io::Result<()> {
        self.seq += 1;
        self.micros += 1;
        let rev = tid(self.micros << 10);
        let nodes = NODE_BYTES.map(|bytes| self.random.bytes(bytes));
        let data = frames::cid(&nodes[0]);
        let before = member.and_then(|member| self.repos[member as usize].last.clone());
        CommitFrame {
            seq: self.seq,
            repo,
            time: &datetime(self.micros),
            rev: &rev,
            before: before.as_ref().map(|(rev, data)| (rev.as_str(), data)),
            data: &data,
            records,
            nodes: &nodes,
        }
        .write(out)?;
        if let Some(member) = member {
            self.repos[member as usize].last = Some((rev, data));
        }
        Ok(())
    }
}

/// The DID of an account by its number.
pub fn did(number: u32) -> String {
    let mut mixed = u128::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    let mut did = String::with_capacity(32);
    did.push_str("did:plc:");
    for _ in 0..24 {
        did.push(char::from(
            b"abcdefghijklmnopqrstuvwxyz234567"[(mixed & 31) as usize],
        ));
        mixed >>= 5;
    }
    did
}

/// A number of up to 63 bits as a TID.
pub fn tid(number: u64) -> String {
    (0..13)
        .rev()
        .map(|digit| {
            let digit = (number & i64::MAX as u64) >> (5 * digit) & 31;
            char::from(b"234567abcdefghijklmnopqrstuvwxyz"[digit as usize])
        })
        .collect()
}

/// Unix microseconds as a lexicon's datetime.
fn datetime(micros: u64) -> String {
    let time = DateTime::from_timestamp_micros(micros.cast_signed()).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// SplitMix64.
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// Numbers that follow from a seed.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// The next 64 bits.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A uniform to this power, among so many accounts.
    pub fn skewed(&mut self, accounts: u32, power: u32) -> u32 {
        let uniform = self.draw() >> 32;
        let power = (1..power).fold(uniform, |power, _| (power * uniform) >> 32);
        ((power * u64::from(accounts)) >> 32) as u32
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(count + 8);
        while bytes.len() < count {
            bytes.extend_from_slice(&self.draw().to_le_bytes());
        }
        bytes.truncate(count);
        bytes
    }
}
