//! The sources, and how far each was read.

use kith_feeder::source::Position;
use kith_store::batch::{Micros, SourceRow};

use super::Engine;

#[derive(Debug)]
pub(super) struct Source {
    pub(super) row: SourceRow,
    pub(super) changed: bool,
    /// Something was missed before its next event.
    pub(super) gap: Option<Missed>,
    /// It has been told that events come from a later time than now.
    pub(super) is_future_told: bool,
    /// It was connected once.
    pub(super) was_connected: bool,
    /// What happened up to this event time it, or another, may have told before it was connected.
    pub(super) told_upto: Option<Micros>,
}

/// A gap that ends with the next event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Missed {
    pub(super) kind: &'static str,
    /// Up to when was heard before.
    pub(super) from: Option<Micros>,
    /// Since when it is known, by our clock.
    pub(super) since: Micros,
}

/// What a source's number is: given by [`Engine::source`].
#[derive(Debug, Clone, Copy, Eq, PartialEq, Hash)]
pub(crate) struct SourceIndex(pub(super) usize);

impl Engine {
    /// The number of a source; its cursor is what was saved.
    pub(crate) fn source(&mut self, kind: &str, url: &str) -> SourceIndex {
        let known = self
            .sources
            .iter()
            .position(|s| s.row.kind == kind && s.row.url == url);
        SourceIndex(known.unwrap_or_else(|| {
            let row = SourceRow {
                kind: kind.to_owned(),
                url: url.to_owned(),
                cursor: None,
                event_micros: None,
                lag_micros: None,
                connected: false,
            };
            self.sources.push(Source {
                row,
                changed: true,
                gap: None,
                is_future_told: false,
                was_connected: false,
                told_upto: None,
            });
            self.sources.len() - 1
        }))
    }

    /// Where a source is to go on, if it was read before.
    pub(crate) fn resume(&self, source: SourceIndex) -> Option<Position> {
        let row = &self.sources[source.0].row;
        let seq = row.cursor?;
        Some(match row.event_micros {
            Some(time) if row.kind != "file" => Position::AfterEvent { seq, time },
            _ => Position::After(seq),
        })
    }

    /// The url or path of a source.
    pub(crate) fn source_url(&self, source: SourceIndex) -> &str {
        &self.sources[source.0].row.url
    }

    /// Whether a source is a Jetstream, which speaks one of two versions.
    pub(crate) fn is_jetstream(&self, source: SourceIndex) -> bool {
        self.sources[source.0].row.kind == "jetstream"
    }

    /// Whether a source has ever worked: something was read of it, or it was connected.
    pub(crate) fn has_worked(&self, source: SourceIndex) -> bool {
        let source = &self.sources[source.0];
        source.row.cursor.is_some() || source.was_connected
    }

    /// Event time up to which a source was read, or at which it was connected first if it has told
    /// nothing since.
    pub(crate) fn heard(&self, source: SourceIndex) -> Option<Micros> {
        self.sources[source.0].row.event_micros
    }

    /// The same of the relays and Jetstreams together, also those that the config names no more.
    pub(crate) fn heard_of_a_group(&self) -> Option<Micros> {
        let rows = self.sources.iter().map(|source| &source.row);
        let rows = rows.filter(|row| is_of_a_group(row));
        rows.filter_map(|row| row.event_micros).max()
    }

    /// Up to where the source was read.
    pub(crate) fn cursor(&self, source: SourceIndex) -> Option<u64> {
        self.sources[source.0].row.cursor
    }

    /// How late the source's last new event was; None before the first since it was connected, and for
    /// files, whose events are of any time.
    pub(crate) fn lag_micros(&self, source: SourceIndex) -> Option<Micros> {
        let row = &self.sources[source.0].row;
        row.lag_micros.filter(|_| row.kind != "file")
    }

    /// Notes whether a source is connected.
    pub(crate) fn set_connected(&mut self, source: SourceIndex, connected: bool, now: Micros) {
        let row = &self.sources[source.0].row;
        let (heard, told_upto) = match is_of_a_group(row) {
            true => (self.heard_of_a_group(), self.clock.now()),
            // Others do not tell what it does.
            false => (row.event_micros, row.cursor.and(row.event_micros)),
        };
        let clock = self.clock.now();
        let source = &mut self.sources[source.0];
        source.changed |= source.row.connected != connected;
        source.row.connected = connected;
        source.was_connected |= connected;
        if connected {
            source.told_upto = told_upto;
            // Nobody knows before it tells something new.
            source.changed |= source.row.lag_micros.take().is_some();
        }
        if connected && heard.is_none() {
            // What it tells from now on is missed by who is not there, though nothing was heard.
            source.row.event_micros = Some(clock.map_or(now, |clock| clock.max(now)));
            source.changed = true;
        }
    }
}

/// Whether a source is one of those that stand in for each other.
fn is_of_a_group(row: &SourceRow) -> bool {
    matches!(row.kind.as_str(), "relay" | "jetstream")
}
