//! Texts to compare with: plain, case-folded, glob, and ARN.
//!
//! A pattern is made of fragments. Only what the policy's author wrote can be a wildcard; text
//! that a request supplied through a variable stands for itself.

use std::borrow::Cow;

/// A piece of a pattern.
#[derive(Clone, Debug)]
pub(super) enum Fragment<'a> {
    /// Written in the policy: `*` and `?` are wildcards.
    Authored(&'a str),
    /// Stands for itself, character by character.
    Literal(Cow<'a, str>),
}

impl Fragment<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Authored(text) => text,
            Self::Literal(text) => text,
        }
    }
}

/// Something that a text of the request can match.
pub(super) trait Pattern: Sized {
    /// Builds the pattern; `None` when it would be too costly to match.
    fn from_fragments(fragments: &[Fragment<'_>]) -> Option<Self>;

    fn matches(&self, text: &str) -> bool;
}

fn concatenate(fragments: &[Fragment<'_>]) -> String {
    fragments.iter().map(Fragment::text).collect()
}

/// Equal character by character; no wildcards.
#[derive(Debug)]
pub(super) struct Exact(String);

impl Pattern for Exact {
    fn from_fragments(fragments: &[Fragment<'_>]) -> Option<Self> {
        Some(Self(concatenate(fragments)))
    }

    fn matches(&self, text: &str) -> bool {
        self.0 == text
    }
}

/// Equal after Unicode lower-casing; no wildcards.
#[derive(Debug)]
pub(super) struct IgnoringCase(String);

impl Pattern for IgnoringCase {
    fn from_fragments(fragments: &[Fragment<'_>]) -> Option<Self> {
        Some(Self(concatenate(fragments).to_lowercase()))
    }

    fn matches(&self, text: &str) -> bool {
        if text.is_ascii() {
            return self.0.eq_ignore_ascii_case(text);
        }
        self.0 == text.to_lowercase()
    }
}

/// The longest stretch with `?` that may stand between two `*`, in characters.
///
/// Such a stretch is searched for position by position, so this bounds the work per character of
/// the request's text.
const MAX_SEARCHED_UNITS: usize = 128;

/// A pattern with `*` (any run of characters, also none) and `?` (exactly one character).
///
/// Matching takes time linear in the text: each stretch between two `*` is placed at the first
/// position that fits and never moved again.
#[derive(Debug)]
pub(super) struct Glob {
    first: Segment,
    /// The stretches after each `*`.
    rest: Vec<Segment>,
}

impl Glob {
    pub(super) fn authored(text: &str) -> Option<Self> {
        Self::from_fragments(&[Fragment::Authored(text)])
    }

    /// Whether the pattern is `*`.
    pub(super) fn is_everything(&self) -> bool {
        self.first.is_empty() && matches!(self.rest.as_slice(), [only] if only.is_empty())
    }

    /// Whether every text that starts with `prefix` matches, because the pattern is a part of it
    /// and then `*`.
    pub(super) fn covers_all_after(&self, prefix: &str) -> bool {
        matches!(self.rest.as_slice(), [only] if only.is_empty())
            && matches!(&self.first, Segment::Text(start) if prefix.starts_with(start.as_str()))
    }

    fn from_segments(segments: Vec<Segment>) -> Option<Self> {
        let mut segments = segments.into_iter();
        let first = segments.next()?;
        let rest: Vec<Segment> = segments.collect();
        let searched = rest.split_last().map_or(&[][..], |(_, middle)| middle);
        searched
            .iter()
            .all(Segment::is_cheap_to_find)
            .then_some(Self { first, rest })
    }
}

impl Pattern for Glob {
    fn from_fragments(fragments: &[Fragment<'_>]) -> Option<Self> {
        let mut builder = SegmentBuilder::default();
        for fragment in fragments {
            match fragment {
                Fragment::Authored(text) => text.chars().for_each(|c| builder.authored(c)),
                Fragment::Literal(text) => text.chars().for_each(|c| builder.unit(Some(c))),
            }
        }
        Self::from_segments(builder.finish())
    }

    fn matches(&self, text: &str) -> bool {
        let Some(after_first) = self.first.strip_prefix(text) else {
            return false;
        };
        let Some((last, middle)) = self.rest.split_last() else {
            return after_first.is_empty();
        };
        let Some(mut remaining) = last.strip_suffix(after_first) else {
            return false;
        };
        for segment in middle {
            match segment.find_after(remaining) {
                Some(after) => remaining = after,
                None => return false,
            }
        }
        true
    }
}

/// A stretch of a glob without `*`.
#[derive(Debug)]
enum Segment {
    Text(String),
    /// With at least one `?`, written as `None`.
    Units(Vec<Option<char>>),
}

impl Segment {
    fn is_empty(&self) -> bool {
        matches!(self, Self::Text(text) if text.is_empty())
    }

    fn is_cheap_to_find(&self) -> bool {
        match self {
            Self::Text(_) => true,
            Self::Units(units) => units.len() <= MAX_SEARCHED_UNITS,
        }
    }

    fn strip_prefix<'t>(&self, text: &'t str) -> Option<&'t str> {
        match self {
            Self::Text(prefix) => text.strip_prefix(prefix.as_str()),
            Self::Units(units) => {
                let mut chars = text.chars();
                let fits = units.iter().all(|unit| fits(*unit, chars.next()));
                fits.then_some(chars.as_str())
            }
        }
    }

    fn strip_suffix<'t>(&self, text: &'t str) -> Option<&'t str> {
        match self {
            Self::Text(suffix) => text.strip_suffix(suffix.as_str()),
            Self::Units(units) => {
                let mut chars = text.chars();
                let fits = units
                    .iter()
                    .rev()
                    .all(|unit| fits(*unit, chars.next_back()));
                fits.then_some(chars.as_str())
            }
        }
    }

    /// What follows the first occurrence in `text`.
    fn find_after<'t>(&self, text: &'t str) -> Option<&'t str> {
        match self {
            Self::Text(needle) => text.split_once(needle.as_str()).map(|(_, after)| after),
            Self::Units(_) => {
                let mut chars = text.chars();
                loop {
                    if let Some(after) = self.strip_prefix(chars.as_str()) {
                        return Some(after);
                    }
                    chars.next()?;
                }
            }
        }
    }
}

