//! Policy variables: `${key}`, `${key, 'default'}`, and `${*}`, `${?}`, `${$}` for themselves.

use std::borrow::Cow;

use super::condition::{ConditionKey, ConditionValues, Value};
use super::pattern::{Fragment, Pattern};
use super::truth::Truth;

/// A text that is not a well-formed pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InvalidPattern;

/// How many bytes the variables of one text may stand for. A value stands for a request's words, of
/// which few are longer than some thousand characters; a text may name it a thousand times.
const LONGEST_RESOLVED: usize = 64 * 1024;

/// Whether `${…}` has a meaning: only in documents of version 2012-10-17.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variables {
    Literal,
    Substituted,
}

/// A pattern of the policy, built at once when it has no variables, else per request.
#[derive(Debug)]
pub(super) enum Compiled<P> {
    Fixed(P),
    Template(Template),
}

impl<P: Pattern> Compiled<P> {
    pub(super) fn parse(text: &str, variables: Variables) -> Result<Self, InvalidPattern> {
        let template = Template::parse(text, variables)?;
        if template.has_variables() {
            return Ok(Self::Template(template));
        }
        let fragments = template.fixed();
        P::from_fragments(&fragments)
            .map(Self::Fixed)
            .ok_or(InvalidPattern)
    }

    /// Whether `text` matches. A variable without a value and without a default matches nothing.
    pub(super) fn matches(&self, text: &str, values: &dyn ConditionValues) -> Truth {
        self.with(values, |pattern| pattern.matches(text))
    }

    /// As [`Compiled::matches`], with a test of the caller's own.
    pub(super) fn with(
        &self,
        values: &dyn ConditionValues,
        test: impl FnOnce(&P) -> bool,
    ) -> Truth {
        match self {
            Self::Fixed(pattern) => test(pattern).into(),
            Self::Template(template) => match template.resolve(values) {
                Resolved::Missing => Truth::False,
                Resolved::Ambiguous => Truth::Unknown,
                Resolved::Fragments(fragments) => match P::from_fragments(&fragments) {
                    Some(pattern) => test(&pattern).into(),
                    None => Truth::Unknown,
                },
            },
        }
    }
}

/// A text with variables in it.
#[derive(Debug)]
pub(super) struct Template {
    pieces: Vec<Piece>,
}

#[derive(Debug)]
enum Piece {
    Authored(String),
    Character(&'static str),
    Variable {
        key: ConditionKey,
        default: Option<String>,
    },
}

impl Piece {
    fn fixed(&self) -> Option<Fragment<'_>> {
        match self {
            Self::Authored(text) => Some(Fragment::Authored(text)),
            Self::Character(text) => Some(Fragment::Literal(Cow::Borrowed(text))),
            Self::Variable { .. } => None,
        }
    }
}

enum Resolved<'a> {
    Fragments(Vec<Fragment<'a>>),
    Missing,
    Ambiguous,
}

impl Template {
    fn parse(text: &str, variables: Variables) -> Result<Self, InvalidPattern> {
        let mut pieces = Vec::new();
        let mut remaining = text;
        if variables == Variables::Substituted {
            while let Some((before, after)) = remaining.split_once("${") {
                let (inside, rest) = split_at_closing_brace(after).ok_or(InvalidPattern)?;
                pieces.extend(authored(before));
                pieces.push(parse_variable(inside)?);
                remaining = rest;
            }
        }
        pieces.extend(authored(remaining));
        Ok(Self { pieces })
    }

    fn has_variables(&self) -> bool {
        self.pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Variable { .. }))
    }

    /// The fragments that need no request.
    fn fixed(&self) -> Vec<Fragment<'_>> {
        self.pieces.iter().filter_map(Piece::fixed).collect()
    }

    /// What would grow beyond [`LONGEST_RESOLVED`] is as good as unknown.
    fn resolve<'a>(&'a self, values: &'a dyn ConditionValues) -> Resolved<'a> {
        let mut length = 0_usize;
        let mut fragments = Vec::with_capacity(self.pieces.len());
        for piece in &self.pieces {
            let Piece::Variable { key, default } = piece else {
                fragments.extend(piece.fixed());
                continue;
            };
            let text = match (values.value(key), default) {
                (Some(Value::One(text)), _) => text,
                (None, Some(default)) => Cow::Borrowed(default.as_str()),
                (None, None) | (Some(Value::Many(_)), _) => return Resolved::Missing,
                (Some(Value::Ambiguous), _) => return Resolved::Ambiguous,
            };
            length = length.saturating_add(text.len());
            if length > LONGEST_RESOLVED {
                return Resolved::Ambiguous;
            }
            fragments.push(Fragment::Literal(text));
        }
        Resolved::Fragments(fragments)
    }
}

fn authored(text: &str) -> Option<Piece> {
    (!text.is_empty()).then(|| Piece::Authored(text.to_owned()))
}

/// The closing brace may stand inside the quotes of a default.
fn split_at_closing_brace(text: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let position = text.find(|c: char| {
        quoted ^= c == '\'';
        c == '}' && !quoted
    })?;
    let (inside, rest) = text.split_at_checked(position)?;
    Some((inside, rest.strip_prefix('}')?))
}

