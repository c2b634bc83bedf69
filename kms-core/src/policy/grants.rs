//! What grants add to a decision, and who may retire one.

use super::combine::{Question, not_allowed_on, require_identity};
use super::evaluate::{Request, Resource};
use super::explain::{Denial, Layer};
use crate::api::GrantOperation;
use crate::grants::{Grant, GrantPrincipal, GrantUse, KeyGrants, Naming, Propagation};

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

/// Whether a grant allows what no policy did. The caller has seen that no Deny applies.
///
/// A grant to a user speaks for itself. A grant to an account leaves the rest to that account's
/// identity policies; and so does every grant on a key of another account, unless it was the
/// caller's own account that made it.
pub(super) fn allowed_by_grant(
    question: &Question<'_>,
    request: &Request<'_>,
    own_key: bool,
) -> bool {
    let Some(ByGrant::Allows {
        grants,
        wanted,
        propagation,
    }) = question.by_grant
    else {
        return false;
    };
    if grants.is_empty() {
        return false;
    }
    let account = question.principal.account();
    let agrees = require_identity(question, request).is_ok();
    let accept = |grant: &Grant, naming| {
        (agrees || naming == Naming::Itself && (own_key || grant.issuing_account == *account))
            && propagation.is_none_or(|propagation| propagation.counts(grant))
    };
    grants.find(question.principal, &wanted, accept).is_some()
}

/// Whether the caller may retire the grant. A key policy cannot allow it, and an identity policy
/// only where the grant names the caller's account.
pub(super) fn decide_retirement(
    question: &Question<'_>,
    request: &Request<'_>,
    grant: &Grant,
) -> Result<(), Denial> {
    let caller = question.principal;
    let Resource::Key(key) = question.resource else {
        return Err(not_allowed_on(true, Layer::ResourceBased));
    };
    let own_key = key.account == *caller.account();
    if *key != grant.key {
        return Err(not_allowed_on(own_key, Layer::ResourceBased));
    }
    let agrees = || require_identity(question, request).is_ok();
    let speaks_for = |principal: &GrantPrincipal| match principal.names(caller) {
        Some(Naming::Itself) => true,
        Some(Naming::Account) => agrees(),
        None => false,
    };
    let issued = grant.issuing_account == *caller.account();
    if grant.retiring.as_ref().is_some_and(speaks_for)
        || grant.has(GrantOperation::RetireGrant) && speaks_for(&grant.grantee)
        || issued && agrees()
    {
        return Ok(());
    }
    let layer = if issued {
        Layer::IdentityBased
    } else {
        Layer::ResourceBased
    };
    Err(not_allowed_on(own_key, layer))
}
