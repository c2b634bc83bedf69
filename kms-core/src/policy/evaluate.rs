//! Whether one statement applies to one request.

use std::cell::OnceCell;
use std::io::Write;

use super::condition::{ConditionKey, ConditionValues, Unmet, Value};
use super::document::{Asker, Match, ResourceElement, ResourcePattern, Statement, Statements};
use super::pattern::{ArnGlob, Pattern};
use super::truth::Truth;
use crate::ids::{KeyArn, PARTITION};

/// What an action is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource<'a> {
    /// A key; an alias that led to it is not its name.
    Key(&'a KeyArn),
    /// Another resource by its ARN: an alias, a user, a role.
    Named(&'a str),
    /// Nothing in particular: actions without a resource type, such as `kms:CreateKey`.
    Any,
}

/// The last segment of a key's ARN, `key/` and the id: both forms of an id have 36 characters.
struct KeySegment([u8; 40]);

impl KeySegment {
    fn of(arn: &KeyArn) -> Self {
        let mut bytes = [0; 40];
        // It is as long as what is written.
        drop(write!(bytes.as_mut_slice(), "key/{}", arn.key));
        Self(bytes)
    }

    fn text(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// One request, with what is derived from it at most once.
pub(super) struct Request<'a> {
    asker: Asker<'a>,
    action: &'a str,
    resource: Resource<'a>,
    values: &'a dyn ConditionValues,
    /// The last segment of the key's ARN.
    key_segment: OnceCell<KeySegment>,
}

impl<'a> Request<'a> {
    pub(super) fn new(
        asker: Asker<'a>,
        action: &'a str,
        resource: Resource<'a>,
        values: &'a dyn ConditionValues,
    ) -> Self {
        Self {
            asker,
            action,
            resource,
            values,
            key_segment: OnceCell::new(),
        }
    }

    /// The first Deny that is about the asker and is not certainly inapplicable.
    pub(super) fn denying<'s>(&self, statements: &'s Statements) -> Option<&'s Statement> {
        statements.denies.iter().find(|statement| {
            statement.principal.matches(self.asker).is_some()
                && self.applies(statement) != Truth::False
        })
    }

    /// The Allow that certainly applies and names the asker most closely, and how closely.
    pub(super) fn allowed<'s>(&self, statements: &'s Statements) -> Option<(Match, &'s Statement)> {
        let mut best: Option<(Match, &Statement)> = None;
        for statement in &statements.allows {
            let Some(found) = statement.principal.matches(self.asker) else {
                continue;
            };
            let closer = best.is_none_or(|(best, _)| found > best);
            if closer && self.applies(statement) == Truth::True {
                best = Some((found, statement));
            }
        }
        best
    }

    /// What is asked for.
    pub(super) fn action(&self) -> &'a str {
        self.action
    }

    /// How the statement names the asker.
    pub(super) fn named_by(&self, statement: &Statement) -> Option<Match> {
        statement.principal.matches(self.asker)
    }

    /// Which clauses of the statement's condition the request does not meet.
    pub(super) fn unmet(&self, statement: &Statement) -> Vec<Unmet> {
        statement.condition.unmet(self.values)
    }

    /// Whether the statement is about what the request does, whoever asks.
    pub(super) fn applies(&self, statement: &Statement) -> Truth {
        if !statement.action.matches(self.action) {
            return Truth::False;
        }
        match self.covered_by(&statement.resource) {
            Truth::False => Truth::False,
            covered => Truth::all([covered, statement.condition.evaluate(self.values)]),
        }
    }

    /// Whether the element is about the resource of the request.
    pub(super) fn covered_by(&self, element: &ResourceElement) -> Truth {
        let any = |patterns: &[ResourcePattern]| {
            Truth::any(patterns.iter().map(|pattern| self.matches(pattern)))
        };
        match element {
            ResourceElement::Nothing => Truth::False,
            ResourceElement::Is(patterns) => any(patterns),
            ResourceElement::IsNot(patterns) => any(patterns).not(),
        }
    }

    fn matches(&self, pattern: &ResourcePattern) -> Truth {
        let ResourcePattern::Arn(pattern) = pattern else {
            return Truth::True;
        };
        match self.resource {
            Resource::Key(arn) => pattern.with(self.values, |glob| self.is_key(glob, arn)),
            Resource::Named(text) => pattern.matches(text, self.values),
            Resource::Any => pattern.with(self.values, |arn| self.is_whole_account(arn)),
        }
    }

    /// Whether the key's ARN matches. Its last segment is written out only where it matters.
    fn is_key(&self, pattern: &ArnGlob, arn: &KeyArn) -> bool {
        let head = [
            "arn",
            PARTITION,
            "kms",
            arn.region.as_str(),
            arn.account.as_str(),
        ];
        pattern.matches_head(&head)
            && pattern.segment(head.len()).is_some_and(|last| {
                last.covers_all_after("key/")
                    || last.matches(self.key_segment.get_or_init(|| KeySegment::of(arn)).text())
            })
    }

    /// Whether the pattern covers everything of this service in the caller's account and in the
    /// Region of the request: `arn:aws:kms:REGION:ACCOUNT:*`.
    fn is_whole_account(&self, pattern: &ArnGlob) -> bool {
        let segment = |index, text: &str| {
            pattern
                .segment(index)
                .is_some_and(|glob| glob.matches(text))
        };
        let service = self
            .action
            .split(':')
            .next()
            .unwrap_or_default()
            .to_ascii_lowercase();
        let everything = pattern.segment(5).is_some_and(|glob| glob.is_everything());
        everything
            && segment(1, PARTITION)
            && segment(2, &service)
            && pattern.segment(3).is_some_and(|glob| {
                // The ARNs of these services name no Region.
                let global = matches!(service.as_str(), "iam" | "sts");
                glob.is_everything()
                    || global && glob.matches("")
                    || self.region().is_some_and(|region| glob.matches(&region))
            })
            && self
                .asker
                .account()
                .is_some_and(|account| segment(4, account.as_str()))
    }

    fn region(&self) -> Option<String> {
        let key: ConditionKey = "aws:RequestedRegion".parse().ok()?;
        match self.values.value(&key)? {
            Value::One(region) => Some(region.into_owned()),
            Value::Many(_) | Value::Ambiguous => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_segment_is_that_of_the_arn() {
        for key in [
            "1234abcd-12ab-34cd-56ef-1234567890ab",
            "mrk-1234abcd12ab34cd56ef1234567890ab",
        ] {
            let arn = format!("arn:aws:kms:us-east-1:111122223333:key/{key}");
            let segment = KeySegment::of(&arn.parse().unwrap());
            assert_eq!(segment.text(), format!("key/{key}"));
        }
    }
}
