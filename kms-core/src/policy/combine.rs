//! The decision: every policy that has a say, in AWS's order.

use super::document::{KeyPolicy, Match, ResourceControlPolicy, Statements};
use super::evaluate::{Request, Resource};
use super::explain::{Denial, Layer, MatchedStatement};
use super::grants::{ByGrant, allowed_by_grant, decide_retirement};
use super::own_side::{OwnSide, matched, refuse_denies};
use super::question::{Decision, Grounds, Permit, Question};
use crate::caller::Principal;
use crate::ids::KeyArn;

/// Allowed by the grant that is retired, never by a key policy or an identity policy alone.
const RETIRE_GRANT: &str = "kms:RetireGrant";

/// What the service does on its own. No policy can allow these actions to anybody.
const INTERNAL_ACTIONS: [&str; 3] = [
    "kms:RotateKey",
    "kms:DeleteKey",
    "kms:DeleteExpiredKeyMaterial",
];

/// Tells its caller who it is, which nobody can be denied.
const GET_CALLER_IDENTITY: &str = "sts:GetCallerIdentity";

/// The actions that a key policy can allow to principals of other accounts. Of those that AWS
/// lists, `kms:RetireGrant` is missing: a key policy cannot allow it at all.
const CROSS_ACCOUNT_ACTIONS: [&str; 19] = [
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DeriveSharedSecret",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyPair",
    "kms:GenerateDataKeyPairWithoutPlaintext",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:GenerateMac",
    "kms:GetKeyRotationStatus",
    "kms:GetPublicKey",
    "kms:ListGrants",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:RevokeGrant",
    "kms:Sign",
    "kms:Verify",
    "kms:VerifyMac",
];

/// Whether a key policy can allow the action to principals of other accounts at all.
#[must_use]
pub fn crosses_accounts(action: &str) -> bool {
    let mut possible = CROSS_ACCOUNT_ACTIONS.iter();
    possible.any(|possible| possible.eq_ignore_ascii_case(action))
}

/// Answers the question. Pure: the same question has the same answer.
///
/// A Deny that applies, or that cannot be shown not to apply, wins; then every level of the
/// caller's organization must allow. After that, the key's policy must allow the caller itself, or
/// the role or user behind its session within the session's limits, or the caller's account and
/// then an identity policy the caller; or else a grant on the key must.
pub fn decide(question: &Question<'_>) -> Decision {
    let verdict = match question.principal {
        Principal::Service { .. } => decide_for_the_service_itself(question),
        Principal::Root { .. }
        | Principal::User { .. }
        | Principal::AssumedRole { .. }
        | Principal::FederatedUser { .. } => decide_by_policies(question),
    };
    match verdict {
        Ok(grounds) => {
            let key = match question.resource {
                Resource::Key(arn) => Some(arn.clone()),
                Resource::Named(_) | Resource::Any => None,
            };
            Decision::Allow(Permit::new(question.action, key, grounds))
        }
        Err(denial) => Decision::Deny(denial),
    }
}

/// The service's own jobs, on keys of the account that they run for. No policy is asked: a key
/// policy cannot keep a key from being deleted when its waiting period has ended.
fn decide_for_the_service_itself(question: &Question<'_>) -> Result<Grounds, Denial> {
    let own_key = match question.resource {
        Resource::Key(arn) => arn.account == *question.principal.account(),
        Resource::Named(_) | Resource::Any => false,
    };
    if own_key && INTERNAL_ACTIONS.contains(&question.action) {
        Ok(Grounds::default())
    } else {
        Err(Denial::not_allowed(Layer::ResourceBased))
    }
}

fn decide_by_policies(question: &Question<'_>) -> Result<Grounds, Denial> {
    if question.action.eq_ignore_ascii_case(GET_CALLER_IDENTITY) {
        return Ok(Grounds::default());
    }
    let request = Request::new(
        question.asker(),
        question.action,
        question.resource,
        question.values,
    );
    let own_side = question.own_side();
    own_side.refuse_denies(&request)?;
    refuse_denies_of_resource(question, &request)?;
    own_side.require_service_control(&request)?;
    let internal = |action: &&str| action.eq_ignore_ascii_case(question.action);
    if INTERNAL_ACTIONS.iter().any(internal) {
        return Err(Denial::not_allowed(Layer::ResourceBased));
    }
    if let Some(ByGrant::Retires(grant)) = question.by_grant {
        return decide_retirement(question, &request, &own_side, grant);
    }
    match question.resource {
        Resource::Key(arn) => decide_on_key(question, &request, &own_side, arn),
        Resource::Named(arn) if is_foreign(arn, question.principal) => {
            Err(Denial::not_allowed(Layer::ResourceBased).of_foreign_key())
        }
        Resource::Named(_) | Resource::Any => by_own_side(&own_side, &request, Grounds::default()),
    }
}

