//! A relay on loopback whose stream `kith run` follows: what a live service takes.

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread::sleep,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, anyhow};
use futures_util::SinkExt;
use kith_store::Store;
use kith_tests::world::World;
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::Message;

use crate::measured::Measured;

/// Events are sent so often, one or two at once, as a relay does.
const PACE: Duration = Duration::from_millis(1);

/// How often the database is asked where it stands.
const LOOK: Duration = Duration::from_millis(10);

/// What a live service took.
pub(crate) struct Live {
    /// From the start of the process to its connection.
    pub(crate) starting: Duration,
    /// From the tick that the first event makes until everybody has an image after it; `None`: it
    /// was not over in time.
    pub(crate) sweep: Option<Duration>,
    /// Batches while that went on, and while the rest was measured.
    pub(crate) batches: [Batches; 2],
    /// Processor time by time that passed, in percent of one core.
    pub(crate) percent: f64,
    /// The most memory that was resident, in KiB.
    pub(crate) peak: u64,
}

/// The times from one commit to the next, in milliseconds.
pub(crate) struct Batches {
    pub(crate) median: u128,
    pub(crate) longest: u128,
}

impl Batches {
    fn of(commits: &[Instant]) -> Batches {
        let pairs = commits.windows(2);
        let mut times: Vec<u128> = pairs.map(|pair| (pair[1] - pair[0]).as_millis()).collect();
        times.sort_unstable();
        Batches {
            median: times.get(times.len() / 2).copied().unwrap_or_default(),
            longest: times.last().copied().unwrap_or_default(),
        }
    }
}

/// What is seen from beside, in the database.
#[derive(Default)]
struct Seen {
    commits: Vec<Instant>,
    tick: Option<Instant>,
    swept: Option<Instant>,
}

/// Notes what changes; commits that follow each other sooner than it looks are seen as one.
async fn watch(store: Store, seen: Arc<Mutex<Seen>>) -> Result<()> {
    let state = || async {
        store
            .load_state()
            .await?
            .context("a database that was written")
    };
    let first = state().await?;
    let mut batch = first.batch;
    loop {
        tokio::time::sleep(LOOK).await;
        let (state, now) = (state().await?, Instant::now());
        let mut seen = seen.lock().map_err(|_| anyhow!("the watch is broken"))?;
        if state.batch > batch {
            batch = state.batch;
            seen.commits.push(now);
        }
        if state.ticks > first.ticks {
            seen.tick.get_or_insert(now);
        }
        if state.checkpoint_position > first.position {
            seen.swept.get_or_insert(now);
        }
    }
}

/// A relay that is not running yet.
pub(crate) struct Relay {
    listener: std::net::TcpListener,
}

impl Relay {
    pub(crate) fn new() -> Result<Relay> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        Ok(Relay { listener })
    }

    pub(crate) fn url(&self) -> Result<String> {
        Ok(format!("ws://{}", self.listener.local_addr()?))
    }

    /// Runs `kith run` in a folder whose config names this relay, and after some time measures
    /// it for so long.
    /// Of `events` a second one in `each` is a member's like, the others are strangers' commits.
    pub(crate) fn measure(
        self,
        kith: &Path,
        folder: &Path,
        store: Store,
        world: World,
        (events, each): (u32, u32),
        (warm_up, span): (Duration, Duration),
    ) -> Result<Live> {
        let (connected, connection) = mpsc::channel();
        let runtime = tokio::runtime::Runtime::new()?;
        let _stream = runtime.enter();
        let listener = TcpListener::from_std(self.listener)?;
        runtime.spawn(async move {
            // A reconnect is served, too; where it goes on does not matter here.
            let mut world = world;
            while let Ok((socket, _)) = listener.accept().await {
                let Ok(mut socket) = tokio_tungstenite::accept_async(socket).await else {
                    continue;
                };
                let _listening = connected.send(());
                let mut pace = tokio::time::interval(PACE);
                let (begun, mut sent) = (Instant::now(), 0);
                loop {
                    pace.tick().await;
                    let due = begun.elapsed().as_millis() * u128::from(events) / 1_000;
                    while u128::from(sent) < due {
                        sent += 1;
                        let Ok(frame) = event(&mut world, sent % each == 0) else {
                            return;
                        };
                        if socket.feed(Message::binary(frame)).await.is_err() {
                            break;
                        }
                    }
                    if socket.flush().await.is_err() {
                        break;
                    }
                }
            }
        });
        let log = std::fs::File::create(folder.join("kith.log"))?;
        let seen = Arc::new(Mutex::new(Seen::default()));
        let watching = runtime.spawn(watch(store, Arc::clone(&seen)));
        let begun = Instant::now();
        let mut child = Command::new(kith)
            .arg("run")
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        let found = connection.recv_timeout(Duration::from_mins(10));
        let starting = begun.elapsed();
        let measured = found.context("kith connects").and_then(|()| {
            sleep(warm_up);
            let before = Measured::of(child.id()).context("kith runs")?;
            let begun = Instant::now();
            sleep(span);
            let after = Measured::of(child.id()).context("kith runs")?;
            let share = after.busy_since(&before) / begun.elapsed().as_secs_f64();
            Ok((begun, share, after.peak()))
        });
        child.kill()?;
        child.wait()?;
        let (settled, share, peak) = measured?;
        if watching.is_finished() {
            runtime.block_on(watching)??;
        }
        let seen = seen.lock().map_err(|_| anyhow!("the watch is broken"))?;
        let (tick, swept) = (seen.tick.context("a tick")?, seen.swept);
        let during = (tick, swept.unwrap_or(settled));
        let after = (settled, Instant::now());
        Ok(Live {
            starting,
            sweep: swept.map(|swept| swept - tick),
            batches: [during, after].map(|(from, to)| {
                let commits = seen.commits.iter();
                let these = commits.filter(|at| (from..to).contains(at));
                Batches::of(&these.copied().collect::<Vec<_>>())
            }),
            percent: 100.0 * share,
            peak,
        })
    }
}

/// The next event, without the length that files have before it.
fn event(world: &mut World, is_like: bool) -> Result<Vec<u8>> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    world.set_now(u64::try_from(now.as_micros())?);
    let mut frame = Vec::with_capacity(4_096);
    match is_like {
        true => world.write_like(&mut frame)?,
        false => world.write_stranger(&mut frame)?,
    }
    Ok(frame.split_off(4))
}
