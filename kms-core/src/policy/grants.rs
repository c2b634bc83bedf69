//! What grants add to a decision, and who may retire one.

use super::combine::{by_own_side, not_allowed_on};
use super::evaluate::{Request, Resource};
use super::explain::{Denial, Layer};
use super::own_side::OwnSide;
use super::question::{Grounds, Question};
use crate::api::GrantOperation;
use crate::grants::{Grant, GrantPrincipal, GrantUse, KeyGrants, Naming, Propagation};
use crate::ids::GrantId;

/// What grants have to do with a question.
#[derive(Clone, Copy, Debug)]
pub enum ByGrant<'a> {
    /// One of the grants on the key may allow it.
    Allows {
        /// The grants on the key.
        grants: &'a KeyGrants,
        /// What is wanted of one.
        wanted: GrantUse<'a>,
        /// Where new grants count late: which count yet. Otherwise each counts at once.
        propagation: Option<Propagation<'a>>,
    },
    /// It is about this grant, which itself says who may retire it.
    Retires(&'a Grant),
}

/// The grant that allows what no policy did. The caller has seen that no Deny applies.
///
/// A grant to a user, a session or a federated user speaks for itself; one to the role or the user
/// behind a session leaves the session's limits to hold; one to an account leaves the rest to that
/// account's identity policies. On a key of another account so does every grant, unless it was the
/// caller's own account that made it.
pub(super) fn allowed_by_grant(
    question: &Question<'_>,
    request: &Request<'_>,
    own_side: &OwnSide<'_>,
    own_key: bool,
) -> Option<GrantId> {
    let Some(ByGrant::Allows {
        grants,
        wanted,
        propagation,
    }) = question.by_grant
    else {
        return None;
    };
    if grants.is_empty() {
        return None;
    }
    let account = question.principal.account();
    let agrees = own_side.require_all(request).is_ok();
    let within_limits = own_side.require_limits(request).is_ok();
    let accept = |grant: &Grant, naming| {
        let at_home = own_key || grant.issuing_account == *account;
        let suffices = match naming {
            Naming::Itself => at_home,
            Naming::Entity => at_home && within_limits,
            Naming::Account => false,
        };
        (agrees || suffices) && propagation.is_none_or(|propagation| propagation.counts(grant))
    };
    let grant = grants.find(question.principal, &wanted, accept)?;
    Some(grant.id.clone())
}

/// Whether the caller may retire the grant. A key policy cannot allow it, and an identity policy
/// only where the grant names the caller's account.
pub(super) fn decide_retirement(
    question: &Question<'_>,
    request: &Request<'_>,
    own_side: &OwnSide<'_>,
    grant: &Grant,
) -> Result<Grounds, Denial> {
    let caller = question.principal;
    let Resource::Key(key) = question.resource else {
        return Err(not_allowed_on(true, Layer::ResourceBased));
    };
    let own_key = key.account == *caller.account();
    if *key != grant.key {
        return Err(not_allowed_on(own_key, Layer::ResourceBased));
    }
    let by_grant = Grounds {
        grant: Some(grant.id.clone()),
        ..Grounds::default()
    };
    let agrees = || own_side.require_all(request).is_ok();
    let speaks_for = |principal: &GrantPrincipal| match principal.names(caller) {
        Some(Naming::Itself) => true,
        Some(Naming::Entity) => own_side.require_limits(request).is_ok(),
        Some(Naming::Account) => agrees(),
        None => false,
    };
    if grant.retiring.as_ref().is_some_and(speaks_for)
        || grant.has(GrantOperation::RetireGrant) && speaks_for(&grant.grantee)
    {
        return Ok(by_grant);
    }
    if grant.issuing_account != *caller.account() {
        return Err(not_allowed_on(own_key, Layer::ResourceBased));
    }
    by_own_side(own_side, request, by_grant).map_err(|denial| match own_key {
        true => denial,
        false => denial.of_foreign_key(),
    })
}
