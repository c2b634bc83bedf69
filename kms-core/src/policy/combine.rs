//! The decision: every policy that has a say, in AWS's order.

use std::fmt;
use std::sync::Arc;

use smol_str::SmolStr;

use super::condition::ConditionValues;
use super::document::{IdentityPolicy, KeyPolicy, Match, Statement, Statements};
use super::evaluate::{Request, Resource};
use super::explain::{Denial, Layer, MatchedStatement, Reason};
use super::grants::{ByGrant, allowed_by_grant, decide_retirement};
use crate::caller::Principal;
use crate::ids::KeyArn;

/// Whether a principal may do something.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// The action as AWS writes it: `kms:Encrypt`.
    pub action: &'a str,
    /// What the action is done to.
    pub resource: Resource<'a>,
    /// What the request offers for conditions.
    pub values: &'a dyn ConditionValues,
    /// The policy of the key, for [`Resource::Key`]; without one nothing is allowed on the key.
    pub key_policy: Option<&'a KeyPolicy>,
    /// The policies of the calling user.
    pub identity_policies: &'a [Arc<IdentityPolicy>],
    /// What grants on the key have to do with it, for [`Resource::Key`].
    pub by_grant: Option<ByGrant<'a>>,
}

impl fmt::Debug for Question<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question")
            .field("principal", self.principal)
            .field("action", &self.action)
            .field("resource", &self.resource)
            .finish_non_exhaustive()
    }
}

/// The answer.
#[must_use]
#[derive(Debug)]
pub enum Decision {
    /// It may.
    Allow(Permit),
    /// It may not.
    Deny(Denial),
}

/// The proof that an action was allowed. Only [`decide`] makes one, and it cannot be copied.
#[must_use]
#[derive(Debug)]
pub struct Permit {
    action: SmolStr,
    key: Option<KeyArn>,
}

impl Permit {
    /// The action that was allowed.
    #[must_use]
    pub fn action(&self) -> &str {
        &self.action
    }

    /// The key that it was allowed on, if it was asked about a key.
    #[must_use]
    pub fn key(&self) -> Option<&KeyArn> {
        self.key.as_ref()
    }
}

/// Allowed by the grant that is retired, never by a key policy or an identity policy alone.
const RETIRE_GRANT: &str = "kms:RetireGrant";

/// What the service does on its own. No policy can allow these actions to anybody.
const INTERNAL_ACTIONS: [&str; 3] = [
    "kms:RotateKey",
    "kms:DeleteKey",
    "kms:DeleteExpiredKeyMaterial",
];

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

/// Answers the question. Pure: the same question has the same answer.
///
/// A Deny that applies, or that cannot be shown not to apply, wins. Without one, the key's policy
/// must allow the caller itself, or the caller's account and then an identity policy the caller; or
/// else a grant on the key must.
pub fn decide(question: &Question<'_>) -> Decision {
    let verdict = match question.principal {
        Principal::Service { .. } => decide_for_the_service_itself(question),
        Principal::Root { .. } | Principal::User { .. } => decide_by_policies(question),
        Principal::AssumedRole { .. } | Principal::FederatedUser { .. } => {
            Err(not_allowed(Layer::IdentityBased))
        }
    };
    match verdict {
        Ok(()) => Decision::Allow(Permit {
            action: SmolStr::new(question.action),
            key: match question.resource {
                Resource::Key(arn) => Some(arn.clone()),
                Resource::Named(_) | Resource::Any => None,
            },
        }),
        Err(denial) => Decision::Deny(denial),
    }
}

/// The service's own jobs, on keys of the account that they run for. No policy is asked: a key
/// policy cannot keep a key from being deleted when its waiting period has ended.
fn decide_for_the_service_itself(question: &Question<'_>) -> Result<(), Denial> {
    let own_key = match question.resource {
        Resource::Key(arn) => arn.account == *question.principal.account(),
        Resource::Named(_) | Resource::Any => false,
    };
    if own_key && INTERNAL_ACTIONS.contains(&question.action) {
        Ok(())
    } else {
        Err(not_allowed(Layer::ResourceBased))
    }
}

