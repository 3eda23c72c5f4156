//! The raw layer: the tables of a TOML document, read key by key.
//!
//! A [`Section`] remembers which keys it was asked for; what is left in the table when it closes
//! are unknown keys. Every reader returns the default after noting a problem, so that the rest of
//! the file is still read.

use std::fmt::Display;
use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::duration;
use crate::problem::{Notes, quote};

/// Longest unknown key for which a known one is suggested, in bytes.
const SUGGESTION_BYTES_MAX: usize = 64;

/// A table of the document.
pub(crate) struct Section<'d> {
    /// Dotted name, with a dot at the end; empty for the document itself.
    prefix: String,
    /// Where the table begins, for what is missing from it; none for the document, and for a table
    /// that is itself missing.
    span: Option<Range<usize>>,
    table: Option<&'d DeTable<'d>>,
    asked: Vec<&'static str>,
}

/// The finest unit that a duration may be given in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Seconds,
    Milliseconds,
}

/// A string of the document and its place.
#[derive(Clone, Debug)]
pub(crate) struct Text<'d> {
    pub(crate) value: &'d str,
    pub(crate) span: Range<usize>,
}

impl<'d> Section<'d> {
    pub(crate) fn document(document: &'d Spanned<DeTable<'d>>) -> Self {
        Self::new(String::new(), None, Some(document.get_ref()))
    }

    fn new(prefix: String, span: Option<Range<usize>>, table: Option<&'d DeTable<'d>>) -> Self {
        let asked = Vec::new();
        Self {
            prefix,
            span,
            table,
            asked,
        }
    }

    /// The keys that were asked for.
    pub(crate) fn asked(&self) -> &[&'static str] {
        &self.asked
    }

    fn value(&mut self, key: &'static str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.asked.push(key);
        self.table?.get(key)
    }

    /// A table of its own below this one; an absent one reads as empty.
    pub(crate) fn section(&mut self, key: &'static str, notes: &mut Notes) -> Section<'d> {
        let prefix = format!("{}{key}.", self.prefix);
        let Some(value) = self.value(key) else {
            return Self::new(prefix, None, None);
        };
        if let DeValue::Table(table) = value.get_ref() {
            return Self::new(prefix, Some(value.span()), Some(table));
        }
        self.wrong_type(
            key,
            value,
            "a table",
            &format!("write [{}{key}]", self.prefix),
            notes,
        );
        Self::new(prefix, Some(value.span()), None)
    }

    /// A list of tables. `none` is the problem if there is not one; without it, that is fine.
    pub(crate) fn sections(
        &mut self,
        key: &'static str,
        help: &str,
        none: Option<&str>,
        notes: &mut Notes,
    ) -> Vec<Section<'d>> {
        let written = self.value(key);
        let mut sections = Vec::new();
        match written.map(|value| (value, value.get_ref())) {
            Some((_, DeValue::Array(items))) if !items.is_empty() => {
                for item in items {
                    if let DeValue::Table(table) = item.get_ref() {
                        let prefix = format!("{}{key}.", self.prefix);
                        sections.push(Self::new(prefix, Some(item.span()), Some(table)));
                    } else {
                        self.wrong_type(key, item, "a table", help, notes);
                    }
                }
            }
            Some((value, DeValue::Array(_))) => {
                if let Some(message) = none {
                    notes.at(value.span(), message, help);
                }
            }
            Some((value, _)) => self.wrong_type(key, value, "a list of tables", help, notes),
            None => {
                if let Some(message) = none {
                    notes.at(self.span.clone(), message, help);
                }
            }
        }
        sections
    }

