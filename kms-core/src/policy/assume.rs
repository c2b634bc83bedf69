//! Who may assume a role: the role's trust policy, and what the caller's own side says.

use std::fmt;
use std::sync::Arc;

use super::combine::{allowed_by_resource, by_match, by_own_side};
use super::condition::ConditionValues;
use super::document::{
    Asker, IdentityPolicy, Match, ResourceControlPolicy, ServiceControlPolicy, TrustPolicy,
};
use super::evaluate::{Request, Resource};
use super::explain::{Denial, Layer};
use super::own_side::{OwnSide, refuse_denies};
use super::question::{Decision, Grounds, Permit, asker, session_limits};
use crate::caller::Principal;
use crate::ids::AccountId;

/// Who wants to assume a role.
#[derive(Clone, Copy)]
pub enum AssumedBy<'a> {
    /// An authenticated principal, with what is on its side.
    Principal {
        /// Who asks.
        principal: &'a Principal,
        /// As in [`Question`](super::Question).
        identity_policies: &'a [Arc<IdentityPolicy>],
        /// As in [`Question`](super::Question).
        boundary: Option<&'a IdentityPolicy>,
        /// As in [`Question`](super::Question).
        session_policies: Option<&'a [Arc<IdentityPolicy>]>,
    },
    /// Somebody whose token a provider signed; the provider's ARN, or its name if it has none.
    WebIdentity(&'a str),
}

/// Whether somebody may assume a role, tag the session, or set its source identity.
#[derive(Clone, Copy)]
pub struct TrustQuestion<'a> {
    /// Who asks.
    pub by: AssumedBy<'a>,
    /// `sts:AssumeRole`, `sts:AssumeRoleWithWebIdentity`, `sts:TagSession` or
    /// `sts:SetSourceIdentity`; each needs a decision of its own.
    pub action: &'a str,
    /// The role's account.
    pub role_account: &'a AccountId,
    /// The role's ARN.
    pub role_arn: &'a str,
    /// The role's trust policy.
    pub trust_policy: &'a TrustPolicy,
    /// What the request offers for conditions.
    pub values: &'a dyn ConditionValues,
    /// The service control policies over the caller's account, as in
    /// [`Question`](super::Question); a web identity is in none.
    pub service_control: &'a [Vec<Arc<ServiceControlPolicy>>],
    /// The resource control policies over the role's account.
    pub resource_control: &'a [Vec<Arc<ResourceControlPolicy>>],
}

impl fmt::Debug for AssumedBy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Principal { principal, .. } => principal.fmt(f),
            Self::WebIdentity(provider) => provider.fmt(f),
        }
    }
}

impl fmt::Debug for TrustQuestion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustQuestion")
            .field("by", &self.by)
            .field("action", &self.action)
            .field("role_arn", &self.role_arn)
            .finish_non_exhaustive()
    }
}

const ASSUME_ROLE: &str = "sts:AssumeRole";
const ASSUME_ROLE_WITH_WEB_IDENTITY: &str = "sts:AssumeRoleWithWebIdentity";

/// What goes with either way of assuming a role.
const ACCOMPANYING: [&str; 2] = ["sts:TagSession", "sts:SetSourceIdentity"];

/// Answers the question. Pure: the same question has the same answer.
///
/// A Deny that applies, or that cannot be shown not to apply, wins. Then the trust policy must
/// allow. Of the role's account, whoever is named itself needs nothing else; where the account is
/// named, an identity policy must allow too. From another account both must. A web identity needs
/// the trust policy alone, which must name its provider.
pub fn decide_trust(question: &TrustQuestion<'_>) -> Decision {
    let verdict = match question.by {
        AssumedBy::Principal {
            principal,
            identity_policies,
            boundary,
            session_policies,
        } => {
            let own_side = OwnSide {
                is_root: matches!(principal, Principal::Root { .. }),
                identity: identity_policies,
                boundary,
                session: session_limits(principal, session_policies),
                service_control: question.service_control,
            };
            let at_home = principal.account() == question.role_account;
            decide_for_principal(question, asker(principal, boundary), &own_side, at_home)
        }
        AssumedBy::WebIdentity(provider) => decide_for_web_identity(question, provider),
    };
    match verdict {
        Ok(grounds) => Decision::Allow(Permit::new(question.action, None, grounds)),
        Err(denial) => Decision::Deny(denial),
    }
}

fn decide_for_principal(
    question: &TrustQuestion<'_>,
    asker: Asker<'_>,
    own_side: &OwnSide<'_>,
    at_home: bool,
) -> Result<Grounds, Denial> {
    let request = request(question, asker);
    let told = |denial: Denial| match at_home {
        true => denial,
        false => denial.of_foreign_role(),
    };
    own_side.refuse_denies(&request)?;
    refuse_denies_of_role(question, &request).map_err(told)?;
    own_side.require_service_control(&request)?;
    let (found, grounds) = allowed_by_trust(question, &request, ASSUME_ROLE).map_err(told)?;
    if at_home {
        by_match(found, own_side, &request, grounds)
    } else {
        by_own_side(own_side, &request, grounds)
    }
}

fn decide_for_web_identity(
    question: &TrustQuestion<'_>,
    provider: &str,
) -> Result<Grounds, Denial> {
    let request = request(question, Asker::WebIdentity(provider));
    // Of what is on the side of a principal, a web identity has an organization at most.
    let own_side = OwnSide {
        is_root: false,
        identity: &[],
        boundary: None,
        session: None,
        service_control: question.service_control,
    };
    let decided = own_side
        .refuse_denies(&request)
        .and_then(|()| refuse_denies_of_role(question, &request))
        .and_then(|()| own_side.require_service_control(&request))
        .and_then(|()| allowed_by_trust(question, &request, ASSUME_ROLE_WITH_WEB_IDENTITY))
        .and_then(|(found, grounds)| match found {
            Match::Direct => Ok(grounds),
            Match::Entity | Match::Account => Err(Denial::not_allowed(Layer::RoleTrust)),
        });
    decided.map_err(Denial::of_web_identity)
}

fn request<'a>(question: &TrustQuestion<'a>, asker: Asker<'a>) -> Request<'a> {
    Request::new(
        asker,
        question.action,
        Resource::Named(question.role_arn),
        question.values,
    )
}

/// A Deny of the resource control policies, or of the trust policy.
fn refuse_denies_of_role(
    question: &TrustQuestion<'_>,
    request: &Request<'_>,
) -> Result<(), Denial> {
    let control = question.resource_control.iter().flatten();
    let control = control.map(|policy| policy.statements());
    refuse_denies(request, Layer::ResourceControl, control)?;
    let trust = std::iter::once(question.trust_policy.statements());
    refuse_denies(request, Layer::RoleTrust, trust)
}

/// The trust policy must allow the action, which must be `way` or go with it.
fn allowed_by_trust(
    question: &TrustQuestion<'_>,
    request: &Request<'_>,
    way: &str,
) -> Result<(Match, Grounds), Denial> {
    let is = |action: &&str| action.eq_ignore_ascii_case(question.action);
    let possible = is(&way) || ACCOMPANYING.iter().any(is);
    let statements = possible.then(|| question.trust_policy.statements());
    allowed_by_resource(statements, request, Layer::RoleTrust)
        .ok_or_else(|| Denial::not_allowed(Layer::RoleTrust))
}