fn fits(unit: Option<char>, found: Option<char>) -> bool {
    found.is_some_and(|found| unit.is_none_or(|unit| unit == found))
}

#[derive(Default)]
struct SegmentBuilder {
    done: Vec<Segment>,
    current: Vec<Option<char>>,
    after_run: bool,
}

impl SegmentBuilder {
    fn authored(&mut self, c: char) {
        match c {
            '*' => self.run(),
            '?' => self.unit(None),
            other => self.unit(Some(other)),
        }
    }

    fn unit(&mut self, unit: Option<char>) {
        self.after_run = false;
        self.current.push(unit);
    }

    /// Several `*` in a row are one.
    fn run(&mut self) {
        if !self.after_run {
            self.close();
        }
        self.after_run = true;
    }

    fn close(&mut self) {
        let units = std::mem::take(&mut self.current);
        self.done.push(if units.iter().all(Option::is_some) {
            Segment::Text(units.into_iter().flatten().collect())
        } else {
            Segment::Units(units)
        });
    }

    fn finish(mut self) -> Vec<Segment> {
        self.close();
        self.done
    }
}

/// The number of segments of an ARN: `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
pub(super) const ARN_SEGMENTS: usize = 6;

/// A pattern of an ARN: each of its segments is a glob of its own, so that a `*` does not cross
/// one of the first five colons. A pattern of just `*` matches any text.
#[derive(Debug)]
pub(super) struct ArnGlob {
    segments: Vec<Glob>,
}

impl ArnGlob {
    /// The glob of one segment, counted from 0.
    pub(super) fn segment(&self, index: usize) -> Option<&Glob> {
        self.segments.get(index)
    }

    /// Whether the first segments match `texts`, of an ARN of six.
    pub(super) fn matches_head(&self, texts: &[&str]) -> bool {
        self.segments.len() == ARN_SEGMENTS
            && self
                .segments
                .iter()
                .zip(texts)
                .all(|(glob, text)| glob.matches(text))
    }

    fn is_everything(&self) -> bool {
        matches!(self.segments.as_slice(), [only] if only.is_everything())
    }
}