    /// A string, if written.
    pub(crate) fn text(
        &mut self,
        key: &'static str,
        help: &str,
        notes: &mut Notes,
    ) -> Option<Text<'d>> {
        let value = self.value(key)?;
        if let DeValue::String(text) = value.get_ref() {
            return Some(Text {
                value: text,
                span: value.span(),
            });
        }
        self.wrong_type(key, value, "a string", help, notes);
        None
    }

    /// A path, if written.
    pub(crate) fn path(
        &mut self,
        key: &'static str,
        help: &str,
        notes: &mut Notes,
    ) -> Option<PathBuf> {
        let text = self.text(key, help, notes)?;
        if text.value.is_empty() {
            notes.at(text.span, format!("{}{key} is empty", self.prefix), help);
            return None;
        }
        Some(PathBuf::from(text.value))
    }

    /// A string that must be there.
    pub(crate) fn required_text(
        &mut self,
        key: &'static str,
        help: &str,
        notes: &mut Notes,
    ) -> Option<Text<'d>> {
        if self.table.is_some_and(|table| table.contains_key(key)) {
            return self.text(key, help, notes);
        }
        self.asked.push(key);
        notes.at(
            self.span.clone(),
            format!("{}{key} is missing", self.prefix),
            help,
        );
        None
    }

    /// The strings of a list; an absent one reads as empty.
    pub(crate) fn texts(
        &mut self,
        key: &'static str,
        help: &str,
        notes: &mut Notes,
    ) -> Vec<Text<'d>> {
        let Some(value) = self.value(key) else {
            return Vec::new();
        };
        let DeValue::Array(items) = value.get_ref() else {
            self.wrong_type(key, value, "a list of strings", help, notes);
            return Vec::new();
        };
        let mut texts = Vec::new();
        for item in items {
            if let DeValue::String(text) = item.get_ref() {
                texts.push(Text {
                    value: text,
                    span: item.span(),
                });
            } else {
                self.wrong_type(key, item, "a string", help, notes);
            }
        }
        texts
    }

    pub(crate) fn boolean(&mut self, key: &'static str, default: bool, notes: &mut Notes) -> bool {
        let Some(value) = self.value(key) else {
            return default;
        };
        if let DeValue::Boolean(written) = value.get_ref() {
            return *written;
        }
        let help = format!("write {key} = true or {key} = false; the default is {default}");
        self.wrong_type(key, value, "true or false", &help, notes);
        default
    }

    /// A whole number within a range.
    pub(crate) fn number<T>(
        &mut self,
        key: &'static str,
        range: RangeInclusive<T>,
        default: T,
        notes: &mut Notes,
    ) -> T
    where
        T: Copy + Display + TryFrom<i128> + Into<i128>,
    {
        let help = format!("the default is {default}");
        self.optional_number(key, range, &help, notes)
            .unwrap_or(default)
    }

    /// A whole number within a range, if written.
    pub(crate) fn optional_number<T>(
        &mut self,
        key: &'static str,
        range: RangeInclusive<T>,
        default: &str,
        notes: &mut Notes,
    ) -> Option<T>
    where
        T: Copy + Display + TryFrom<i128> + Into<i128>,
    {
        let value = self.value(key)?;
        let (least, most) = (*range.start(), *range.end());
        let help = format!("write a whole number from {least} to {most}; {default}");
        let DeValue::Integer(integer) = value.get_ref() else {
            self.wrong_type(key, value, "a whole number", &help, notes);
            return None;
        };
        let wrong = match i128::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(number) if number < least.into() => "too small",
            Ok(number) if number <= most.into() => return T::try_from(number).ok(),
            _ => "too large",
        };
        let (prefix, shown) = (&self.prefix, quote(integer.as_str()));
        let shown = shown.trim_matches('"');
        notes.at(
            value.span(),
            format!("{prefix}{key} is {shown}, {wrong}"),
            help,
        );
        None
    }

    /// A duration within a range.
    pub(crate) fn duration(
        &mut self,
        key: &'static str,
        range: RangeInclusive<Duration>,
        finest: Unit,
        default: Duration,
        notes: &mut Notes,
    ) -> Duration {
        let show = duration::show;
        let units = match finest {
            Unit::Seconds => "s, m, h, d or w",
            Unit::Milliseconds => "ms, s, m, h, d or w",
        };
        let help = format!(
            "write a number and its unit ({units}) in quotes, from \"{}\" to \"{}\"; \
             the default is \"{}\"",
            show(*range.start()),
            show(*range.end()),
            show(default),
        );
        let Some(text) = self.text(key, &help, notes) else {
            return default;
        };
        let name = format!("{}{key}", self.prefix);
        let shown = quote(text.value);
        let message = match duration::parse(text.value) {
            None => format!("{name} is {shown}, which is not a duration"),
            Some(written) if written < *range.start() => format!("{name} is {shown}, too short"),
            Some(written) if written > *range.end() => format!("{name} is {shown}, too long"),
            Some(written) if finest == Unit::Seconds && written.subsec_nanos() > 0 => {
                format!("{name} is {shown}, not whole seconds")
            }
            Some(written) => return written,
        };
        notes.at(text.span, message, help);
        default
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy + PartialEq>(
        &mut self,
        key: &'static str,
        words: &[(&'static str, T)],
        default: T,
        notes: &mut Notes,
    ) -> T {
        let default_word = words.iter().find(|(_, meaning)| *meaning == default);
        let default_word = default_word.map_or("", |(word, _)| word);
        let help = format!(
            "write one of {}; the default is \"{default_word}\"",
            list(words)
        );
        let Some(text) = self.text(key, &help, notes) else {
            return default;
        };
        self.word(key, &text, words, help, notes).unwrap_or(default)
    }

    /// One of a few words, which must be there.
    pub(crate) fn required_choice<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&'static str, T)],
        notes: &mut Notes,
    ) -> Option<T> {
        let help = format!("write {key} = one of {}", list(words));
        let text = self.required_text(key, &help, notes)?;
        self.word(key, &text, words, help, notes)
    }

    fn word<T: Copy>(
        &self,
        key: &str,
        text: &Text<'_>,
        words: &[(&'static str, T)],
        help: String,
        notes: &mut Notes,
    ) -> Option<T> {
        if let Some((_, meaning)) = words.iter().find(|(word, _)| *word == text.value) {
            return Some(*meaning);
        }
        let help = match nearest(text.value, words.iter().map(|(word, _)| *word)) {
            Some(word) => format!("did you mean \"{word}\"? {help}"),
            None => help,
        };
        let message = format!(
            "{}{key} is {}, an unknown word",
            self.prefix,
            quote(text.value)
        );
        notes.at(text.span.clone(), message, help);
        None
    }

    /// A value of whatever type, if written; no problem is noted.
    pub(crate) fn raw(&mut self, key: &'static str) -> Option<&'d Spanned<DeValue<'d>>> {
        self.value(key)
    }

    /// Notes a value of the wrong type.
    pub(crate) fn wrong_type(
        &self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        wanted: &str,
        help: &str,
        notes: &mut Notes,
    ) {
        let found = match value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "a whole number",
            DeValue::Float(_) => "a number with a fraction",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date or time",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        let message = format!("{}{key} is {found} and must be {wanted}", self.prefix);
        notes.at(value.span(), message, help);
    }

    /// Notes a value whose text is not what it must be, by that type's own words.
    pub(crate) fn parsed<T: FromStr<Err: Display>>(
        &self,
        key: &str,
        text: &Text<'_>,
        help: &str,
        notes: &mut Notes,
    ) -> Option<T> {
        match text.value.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                let message = format!("{}{key} {}: {error}", self.prefix, quote(text.value));
                notes.at(text.span.clone(), message, help);
                None
            }
        }
    }

    /// Notes the keys that nobody asked for. `elsewhere` explains those that have a place in
    /// another table.
    pub(crate) fn close(self, notes: &mut Notes, elsewhere: impl Fn(&str) -> Option<String>) {
        #[cfg(test)]
        notes
            .asked
            .extend(self.asked.iter().map(|key| format!("{}{key}", self.prefix)));
        for key in self.table.into_iter().flat_map(|table| table.keys()) {
            let name: &str = key.get_ref();
            if self.asked.contains(&name) {
                continue;
            }
            let help = elsewhere(name).unwrap_or_else(|| {
                match nearest(name, self.asked.iter().copied()) {
                    Some(known) => format!("did you mean {known}?"),
                    None => format!("remove it, or write one of {}", self.asked.join(", ")),
                }
            });
            let message = format!("{} is not a key of {}", quote(name), self.described());
            notes.at(key.span(), message, help);
        }
    }

    fn described(&self) -> String {
        match self.prefix.strip_suffix('.') {
            Some(name) => format!("[{name}]"),
            None => "the file".to_owned(),
        }
    }
}

fn list<T>(words: &[(&'static str, T)]) -> String {
    let quoted: Vec<_> = words
        .iter()
        .map(|(word, _)| format!("\"{word}\""))
        .collect();
    quoted.join(", ")
}

/// The known word that the written one was probably meant to be: at most two fifths of it differ, enough for a
/// transposition in a word of five.
fn nearest<'w>(written: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    if written.len() > SUGGESTION_BYTES_MAX {
        return None;
    }
    let plain = written.to_lowercase().replace('-', "_");
    let near = known.map(|word| (distance(&plain, word), word)).min()?;
    (near.0 * 5 <= near.1.len() * 2).then_some(near.1)
}

/// Number of characters to insert, delete or replace to turn one text into the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, c) in one.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], index + 1);
        for (column, d) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(c != *d);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_single_changes() {
        for (one, other, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("depth", "dept", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
            assert_eq!(distance(other, one), expected, "{other} {one}");
        }
    }

    #[test]
    fn only_a_near_word_is_suggested() {
        let known = ["depth", "match", "own_points"];
        assert_eq!(nearest("dpeth", known.into_iter()), Some("depth"));
        assert_eq!(nearest("dead", known.into_iter()), None);
        assert_eq!(nearest("dept", known.into_iter()), Some("depth"));
        assert_eq!(nearest("own-points", known.into_iter()), Some("own_points"));
        assert_eq!(nearest("Match", known.into_iter()), Some("match"));
        assert_eq!(nearest("colour", known.into_iter()), None);
        assert_eq!(nearest(&"x".repeat(100_000), known.into_iter()), None);
    }
}
