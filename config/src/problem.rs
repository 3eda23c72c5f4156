//! What is wrong with a file, and where.

use std::fmt;
use std::ops::Range;

use serde::Serialize;

use crate::edit::BOM;
use crate::link::passwords;

/// Most problems of a file that are kept; [`Problems::left_out`] counts the rest.
pub const PROBLEMS_MAX: usize = 100;
/// Most characters of a line that are shown.
const SNIPPET_CHARACTERS_MAX: usize = 100;
/// Characters shown before the caret when a line is too long to show whole.
const SNIPPET_LEAD_CHARACTERS: usize = 40;
/// Most characters of a value that are quoted in a message.
const QUOTE_CHARACTERS_MAX: usize = 60;

/// Everything that is wrong with a configuration, in the order of the file. Shown, it is one
/// paragraph for each problem:
///
/// ```text
/// kith.toml:2:9: circle.depth is 0, too small
///     depth = 0
///             ^
///     help: write a whole number from 1 to 3; the default is 2
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problems {
    /// The problems, at least one and at most [`PROBLEMS_MAX`]: those without a place first, then
    /// by line and column.
    pub problems: Vec<Problem>,
    /// Number of further problems.
    pub left_out: usize,
}

/// One thing that is wrong. Holds no password, whatever the file holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file, as named by who asked, or the environment variable.
    pub origin: String,
    /// Where in the file; `None` for what has no place: a missing file, an environment variable.
    pub snippet: Option<Snippet>,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// What to write instead, or what to try.
    pub help: String,
}

/// A place in a file, with its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Snippet {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The line, on which control characters and passwords are replaced, and of which a long one
    /// is cut on both sides.
    pub text: String,
    /// The offending characters of `text`, counted from 0; at least one, perhaps past its end.
    pub caret: Range<usize>,
}

impl Problems {
    /// One problem that has no place in a file.
    pub(crate) fn unplaced(origin: &str, message: String, help: &str) -> Self {
        let problem = Problem {
            origin: printable(origin),
            snippet: None,
            message,
            help: help.to_owned(),
        };
        Self {
            problems: vec![problem],
            left_out: 0,
        }
    }
}

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{problem}")?;
        }
        match self.left_out {
            0 => Ok(()),
            more => write!(f, "\n\nand {more} more"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.snippet {
            Some(Snippet {
                line,
                column,
                text,
                caret,
            }) => {
                writeln!(f, "{}:{line}:{column}: {}", self.origin, self.message)?;
                writeln!(f, "    {text}")?;
                let (lead, carets) = (" ".repeat(caret.start), "^".repeat(caret.len()));
                writeln!(f, "    {lead}{carets}")?;
            }
            None => writeln!(f, "{}: {}", self.origin, self.message)?,
        }
        write!(f, "    help: {}", self.help)
    }
}

/// Problems as they are found, by byte range of the text; placed at the end.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    notes: Vec<Note>,
    /// Every key that was asked for, `section.key`: the schema, for the test of the template.
    #[cfg(test)]
    pub(crate) asked: std::collections::BTreeSet<String>,
}

#[derive(Debug)]
struct Note {
    span: Option<Range<usize>>,
    message: String,
    help: String,
}

impl Notes {
    /// Notes a problem at a place of the text, or of the text as a whole.
    pub(crate) fn at(
        &mut self,
        span: impl Into<Option<Range<usize>>>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let (span, message, help) = (span.into(), message.into(), help.into());
        self.notes.push(Note {
            span,
            message,
            help,
        });
    }

    /// Gives every problem its line and column.
    pub(crate) fn place(mut self, text: &str, origin: &str) -> (Vec<Problem>, usize) {
        self.notes
            .sort_by_key(|note| note.span.as_ref().map(|span| (span.start, span.end)));
        let left_out = self.notes.len().saturating_sub(PROBLEMS_MAX);
        let lines = Lines::of(text);
        let placed = self
            .notes
            .into_iter()
            .take(PROBLEMS_MAX)
            .map(|note| Problem {
                origin: printable(origin),
                snippet: note.span.map(|span| lines.snippet(span)),
                message: note.message,
                help: note.help,
            });
        (placed.collect(), left_out)
    }
}

