//! A key of another account: what its side says, and what the caller's.

use super::sources::Sources;
use crate::caller::Principal;
use crate::ids::AccountId;
use crate::policy::{Consultation, Layer, Question, Resource, crosses_accounts};

/// What each of the two accounts says, both of which have to allow it; `None` where there is one.
pub(super) fn halves(
    question: &Question<'_>,
    said: &Consultation,
    sources: &Sources<'_>,
) -> Option<Vec<String>> {
    let Resource::Key(key) = question.resource else {
        return None;
    };
    let (owner, own) = (&key.account, question.principal.account());
    if owner == own {
        return None;
    }
    let action = question.action;
    if !crosses_accounts(action) {
        return Some(vec![format!(
            "the key is of the account {owner}, and {action} cannot be allowed to principals of \
             another account, whatever policies say: ask as somebody of {owner}, such as a role \
             that the caller assumes there"
        )]);
    }
    Some(vec![
        format!(
            "the key is of the account {owner} and the caller of the account {own}: the key policy \
             and an identity policy of the caller have to allow it, both"
        ),
        of_owner(question, said, sources, own),
        of_caller(question, said, sources),
    ])
}

fn of_owner(
    question: &Question<'_>,
    said: &Consultation,
    sources: &Sources<'_>,
    own: &AccountId,
) -> String {
    let (action, arn) = (question.action, question.principal.entity_arn());
    match sources.first(said, Layer::ResourceBased) {
        Some(ground) => format!("there: {ground} allows it"),
        None => format!(
            "missing: no statement of the key policy allows {action} to {arn} or to the account \
             {own}, and no grant on the key does"
        ),
    }
}

fn of_caller(question: &Question<'_>, said: &Consultation, sources: &Sources<'_>) -> String {
    if matches!(question.principal, Principal::Root { .. }) {
        return "there: the root user of an account needs no identity policy".to_owned();
    }
    let (action, arn) = (question.action, question.principal.entity_arn());
    match sources.first(said, Layer::IdentityBased) {
        None => format!("missing: no identity policy of {arn} allows {action} on the key"),
        Some(_)
            if question.boundary.is_some()
                && sources.first(said, Layer::PermissionsBoundary).is_none() =>
        {
            format!(
                "missing: {} does not allow it, beyond which nothing is permitted",
                sources.boundary()
            )
        }
        Some(ground) => format!("there: {ground} allows it"),
    }
}
