//! What differs between two configurations, and what of it a running service takes up.

use crate::settings::{Bootstrap, Circle, Config, Http, Ledger, Network, Store};

/// Notes every field of a section that differs. All fields are named, so that a new one is not
/// forgotten.
macro_rules! compare {
    ($keys:ident, $section:literal, $ours:expr, $theirs:expr, $type:ident { $($field:ident),* $(,)? }) => {
        let ($type { $($field),* }, theirs) = ($ours, $theirs);
        $(
            if *$field != theirs.$field {
                $keys.push(concat!($section, ".", stringify!($field)).trim_end_matches('_'));
            }
        )*
    };
}

impl Config {
    /// The keys, as `section.key`, whose values are not those of `other`.
    ///
    /// ```
    /// use kith_config::{Config, Env, Mode, TEMPLATE};
    /// let read = |text: &str| Config::parse(text, "kith.toml", &Env::default(), Mode::Live);
    /// let (before, after) = (read(TEMPLATE)?, read(&TEMPLATE.replace("depth = 2", "depth = 3"))?);
    /// assert_eq!(after.differing_keys(&before), ["circle.depth"]);
    /// # Ok::<(), kith_config::Problems>(())
    /// ```
    pub fn differing_keys(&self, other: &Config) -> Vec<&'static str> {
        let mut keys = Vec::new();
        let Config {
            database,
            circle,
            sources,
            bootstrap,
            ledger,
            store,
            network,
            http,
        } = self;
        if *database != other.database {
            keys.push("database");
        }
        compare!(
            keys,
            "circle",
            circle,
            &other.circle,
            Circle {
                depth,
                match_,
                backfill,
                tracked,
                skip,
                opt_out,
                max_follows
            }
        );
        if *sources != other.sources {
            keys.push("source");
        }
        compare!(
            keys,
            "bootstrap",
            bootstrap,
            &other.bootstrap,
            Bootstrap { days, max_likes }
        );
        compare!(
            keys,
            "ledger",
            ledger,
            &other.ledger,
            Ledger {
                rule,
                epoch,
                own_points,
                like,
                repost,
                repeat,
                keep_top,
                decay_percent,
                sink_percent,
                seed,
                pin_tracked,
                max_likes_per_epoch,
            }
        );
        compare!(
            keys,
            "store",
            store,
            &other.store,
            Store {
                checkpoint,
                batch_operations,
                batch_milliseconds,
                keep_checkpoints,
                retain,
            }
        );
        compare!(
            keys,
            "network",
            network,
            &other.network,
            Network {
                plc,
                handle_resolver,
                allow_private_addresses,
                connect_timeout,
                request_timeout,
                silence_timeout,
                reconnect_pause,
                host_requests_per_five_minutes,
                plc_requests_per_second,
                backfill_accounts,
                handles_per_minute,
                buffer_mebibytes,
                verify,
                verify_all,
                jetstream_dictionary,
                metrics,
            }
        );
        compare!(keys, "http", http, &other.http, Http { listen, token_file });
        keys
    }

    /// This configuration as far as a service that runs under `running` takes it up: who is
    /// tracked, skipped and opted out, what of a like counts, and the rules of the ledger. The
    /// rest (depth, where follows come from, database, sources, network) stays as it is running,
    /// until a restart.
    #[must_use]
    pub fn taken_up_by(&self, running: &Config) -> Config {
        Config {
            circle: Circle {
                depth: running.circle.depth,
                backfill: running.circle.backfill,
                ..self.circle.clone()
            },
            ledger: Ledger {
                seed: running.ledger.seed,
                ..self.ledger.clone()
            },
            ..running.clone()
        }
    }
}
