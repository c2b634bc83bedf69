//! A file of environment variables, changed in place: `docs/spec/environment-values.md`.

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;

use kms_core::secret::SecretText;

use crate::failure::{Failure, Kind};
use crate::pipeline::read_document;

/// The text of a file, and what stands where in it.
#[derive(Debug)]
pub(super) struct EnvFile {
    text: SecretText,
    assignments: Vec<Assignment>,
}

#[derive(Debug)]
struct Assignment {
    name: String,
    value: SecretText,
    /// The value as it is written, with its quotes.
    written: Range<usize>,
    /// Its line, with the line feed.
    line: Range<usize>,
}

impl Default for EnvFile {
    fn default() -> Self {
        Self {
            text: SecretText::new(String::new()),
            assignments: Vec::new(),
        }
    }
}

impl EnvFile {
    /// Reads the file at `path`.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let text = read_document(path)?;
        Self::parse(text).map_err(|(line, reason)| {
            let message = format!("{} line {line}: {reason}", path.display());
            Failure::new(Kind::Failed, message)
        })
    }

    /// The number of the first line that is none, and why.
    fn parse(text: String) -> Result<Self, (usize, String)> {
        let text = SecretText::new(text);
        let mut assignments: Vec<Assignment> = Vec::new();
        // Not looked for among the assignments: a long file would take minutes.
        let mut names = HashSet::new();
        let mut start = 0;
        for (index, line) in text.expose().split_inclusive('\n').enumerate() {
            let refuse = |reason: String| (index + 1, reason);
            let parsed = parse_line(line, start).map_err(|reason| refuse(reason.to_owned()))?;
            if let Some(assignment) = parsed {
                if !names.insert(assignment.name.clone()) {
                    return Err(refuse(format!("{} is set twice", assignment.name)));
                }
                assignments.push(assignment);
            }
            start += line.len();
        }
        Ok(Self { text, assignments })
    }

    /// The variables in their order.
    pub(super) fn variables(&self) -> impl Iterator<Item = (&str, &SecretText)> {
        let assignments = self.assignments.iter();
        assignments.map(|assignment| (assignment.name.as_str(), &assignment.value))
    }

    /// The value of a variable.
    pub(super) fn get(&self, name: &str) -> Option<&SecretText> {
        self.assignment(name).map(|assignment| &assignment.value)
    }

    fn assignment(&self, name: &str) -> Option<&Assignment> {
        self.assignments.iter().find(|one| one.name == name)
    }

    /// The text with another value of a variable, in its old place or at the end. `value` needs no
    /// quotes.
    pub(super) fn with(&self, name: &str, value: &str) -> SecretText {
        let text = self.text.expose();
        if let Some(assignment) = self.assignment(name) {
            return self.replaced(assignment.written.clone(), value);
        }
        let is_open = !text.is_empty() && !text.ends_with('\n');
        let end = text.len();
        let line_feed = if is_open { "\n" } else { "" };
        self.replaced(end..end, &format!("{line_feed}{name}={value}\n"))
    }

    /// The text without the line of a variable; `None` when it has none.
    pub(super) fn without(&self, name: &str) -> Option<SecretText> {
        let assignment = self.assignment(name)?;
        Some(self.replaced(assignment.line.clone(), ""))
    }

    fn replaced(&self, place: Range<usize>, by: &str) -> SecretText {
        let text = self.text.expose();
        let mut changed = String::with_capacity(text.len() + by.len());
        changed.push_str(text.get(..place.start).unwrap_or_default());
        changed.push_str(by);
        changed.push_str(text.get(place.end..).unwrap_or_default());
        SecretText::new(changed)
    }
}

/// Whether this can be the name of a variable: a name in the sense of POSIX.
pub(super) fn is_name(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    name.bytes().next().is_some_and(is_letter)
        && name
            .bytes()
            .all(|byte| is_letter(byte) || byte.is_ascii_digit())
}

/// What a line sets, if anything; `start` is where the line begins in the text.
fn parse_line(line: &str, start: usize) -> Result<Option<Assignment>, &'static str> {
    let content = line.strip_suffix('\n').unwrap_or(line);
    let content = content.strip_suffix('\r').unwrap_or(content);
    let statement = content.trim_start_matches(BLANK);
    if statement.is_empty() || statement.starts_with('#') {
        return Ok(None);
    }
    let exported = statement.strip_prefix("export ");
    let statement = exported.map_or(statement, |rest| rest.trim_start_matches(BLANK));
    let (name, rest) = statement.split_once('=').ok_or("it is no NAME=VALUE")?;
    if !is_name(name) {
        return Err("what stands before = is no name of a variable");
    }
    let (value, length) = parse_value(rest)?;
    let begin = start + content.len() - rest.len();
    Ok(Some(Assignment {
        name: name.to_owned(),
        value: SecretText::new(value),
        written: begin..begin + length,
        line: start..start + line.len(),
    }))
}

const BLANK: [char; 2] = [' ', '\t'];