fn parse_variable(inside: &str) -> Result<Piece, InvalidPattern> {
    let (name, default) = match inside.trim() {
        "*" => return Ok(Piece::Character("*")),
        "?" => return Ok(Piece::Character("?")),
        "$" => return Ok(Piece::Character("$")),
        text => match text.split_once(',') {
            None => (text, None),
            Some((name, default)) => (name.trim_end(), Some(unquote(default.trim())?)),
        },
    };
    let key = name.parse::<ConditionKey>().map_err(|_| InvalidPattern)?;
    if name.contains(['$', '{', '\'', '*', '?']) {
        return Err(InvalidPattern);
    }
    Ok(Piece::Variable { key, default })
}

/// The condition keys that the variables of a text name, as they are written there.
pub(super) fn names(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut remaining = text;
    while let Some((_, after)) = remaining.split_once("${") {
        let Some((inside, rest)) = split_at_closing_brace(after) else {
            break;
        };
        if matches!(parse_variable(inside), Ok(Piece::Variable { .. })) {
            let name = inside.split_once(',').map_or(inside, |(name, _)| name);
            names.push(name.trim());
        }
        remaining = rest;
    }
    names
}

fn unquote(text: &str) -> Result<String, InvalidPattern> {
    text.strip_prefix('\'')
        .and_then(|text| text.strip_suffix('\''))
        .filter(|text| !text.contains('\''))
        .map(str::to_owned)
        .ok_or(InvalidPattern)
}

#[cfg(test)]
mod tests {
    use super::super::condition::Context;
    use super::super::pattern::{Exact, Glob};
    use super::*;

    fn glob(pattern: &str, text: &str, context: &Context) -> Truth {
        Compiled::<Glob>::parse(pattern, Variables::Substituted)
            .unwrap()
            .matches(text, context)
    }

    #[test]
    fn a_variable_stands_for_the_value_of_its_key() {
        let context = Context::new().with("aws:username", "al*ce");
        assert_eq!(
            glob("x/${aws:username}/*", "x/al*ce/1", &context),
            Truth::True
        );
        assert_eq!(
            glob("x/${AWS:UserName}/*", "x/al*ce/1", &context),
            Truth::True
        );
        assert_eq!(glob("${aws:username}", "alXXce", &context), Truth::False);
    }

    #[test]
    fn a_missing_variable_matches_nothing_unless_it_has_a_default() {
        let empty = Context::new();
        assert_eq!(glob("a${aws:username}*", "a", &empty), Truth::False);
        assert_eq!(
            glob("${aws:username, 'a*, }b'}", "a*, }b", &empty),
            Truth::True
        );
        assert_eq!(glob("${aws:username, 'a*'}", "abc", &empty), Truth::False);
    }

    #[test]
    fn a_multivalued_key_is_no_variable_and_an_ambiguous_one_leaves_the_answer_open() {
        let many = Context::new().with_many("aws:TagKeys", &["a"]);
        assert_eq!(glob("${aws:TagKeys, 'a'}", "a", &many), Truth::False);
        let ambiguous = Context::new().with_ambiguous("kms:EncryptionContext:a");
        assert_eq!(
            glob("${kms:EncryptionContext:a}", "a", &ambiguous),
            Truth::Unknown
        );
    }

    #[test]
    fn what_would_grow_without_bound_leaves_the_answer_open() {
        let long = "a".repeat(LONGEST_RESOLVED / 4);
        let context = Context::new().with("aws:username", &long);
        let fits = glob(&"${aws:username}".repeat(4), &long.repeat(4), &context);
        assert_eq!(fits, Truth::True);
        let grows = glob(&"${aws:username}".repeat(5), &long.repeat(5), &context);
        assert_eq!(grows, Truth::Unknown);
    }

    #[test]
    fn the_three_escapes_stand_for_themselves() {
        let empty = Context::new();
        assert_eq!(glob("${*}${?}${$}{a}", "*?${a}", &empty), Truth::True);
        assert_eq!(glob("${*}", "abc", &empty), Truth::False);
    }

    #[test]
    fn before_version_2012_a_variable_is_plain_text() {
        let text = Compiled::<Exact>::parse("${aws:username}", Variables::Literal).unwrap();
        let context = Context::new().with("aws:username", "a");
        assert_eq!(text.matches("${aws:username}", &context), Truth::True);
        assert_eq!(text.matches("a", &context), Truth::False);
    }

    #[test]
    fn malformed_variables_are_refused() {
        for text in [
            "${",
            "${}",
            "${a}",
            "${aws:x",
            "${aws:x,}",
            "${aws:x, a}",
            "${aws:x, 'a}",
            "${aws:${aws:y}}",
            "${aws:x, 'a' 'b'}",
            "${aws:*}",
        ] {
            let parsed = Compiled::<Exact>::parse(text, Variables::Substituted);
            assert!(parsed.is_err(), "{text}");
        }
    }
}
