//! Policies of an entity that a simulation leaves out.

use super::members::{PolicyExclusion, PolicyExclusions};
use crate::Error;
use crate::service::iam::invalid_input;
use crate::service::iam::policies::one_of;
use crate::service::named_policies::Kept;

const MOST: usize = 256;
const BOUNDARY: &str = "permission-boundary";
const SERVICE_CONTROL: &str = "scp";
const TYPES: [&str; 6] = [
    "inline",
    "aws-managed",
    "user-managed",
    BOUNDARY,
    SERVICE_CONTROL,
    "rcp",
];
const HOLDERS: [&str; 3] = ["user", "group", "role"];

/// Refuses exclusions that name policies in no way or in two, and patterns of another form than
/// AWS's: at most one `*`.
pub(super) fn check(exclusions: Option<&PolicyExclusions>) -> Result<(), Error> {
    let exclusions = exclusions.map(|exclusions| exclusions.0.as_slice());
    let exclusions = exclusions.unwrap_or_default();
    if exclusions.len() > MOST {
        return Err(invalid_input(format!(
            "At most {MOST} exclusions can be given."
        )));
    }
    for exclusion in exclusions {
        let PolicyExclusion {
            policy_type,
            policy_arn,
            inline_policy_identifier: inline,
        } = exclusion;
        let ways = [
            policy_type.is_some(),
            policy_arn.is_some(),
            inline.is_some(),
        ];
        if ways.into_iter().filter(|way| *way).count() != 1 {
            return Err(invalid_input(
                "Each of PolicyExclusionList has one of PolicyType, PolicyArn and \
                 InlinePolicyIdentifier.",
            ));
        }
        one_of("policyType", policy_type.as_ref(), &TYPES)?;
        let holder = inline.as_ref().map(|inline| &inline.attachment_type);
        one_of("attachmentType", holder, &HOLDERS)?;
        let pattern = inline.as_ref().map(|inline| &inline.attachment_name);
        let mut patterns = policy_arn.iter().chain(pattern);
        if patterns.any(|pattern| pattern.matches('*').count() > 1) {
            return Err(invalid_input(
                "A pattern of an exclusion has at most one *.",
            ));
        }
    }
    Ok(())
}

/// Whether all policies of a type are left out.
fn type_is(exclusions: Option<&PolicyExclusions>, policy_type: &str) -> bool {
    let mut exclusions = exclusions.into_iter().flat_map(|exclusions| &exclusions.0);
    exclusions.any(|exclusion| exclusion.policy_type.as_deref() == Some(policy_type))
}

/// Whether the permissions boundary is left out.
pub(super) fn boundary(exclusions: Option<&PolicyExclusions>) -> bool {
    type_is(exclusions, BOUNDARY)
}

/// Whether all service control policies are left out.
pub(super) fn service_control(exclusions: Option<&PolicyExclusions>) -> bool {
    type_is(exclusions, SERVICE_CONTROL)
}

/// Whether the policy of that ARN is left out by it.
pub(super) fn names(exclusions: Option<&PolicyExclusions>, arn: &str) -> bool {
    let exclusions = exclusions.into_iter().flat_map(|exclusions| &exclusions.0);
    let mut patterns = exclusions.filter_map(|exclusion| exclusion.policy_arn.as_ref());
    patterns.any(|pattern| matches(pattern, arn))
}

/// Whether the policy is left out.
pub(super) fn exclude(exclusions: Option<&PolicyExclusions>, kept: &Kept<'_>) -> bool {
    match kept {
        Kept::Inline { kind, holder, name } => {
            let mut exclusions = exclusions.into_iter().flat_map(|exclusions| &exclusions.0);
            exclusions.any(|exclusion| {
                let named = exclusion.inline_policy_identifier.as_ref();
                exclusion.policy_type.as_deref() == Some("inline")
                    || named.is_some_and(|named| {
                        named.policy_name == *name
                            && named.attachment_type == *kind
                            && matches(&named.attachment_name, holder)
                    })
            })
        }
        Kept::Managed(policy) => {
            type_is(exclusions, "user-managed") || names(exclusions, policy.arn().as_str())
        }
    }
}

/// A pattern with at most one `*`, and `?` for one character.
fn matches(pattern: &str, text: &str) -> bool {
    let same = |pattern: &str, text: &str| {
        pattern.chars().count() == text.chars().count()
            && pattern
                .chars()
                .zip(text.chars())
                .all(|(one, other)| one == '?' || one == other)
    };
    let Some((before, after)) = pattern.split_once('*') else {
        return same(pattern, text);
    };
    let characters: Vec<char> = text.chars().collect();
    let (head, tail) = (before.chars().count(), after.chars().count());
    let Some(tail_at) = characters.len().checked_sub(tail).filter(|at| *at >= head) else {
        return false;
    };
    let part = |from: usize, to: usize| -> String {
        characters
            .iter()
            .skip(from)
            .take(to.saturating_sub(from))
            .collect()
    };
    same(before, &part(0, head)) && same(after, &part(tail_at, characters.len()))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_pattern_has_one_star_and_question_marks() {
        for (pattern, text, expected) in [
            ("app", "app", true),
            ("app", "apps", false),
            ("a?p", "app", true),
            ("a*", "a", true),
            ("*", "", true),
            ("a*b", "ab", true),
            ("ab*ba", "aba", false),
            ("a*?", "a", false),
            ("a*?", "axy", true),
            ("*p", "app", true),
            ("*x", "app", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