/// A text with the byte offsets at which its lines begin.
pub(crate) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(crate) fn of(text: &'t str) -> Self {
        let after_breaks = text.match_indices('\n').map(|(index, _)| index + 1);
        // No editor shows a byte order mark.
        let first = if text.starts_with(BOM) {
            BOM.len_utf8()
        } else {
            0
        };
        let starts = std::iter::once(first).chain(after_breaks).collect();
        Self { text, starts }
    }

    /// Line number from 1 of a byte offset.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset).max(1)
    }

    pub(crate) fn snippet(&self, span: Range<usize>) -> Snippet {
        let number = self.line(span.start);
        let start = self.starts[number - 1];
        let end = self
            .starts
            .get(number)
            .map_or(self.text.len(), |next| next - 1);
        let line = self.text[start..end].trim_end_matches('\r');
        let before = line
            .char_indices()
            .take_while(|(at, _)| start + at < span.start);
        let column = before.count() + 1;

        let shown = hide(line);
        let found = |offset: usize| shown.partition_point(|(at, _)| start + at < offset);
        let caret_start = found(span.start);
        let caret_end = found(span.end).max(caret_start + 1);
        let (text, caret) = cut(&shown, caret_start..caret_end);
        Snippet {
            line: number,
            column,
            text,
            caret,
        }
    }
}

/// The characters of a line as they are shown, each with the byte offset it stands for.
fn hide(line: &str) -> Vec<(usize, char)> {
    let mut shown = Vec::with_capacity(line.len());
    let mut hidden = passwords(line).into_iter().peekable();
    for (at, c) in line.char_indices() {
        while hidden.next_if(|range| range.end <= at).is_some() {}
        match hidden.peek() {
            Some(range) if range.start == at => shown.extend([(at, '*'); 3]),
            Some(range) if range.start < at => {}
            _ => shown.push((at, printable_character(c))),
        }
    }
    shown
}

/// Cuts a line to what can be shown around the caret.
fn cut(shown: &[(usize, char)], caret: Range<usize>) -> (String, Range<usize>) {
    let characters = |part: &[(usize, char)]| part.iter().map(|(_, c)| c).collect::<String>();
    if shown.len() <= SNIPPET_CHARACTERS_MAX {
        let end = caret.end.min(shown.len().max(caret.start + 1));
        return (characters(shown), caret.start..end);
    }
    let from = caret.start.saturating_sub(SNIPPET_LEAD_CHARACTERS);
    let to = (from + SNIPPET_CHARACTERS_MAX).min(shown.len());
    let lead = if from > 0 { "…" } else { "" };
    let tail = if to < shown.len() { "…" } else { "" };
    let text = format!("{lead}{}{tail}", characters(&shown[from..to]));
    let start = caret.start - from + lead.chars().count();
    let length = caret.end.min(to).saturating_sub(caret.start).max(1);
    (text, start..start + length)
}

/// A value in quotes for a message: control characters escaped, passwords hidden, a long one cut.
pub(crate) fn quote(value: &str) -> String {
    let hidden = crate::link::mask_passwords(value);
    let mut shown: String = hidden.chars().take(QUOTE_CHARACTERS_MAX).collect();
    if shown.len() < hidden.len() {
        shown.push('…');
    }
    format!("{shown:?}")
}

/// The text without characters that a terminal obeys.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(printable_character).collect()
}

/// A tab is shown as one space, so that the caret stays in its place; control characters, and
/// those that turn the direction of writing, as a replacement character.
fn printable_character(c: char) -> char {
    match c {
        '\t' => ' ',
        '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}