fn decide_on_key(
    question: &Question<'_>,
    request: &Request<'_>,
    own_side: &OwnSide<'_>,
    key: &KeyArn,
) -> Result<Grounds, Denial> {
    let own = key.account == *question.principal.account();
    let by_policies = if question.action.eq_ignore_ascii_case(RETIRE_GRANT) {
        Err(not_allowed_on(own, Layer::ResourceBased))
    } else if own {
        decide_on_own_key(question, request, own_side)
    } else {
        decide_on_foreign_key(question, request, own_side)
    };
    by_policies.or_else(|denial| {
        let grant = allowed_by_grant(question, request, own_side, own);
        grant.map_or(Err(denial), |grant| {
            Ok(Grounds {
                grant: Some(grant),
                ..Grounds::default()
            })
        })
    })
}

/// A Deny of the resource control policies, or of the key's policy.
fn refuse_denies_of_resource(question: &Question<'_>, request: &Request<'_>) -> Result<(), Denial> {
    let (foreign, key_policy) = match question.resource {
        Resource::Key(arn) => (
            arn.account != *question.principal.account(),
            question.key_policy,
        ),
        Resource::Named(arn) => (is_foreign(arn, question.principal), None),
        Resource::Any => (false, None),
    };
    let control = question.resource_control.iter().flatten();
    let control = control.map(|policy| ResourceControlPolicy::statements(policy));
    let key_policy = key_policy.into_iter().map(KeyPolicy::statements);
    refuse_denies(request, Layer::ResourceControl, control)
        .and_then(|()| refuse_denies(request, Layer::ResourceBased, key_policy))
        .map_err(|denial| match foreign {
            true => denial.of_foreign_key(),
            false => denial,
        })
}

fn decide_on_own_key(
    question: &Question<'_>,
    request: &Request<'_>,
    own_side: &OwnSide<'_>,
) -> Result<Grounds, Denial> {
    let statements = question.key_policy.map(KeyPolicy::statements);
    let (found, grounds) = allowed_by_resource(statements, request, Layer::ResourceBased)
        .ok_or_else(|| Denial::not_allowed(Layer::ResourceBased))?;
    by_match(found, own_side, request, grounds)
}

fn decide_on_foreign_key(
    question: &Question<'_>,
    request: &Request<'_>,
    own_side: &OwnSide<'_>,
) -> Result<Grounds, Denial> {
    let statements = question.key_policy.map(KeyPolicy::statements);
    let grounds = crosses_accounts(question.action)
        .then(|| allowed_by_resource(statements, request, Layer::ResourceBased))
        .flatten()
        .map(|(_, grounds)| grounds)
        .ok_or_else(|| not_allowed_on(false, Layer::ResourceBased))?;
    by_own_side(own_side, request, grounds)
}

/// How closely the policy of a key or a role allows the caller, and by which statement.
pub(super) fn allowed_by_resource(
    statements: Option<&Statements>,
    request: &Request<'_>,
    layer: Layer,
) -> Option<(Match, Grounds)> {
    let (found, statement) = request.allowed(statements?)?;
    let grounds = Grounds {
        resource: Some((layer, matched(0, statement))),
        ..Grounds::default()
    };
    Some((found, grounds))
}

/// What a policy of the caller's own account leaves to others: nothing where it names the caller
/// itself; the limits of the session where it names the entity behind it; everything where it names
/// the account.
pub(super) fn by_match(
    found: Match,
    own_side: &OwnSide<'_>,
    request: &Request<'_>,
    grounds: Grounds,
) -> Result<Grounds, Denial> {
    match found {
        Match::Direct => Ok(grounds),
        Match::Entity => own_side.require_limits(request).map(|()| grounds),
        Match::Account => by_own_side(own_side, request, grounds),
    }
}

/// The caller's own account must agree; its root user has every right in it.
pub(super) fn by_own_side(
    own_side: &OwnSide<'_>,
    request: &Request<'_>,
    grounds: Grounds,
) -> Result<Grounds, Denial> {
    let identity: Option<MatchedStatement> = own_side.require_all(request)?;
    Ok(Grounds {
        identity,
        ..grounds
    })
}

/// Whether the ARN names an account other than the caller's. Those of some services name none, and
/// what AWS manages is in nobody's.
fn is_foreign(arn: &str, caller: &Principal) -> bool {
    let own = [caller.account().as_str(), MANAGED_BY_AWS, ""];
    arn.split(':')
        .nth(4)
        .is_some_and(|account| !own.contains(&account))
}

/// What stands for the account in the ARNs of policies that AWS manages.
const MANAGED_BY_AWS: &str = "aws";

/// The refusal on a key, of which another account than its owner is told nothing.
pub(super) fn not_allowed_on(own_key: bool, layer: Layer) -> Denial {
    let denial = Denial::not_allowed(layer);
    match own_key {
        true => denial,
        false => denial.of_foreign_key(),
    }
}