fn decide_by_policies(question: &Question<'_>) -> Result<(), Denial> {
    let request = Request::new(
        question.principal,
        question.action,
        question.resource,
        question.values,
    );
    refuse_explicit_denies(question, &request)?;
    let internal = |action: &&str| action.eq_ignore_ascii_case(question.action);
    if INTERNAL_ACTIONS.iter().any(internal) {
        return Err(not_allowed(Layer::ResourceBased));
    }
    if let Some(ByGrant::Retires(grant)) = question.by_grant {
        return decide_retirement(question, &request, grant);
    }
    match question.resource {
        Resource::Key(arn) => decide_on_key(question, &request, arn),
        Resource::Named(arn) if is_foreign(arn, question.principal) => {
            Err(Denial::of_foreign_resource(Reason::NotAllowed))
        }
        Resource::Named(_) | Resource::Any => require_identity(question, &request),
    }
}

fn decide_on_key(
    question: &Question<'_>,
    request: &Request<'_>,
    key: &KeyArn,
) -> Result<(), Denial> {
    let own = key.account == *question.principal.account();
    let by_policies = if question.action.eq_ignore_ascii_case(RETIRE_GRANT) {
        Err(not_allowed_on(own, Layer::ResourceBased))
    } else if own {
        decide_on_own_key(question, request)
    } else {
        decide_on_foreign_key(question, request)
    };
    match by_policies {
        Err(_) if allowed_by_grant(question, request, own) => Ok(()),
        decided => decided,
    }
}

fn refuse_explicit_denies(question: &Question<'_>, request: &Request<'_>) -> Result<(), Denial> {
    for (position, policy) in question.identity_policies.iter().enumerate() {
        if let Some(statement) = request.denying(policy.statements()) {
            let reason = explicit(position, statement);
            return Err(Denial::new(Layer::IdentityBased, reason));
        }
    }
    let Resource::Key(arn) = question.resource else {
        return Ok(());
    };
    let statements = question.key_policy.map(KeyPolicy::statements);
    let Some(statement) = statements.and_then(|statements| request.denying(statements)) else {
        return Ok(());
    };
    let reason = explicit(0, statement);
    Err(if arn.account == *question.principal.account() {
        Denial::new(Layer::ResourceBased, reason)
    } else {
        Denial::of_foreign_resource(reason)
    })
}

fn decide_on_own_key(question: &Question<'_>, request: &Request<'_>) -> Result<(), Denial> {
    match allowed_by_key_policy(question, request) {
        None => Err(not_allowed(Layer::ResourceBased)),
        Some(Match::Direct) => Ok(()),
        Some(Match::Account) => require_identity(question, request),
    }
}

fn decide_on_foreign_key(question: &Question<'_>, request: &Request<'_>) -> Result<(), Denial> {
    let possible = CROSS_ACCOUNT_ACTIONS.contains(&question.action);
    if !possible || allowed_by_key_policy(question, request).is_none() {
        return Err(Denial::of_foreign_resource(Reason::NotAllowed));
    }
    require_identity(question, request)
}

fn allowed_by_key_policy(question: &Question<'_>, request: &Request<'_>) -> Option<Match> {
    let policy = question.key_policy?;
    request.allowed(policy.statements())
}

/// The caller's own account must agree; its root user has every right in it.
pub(super) fn require_identity(
    question: &Question<'_>,
    request: &Request<'_>,
) -> Result<(), Denial> {
    let allows = |statements: &Statements| request.allowed(statements).is_some();
    let is_root = matches!(question.principal, Principal::Root { .. });
    let mut policies = question.identity_policies.iter();
    if is_root || policies.any(|policy| allows(policy.statements())) {
        Ok(())
    } else {
        Err(not_allowed(Layer::IdentityBased))
    }
}

/// Whether the ARN names an account other than the caller's.
fn is_foreign(arn: &str, caller: &Principal) -> bool {
    arn.split(':')
        .nth(4)
        .is_some_and(|account| account != caller.account().as_str())
}

fn explicit(policy: usize, statement: &Statement) -> Reason {
    Reason::ExplicitDeny(MatchedStatement {
        policy,
        index: statement.index,
        sid: statement.sid.clone(),
    })
}

fn not_allowed(layer: Layer) -> Denial {
    Denial::new(layer, Reason::NotAllowed)
}

/// The refusal on a key, of which another account than its owner is told nothing.
pub(super) fn not_allowed_on(own_key: bool, layer: Layer) -> Denial {
    if own_key {
        not_allowed(layer)
    } else {
        Denial::of_foreign_resource(Reason::NotAllowed)
    }
}