/// The value at the beginning of `rest`, and how many bytes it takes there.
fn parse_value(rest: &str) -> Result<(String, usize), &'static str> {
    if rest.contains(['\0', '\r']) {
        return Err("it has a control character");
    }
    let (value, length) = match rest.chars().next() {
        Some('\'') => single_quoted(rest)?,
        Some('"') => double_quoted(rest)?,
        Some(' ' | '\t') if !is_comment(rest) => return Err("there is a space after ="),
        _ => unquoted(rest),
    };
    match rest.get(length..) {
        Some(after) if is_comment(after) => Ok((value, length)),
        _ => Err("there is something behind the quotes"),
    }
}

/// Whether nothing follows but blanks, and after them perhaps a comment.
fn is_comment(after: &str) -> bool {
    let trimmed = after.trim_start_matches(BLANK);
    trimmed.is_empty() || (trimmed.starts_with('#') && trimmed.len() < after.len())
}

/// As it stands, to the end of the line or to a comment behind a blank.
fn unquoted(rest: &str) -> (String, usize) {
    let comment = [" #", "\t#"]
        .iter()
        .filter_map(|mark| rest.find(mark))
        .min();
    let value = rest
        .get(..comment.unwrap_or(rest.len()))
        .unwrap_or_default();
    let value = value.trim_end_matches(BLANK);
    (value.to_owned(), value.len())
}

/// As it stands, to the next quote.
fn single_quoted(rest: &str) -> Result<(String, usize), &'static str> {
    let inside = rest.strip_prefix('\'').unwrap_or_default();
    let (value, _) = inside.split_once('\'').ok_or(OPEN)?;
    Ok((value.to_owned(), value.len() + 2))
}

/// To the next quote that no backslash stands before.
fn double_quoted(rest: &str) -> Result<(String, usize), &'static str> {
    // As long as what is read, so that it leaves no copy where it grew.
    let mut value = String::with_capacity(rest.len());
    let mut characters = rest.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Ok((value, at + 1)),
            '\\' => match characters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, 'r')) => value.push('\r'),
                Some((_, 't')) => value.push('\t'),
                Some((_, escaped @ ('\\' | '"' | '$' | '`'))) => value.push(escaped),
                _ => return Err("there is an unknown escape; \\\\ is a backslash"),
            },
            // A shell would put something else there, and this does not.
            '$' | '`' => return Err("there is a $ or ` in double quotes; put a \\ before it"),
            other => value.push(other),
        }
    }
    Err(OPEN)
}

const OPEN: &str = "a quote is not closed on its line";

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> EnvFile {
        EnvFile::parse(text.to_owned()).unwrap()
    }

    fn value(line: &str) -> String {
        let file = file(line);
        file.variables().next().unwrap().1.expose().to_owned()
    }

    #[test]
    fn a_value_is_read_as_it_is_written() {
        for (line, expected) in [
            ("A=b", "b"),
            ("A=", ""),
            ("A= # none", ""),
            ("A=b c", "b c"),
            ("A=b \t", "b"),
            ("A=b #c", "b"),
            ("A=b#c", "b#c"),
            ("A=#c", "#c"),
            ("A=it's", "it's"),
            ("A=a\\nb", "a\\nb"),
            ("A=$HOME", "$HOME"),
            ("A=b=c", "b=c"),
            ("A='b #c'", "b #c"),
            ("A='b\\n$x'", "b\\n$x"),
            ("A='b' # c", "b"),
            ("A=\"b\\n\\\"\\\\\\$c\"", "b\n\"\\$c"),
            ("A=\"\"", ""),
            ("  export  A=b\r\n", "b"),
            ("A=grüße", "grüße"),
        ] {
            assert_eq!(value(line), expected, "{line}");
        }
    }

    #[test]
    fn what_two_programs_would_read_differently_is_refused() {
        for (text, line) in [
            ("A", 1),
            ("=b", 1),
            ("A b=c", 1),
            ("1A=b", 1),
            ("A-B=c", 1),
            ("A =b", 1),
            ("\u{feff}A=b", 1),
            ("A= b", 1),
            ("\nA='b", 2),
            ("A='b'c", 1),
            ("A='b'#c", 1),
            ("A=\"b", 1),
            ("A=\"b\nc\"", 1),
            ("A=\"\\x\"", 1),
            ("A=\"$HOME\"", 1),
            ("A=b\0", 1),
            ("A=b\rc", 1),
            ("# c\nA=b\nB=c\nA=d", 4),
        ] {
            let refused = EnvFile::parse(text.to_owned()).unwrap_err();
            assert_eq!(refused.0, line, "{text:?}");
        }
    }

    #[test]
    fn a_change_leaves_everything_else_as_it_is() {
        let text = "# head\n\nexport A='old' # why\r\nB=2";
        let with = |name: &str| file(text).with(name, "kms:x=").expose().to_owned();
        assert_eq!(with("A"), "# head\n\nexport A=kms:x= # why\r\nB=2");
        assert_eq!(with("B"), "# head\n\nexport A='old' # why\r\nB=kms:x=");
        assert_eq!(with("C"), format!("{text}\nC=kms:x=\n"));
        assert_eq!(file("").with("C", "x").expose(), "C=x\n");
        let without = |name: &str| Some(file(text).without(name)?.expose().to_owned());
        assert_eq!(without("A").unwrap(), "# head\n\nB=2");
        assert_eq!(without("B").unwrap(), "# head\n\nexport A='old' # why\r\n");
        assert_eq!(without("C"), None);
    }
}
