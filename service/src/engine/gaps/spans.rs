//! From when to when something was missed.

use crate::engine::tid;

/// Spans kept apart for one account; more are drawn together.
const SPANS_MAX: usize = 16;

/// Spans of TIDs, each without its beginning and with its end.
#[derive(Debug, Clone, Default, Eq, PartialEq)]
pub(in crate::engine) struct Spans(Vec<(u64, u64)>);

impl Spans {
    pub(in crate::engine) fn one(after: u64, upto: u64) -> Spans {
        Spans(
            (after < upto)
                .then_some((after, upto))
                .into_iter()
                .collect(),
        )
    }

    pub(in crate::engine) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Both together; those that touch become one.
    pub(in crate::engine) fn add(&mut self, other: &Spans) {
        self.0.extend(&other.0);
        self.0.sort_unstable();
        let mut merged: Vec<(u64, u64)> = Vec::with_capacity(self.0.len());
        for (after, upto) in self.0.drain(..) {
            match merged.last_mut() {
                Some(last) if after <= last.1 => last.1 = last.1.max(upto),
                _ => merged.push((after, upto)),
            }
        }
        while merged.len() > SPANS_MAX {
            let (_, upto) = merged.remove(1);
            merged[0].1 = upto;
        }
        self.0 = merged;
    }

    pub(in crate::engine) fn contains(&self, tid: u64) -> bool {
        self.0
            .iter()
            .any(|(after, upto)| (after + 1..=*upto).contains(&tid))
    }

    /// From the beginning of the first to the end of the last.
    pub(in crate::engine) fn bounds(&self) -> Option<(u64, u64)> {
        Some((self.0.first()?.0, self.0.last()?.1))
    }

    /// As it is kept: `after-upto,…`.
    pub(in crate::engine) fn to_text(&self) -> Option<String> {
        let words = self.0.iter();
        let words: Vec<_> = words
            .map(|(after, upto)| format!("{}-{}", tid::unpack(*after), tid::unpack(*upto)))
            .collect();
        (!words.is_empty()).then(|| words.join(","))
    }

    /// Reads what [`Spans::to_text`] wrote.
    pub(in crate::engine) fn parse(text: &str) -> Option<Spans> {
        let span = |word: &str| {
            let (after, upto) = word.split_once('-')?;
            Some((tid::pack(after)?, tid::pack(upto)?))
        };
        text.split(',').map(span).collect::<Option<_>>().map(Spans)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_kept_apart_until_there_are_too_many() {
        let mut spans = Spans::one(10, 20);
        spans.add(&Spans::one(30, 40));
        assert!(spans.contains(20) && !spans.contains(25) && spans.contains(31));
        assert!(
            !spans.contains(10) && !spans.contains(30),
            "without the beginning"
        );
        spans.add(&Spans::one(20, 30));
        assert_eq!(spans, Spans::one(10, 40));
        for n in 0..100 {
            spans.add(&Spans::one(1_000 + 10 * n, 1_005 + 10 * n));
        }
        assert_eq!(spans.0.len(), SPANS_MAX);
        assert_eq!(spans.bounds(), Some((10, 1_995)));
        assert_eq!(Spans::one(5, 5), Spans::default());
    }

    #[test]
    fn spans_come_back() {
        let mut spans = Spans::one(1 << 60, (1 << 60) + 5);
        spans.add(&Spans::one(1 << 62, u64::MAX));
        let text = spans.to_text().expect("not empty");
        assert_eq!(Spans::parse(&text), Some(spans));
        assert_eq!(Spans::default().to_text(), None);
        assert_eq!(Spans::parse("2222222222222"), None);
    }
}
