//! `kith record FILE`: what a source brings, for `kith replay`.

use std::{path::Path, time::Duration};

use anyhow::Result;
use kith_config::{Config, Mode, Source};
use kith_feeder::source::{self, RecordError, RecordLimits};

use crate::{cli::RecordArgs, exit::InputError, signals, sources};

/// Records until a limit is reached, the source ends, or a signal comes.
pub(super) async fn run(path: &Path, args: RecordArgs) -> Result<()> {
    let stopping = signals::stopping()?;
    let config = super::load(path, Mode::Live)?;
    let specs = chosen(&config, args.source.as_deref())?
        .into_iter()
        .map(|(number, source)| sources::spec(&config, number, source))
        .collect();
    let limits = RecordLimits {
        bytes_max: args
            .mebibytes
            .map(|mebibytes| mebibytes.saturating_mul(1 << 20)),
        frames_max: args.frames,
        duration_max: args.seconds.map(Duration::from_secs),
    };
    let recorded = source::record(specs, &args.file, limits, stopping)
        .await
        .map_err(|error| match error {
            RecordError::Create { .. } | RecordError::Source { .. } => {
                let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
                InputError(format!("{error}{}", cause.unwrap_or_default())).into()
            }
            RecordError::Write { .. } => anyhow::Error::new(error),
        })?;
    if recorded.frames == 0 {
        let file = args.file.display();
        std::fs::remove_file(&args.file)?;
        return Err(InputError(format!(
            "nothing came, and {file} is not kept\n  help: `kith doctor` asks each source"
        ))
        .into());
    }
    tracing::info!(
        frames = recorded.frames,
        bytes = recorded.bytes,
        bad = recorded.bad,
        disconnects = recorded.disconnects,
        last_seq = recorded.last_seq.unwrap_or_default(),
        file = %args.file.display(),
        "recorded"
    );
    Ok(())
}

/// The sources to record, with their places in the config: one, or a group.
fn chosen<'a>(config: &'a Config, url: Option<&str>) -> Result<Vec<(usize, &'a Source)>> {
    let all = || config.sources.iter().enumerate();
    if let Some(url) = url {
        let wanted = url.trim_end_matches('/');
        return match all().find(|(_, source)| source.name() == wanted) {
            Some(one) => Ok(vec![one]),
            None => Err(InputError(format!(
                "{url} is no source of the configuration\n  help: write one of {}",
                names(config)
            ))
            .into()),
        };
    }
    let group: Vec<_> = all()
        .filter(|(_, source)| sources::is_one_of_a_group(source))
        .collect();
    match (group.is_empty(), config.sources.len()) {
        (false, _) => Ok(group),
        (true, 1) => Ok(all().collect()),
        (true, _) => Err(InputError(format!(
            "there are several sources, and each has its own events\n  help: say which to record: \
             --source with one of {}",
            names(config)
        ))
        .into()),
    }
}

fn names(config: &Config) -> String {
    let names: Vec<_> = config.sources.iter().map(Source::name).collect();
    names.join(", ")
}
