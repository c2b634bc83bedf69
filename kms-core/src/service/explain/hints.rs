//! What came close to allowing, and what is missing, in sentences.

use super::halves::halves;
use super::sources::Sources;
use crate::grants::{GrantUse, Naming};
use crate::policy::{
    ByGrant, Consultation, Consulted, Denial, Found, Layer, Question, Reason, Unmet,
};

/// The layers in which an Allow is missing or too narrow, in the order in which they are told.
const ALLOWING: [Layer; 4] = [
    Layer::ResourceBased,
    Layer::IdentityBased,
    Layer::PermissionsBoundary,
    Layer::ServiceControl,
];

/// The most statements that are told to have come close.
const MOST: usize = 16;

/// What whoever administers the policies should know of a refusal.
pub(super) fn hints(
    question: &Question<'_>,
    denial: &Denial,
    said: &Consultation,
    sources: &Sources<'_>,
) -> Vec<String> {
    if matches!(denial.reason(), Reason::ExplicitDeny(_)) {
        return vec!["a Deny wins, whatever allows it".to_owned()];
    }
    let mut hints: Vec<String> = missing(question, denial, said, sources);
    let close = said
        .statements
        .iter()
        .filter(|one| ALLOWING.contains(&one.layer));
    let close = close.filter_map(|one| nearly(one, sources));
    hints.extend(close.take(MOST));
    hints.extend(constrained(question));
    hints
}

/// What has to be there.
fn missing(
    question: &Question<'_>,
    denial: &Denial,
    said: &Consultation,
    sources: &Sources<'_>,
) -> Vec<String> {
    let (action, arn) = (question.action, question.principal.entity_arn());
    let first = |layer| said.counting(layer, true).next();
    let ground = |one: &Consulted| sources.ground(one.layer, &one.statement).described();
    if denial.layer() == Layer::ServiceControl {
        return not_let(action, said, sources);
    }
    if let Some(halves) = halves(question, said, sources) {
        return halves;
    }
    match denial.layer() {
        Layer::ResourceBased => {
            let mut hints = vec![format!(
                "no statement of the key policy allows {action} to {arn} or to its account, and no \
                 grant on the key does"
            )];
            hints.extend(first(Layer::IdentityBased).map(|one| {
                format!(
                    "{} allows it, which does not suffice: the key policy has to name {arn}, or to \
                     leave it to the identity policies of the account",
                    ground(one)
                )
            }));
            hints
        }
        Layer::IdentityBased => match first(Layer::ResourceBased) {
            Some(one) if one.naming == Some(Naming::Account) => vec![format!(
                "{} leaves it to identity policies, so that an identity policy of {arn} can allow \
                 it",
                ground(one)
            )],
            _ => vec![format!("an identity policy of {arn} can allow it")],
        },
        Layer::PermissionsBoundary => vec![format!(
            "{} does not allow it: nothing beyond it is permitted, whatever other policies allow",
            sources.boundary()
        )],
        Layer::ServiceControl
        | Layer::SessionPolicy
        | Layer::ResourceControl
        | Layer::RoleTrust => Vec::new(),
    }
}

/// The levels of the organization at which no service control policy allows the action.
fn not_let(action: &str, said: &Consultation, sources: &Sources<'_>) -> Vec<String> {
    let levels = sources.letting(said).into_iter();
    let closed = levels.filter(|(_, letting)| letting.is_none());
    let told = closed.map(|(level, _)| {
        let names = level.policies.iter();
        let names: Vec<String> = names
            .map(|policy| format!("{} ({})", policy.name, policy.id))
            .collect();
        format!(
            "of the service control policies that are attached to {} none allows {action}: {}",
            level.target,
            names.join(", ")
        )
    });
    told.collect()
}

/// An Allow that is about the caller and the action, and yet does not apply.
fn nearly(one: &Consulted, sources: &Sources<'_>) -> Option<String> {
    let close = one.allows && !one.applies && one.naming.is_some() && one.of_action;
    if !close {
        return None;
    }
    let ground = sources.ground(one.layer, &one.statement).described();
    if !one.of_resource {
        return Some(format!(
            "{ground} allows the action, but on other resources"
        ));
    }
    let unmet = one.unmet.iter().map(|unmet| told(one, unmet, sources));
    let unmet: Vec<String> = unmet.collect();
    Some(match unmet.is_empty() {
        true => format!("{ground} would allow it, were it certain which resources it is about"),
        false => format!(
            "{ground} would allow it, but its condition {}",
            unmet.join(", and ")
        ),
    })
}

/// `StringEquals kms:EncryptionContext:a is not met: wanted "x", got nothing`
fn told(one: &Consulted, unmet: &Unmet, sources: &Sources<'_>) -> String {
    let got = match &unmet.found {
        Found::Nothing => "nothing".to_owned(),
        Found::Values(values) => quoted(values, " and "),
        Found::Contradicting => "values that contradict each other".to_owned(),
    };
    match sources.clause(one.layer, &one.statement, unmet.clause) {
        Some(clause) => format!(
            "{} {} is not met: wanted {}, got {got}",
            clause.operator,
            clause.key,
            quoted(&clause.values, " or ")
        ),
        None => format!("is not met: got {got}"),
    }
}

fn quoted(values: &[String], between: &str) -> String {
    let quoted: Vec<String> = values.iter().map(|value| format!("\"{value}\"")).collect();
    quoted.join(between)
}

/// Grants to the caller that have the operation and do not fit.
fn constrained(question: &Question<'_>) -> Vec<String> {
    let Some(ByGrant::Allows { grants, wanted, .. }) = question.by_grant else {
        return Vec::new();
    };
    let operation = match wanted {
        GrantUse::Unconstrained(operation) | GrantUse::Cryptographic(operation, _) => operation,
        GrantUse::Create(_) => return Vec::new(),
    };
    let named = grants
        .after(None)
        .filter(|grant| grant.has(operation) && grant.grantee.names(question.principal).is_some());
    let told = named.map(|grant| {
        if wanted.is_allowed_by(grant) {
            let id = &grant.id;
            format!("the grant {id} fits, and needs what the policies above do not allow")
        } else {
            let id = &grant.id;
            format!("the grant {id} would allow it, but its constraint on the encryption context is not met")
        }
    });
    told.take(MOST).collect()
}