impl Pattern for ArnGlob {
    fn from_fragments(fragments: &[Fragment<'_>]) -> Option<Self> {
        let segments = split_into_segments(fragments);
        let segments = segments
            .iter()
            .map(|segment| Glob::from_fragments(segment))
            .collect::<Option<Vec<Glob>>>()?;
        Some(Self { segments })
    }

    fn matches(&self, text: &str) -> bool {
        if self.is_everything() {
            return true;
        }
        let mut texts = text.splitn(ARN_SEGMENTS, ':');
        self.segments.len() == ARN_SEGMENTS
            && self
                .segments
                .iter()
                .all(|glob| texts.next().is_some_and(|text| glob.matches(text)))
    }
}

/// Splits at the first five authored colons. A colon that a request supplied does not split,
/// unless the whole pattern is one variable, which then stands for a whole ARN.
fn split_into_segments<'f>(fragments: &'f [Fragment<'_>]) -> Vec<Vec<Fragment<'f>>> {
    if let [Fragment::Literal(arn)] = fragments {
        return arn
            .splitn(ARN_SEGMENTS, ':')
            .map(|segment| vec![Fragment::Literal(Cow::Borrowed(segment))])
            .collect();
    }
    let mut done: Vec<Vec<Fragment<'f>>> = Vec::with_capacity(ARN_SEGMENTS);
    let mut current = Vec::new();
    for fragment in fragments {
        match fragment {
            Fragment::Literal(text) => current.push(Fragment::Literal(Cow::Borrowed(text))),
            Fragment::Authored(text) => {
                let mut parts = text.splitn(ARN_SEGMENTS.saturating_sub(done.len()), ':');
                current.extend(parts.next().map(Fragment::Authored));
                for part in parts {
                    done.push(std::mem::take(&mut current));
                    current.push(Fragment::Authored(part));
                }
            }
        }
    }
    done.push(current);
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glob(pattern: &str, text: &str) -> bool {
        Glob::authored(pattern).unwrap().matches(text)
    }

    /// Dynamic programming over all prefixes, which has nothing in common with the matcher.
    fn reference(pattern: &str, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let mut row = vec![false; text.len() + 1];
        row[0] = true;
        for p in pattern.chars() {
            let mut next = vec![false; text.len() + 1];
            next[0] = p == '*' && row[0];
            for i in 1..=text.len() {
                next[i] = match p {
                    '*' => next[i - 1] || row[i],
                    '?' => row[i - 1],
                    c => row[i - 1] && text[i - 1] == c,
                };
            }
            row = next;
        }
        row[text.len()]
    }

    #[test]
    fn a_star_is_any_run_and_a_question_mark_is_one_character() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("a*b*c", "abbc", true),
            ("a*b*c", "ac", false),
            ("ab*ba", "aba", false),
            ("*a*a", "a", false),
            ("*ab*b", "ab", false),
            ("a?c", "aéc", true),
            ("a?c", "ac", false),
            ("*?", "", false),
            ("?*?", "ab", true),
            ("*a?b*", "xxaabx", true),
            ("A", "a", false),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn the_glob_agrees_with_the_textbook(pattern in "[ab*?]{0,10}", text in "[ab]{0,12}") {
            proptest::prop_assert_eq!(glob(&pattern, &text), reference(&pattern, &text));
        }
    }

    #[test]
    fn substituted_text_is_never_a_wildcard() {
        let fragments = [Fragment::Authored("a"), Fragment::Literal("*?".into())];
        let glob = Glob::from_fragments(&fragments).unwrap();
        assert!(glob.matches("a*?"));
        assert!(!glob.matches("abc"));
    }

    #[test]
    fn a_long_stretch_of_question_marks_between_stars_is_refused() {
        assert!(Glob::authored(&format!("*{}*", "?".repeat(128))).is_some());
        assert!(Glob::authored(&format!("*{}*", "?".repeat(129))).is_none());
        assert!(Glob::authored(&"?".repeat(5000)).is_some());
    }

    #[test]
    fn a_star_does_not_cross_one_of_the_first_five_colons_of_an_arn() {
        let pattern = ArnGlob::from_fragments(&[Fragment::Authored("arn:aws:*:*:1:*")]).unwrap();
        assert!(pattern.matches("arn:aws:kms:eu:1:key/a:b"));
        assert!(!pattern.matches("arn:aws:kms:eu:x:1:key/a"));
        assert!(!pattern.matches("arn:aws:kms:eu:1"));
        assert!(!pattern.matches("x"));
        let short = ArnGlob::from_fragments(&[Fragment::Authored("arn:aws:*")]).unwrap();
        assert!(!short.matches("arn:aws:kms:eu:1:key/a"));
        let everything = ArnGlob::from_fragments(&[Fragment::Authored("*")]).unwrap();
        assert!(everything.matches("x"));
    }

    #[test]
    fn a_substituted_colon_does_not_shift_the_segments_of_an_arn() {
        let fragments = [
            Fragment::Authored("arn:aws:iam::"),
            Fragment::Literal("1:role/admin".into()),
            Fragment::Authored(":role/x"),
        ];
        let pattern = ArnGlob::from_fragments(&fragments).unwrap();
        assert!(!pattern.matches("arn:aws:iam::1:role/admin:role/x"));
        let whole = ArnGlob::from_fragments(&[Fragment::Literal("arn:aws:iam::1:root".into())]);
        assert!(whole.unwrap().matches("arn:aws:iam::1:root"));
    }
}
