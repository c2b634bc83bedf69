//! The caller's own side of a decision: what its account, its organization and its session let it
//! do at all.

use std::sync::Arc;

use super::document::{IdentityPolicy, ServiceControlPolicy, Statement, Statements};
use super::evaluate::Request;
use super::explain::{Denial, Layer, MatchedStatement, Reason};

/// The policies on the caller's side.
#[derive(Clone, Copy)]
pub(super) struct OwnSide<'a> {
    /// The root user of an account has every right in it that nobody denies.
    pub(super) is_root: bool,
    pub(super) identity: &'a [Arc<IdentityPolicy>],
    pub(super) boundary: Option<&'a IdentityPolicy>,
    pub(super) session: Option<&'a [Arc<IdentityPolicy>]>,
    pub(super) service_control: &'a [Vec<Arc<ServiceControlPolicy>>],
}

impl OwnSide<'_> {
    /// Refuses what a Deny of one of the policies is about.
    pub(super) fn refuse_denies(&self, request: &Request<'_>) -> Result<(), Denial> {
        let control = self.service_control.iter().flatten();
        let control = control.map(|policy| policy.statements());
        refuse_denies(request, Layer::ServiceControl, control)?;
        let identity = self.identity.iter().map(|policy| policy.statements());
        refuse_denies(request, Layer::IdentityBased, identity)?;
        let boundary = self.boundary.iter().map(|policy| policy.statements());
        refuse_denies(request, Layer::PermissionsBoundary, boundary)?;
        let session = self.session.unwrap_or_default().iter();
        let session = session.map(|policy| policy.statements());
        refuse_denies(request, Layer::SessionPolicy, session)
    }

    /// At every level of the organization one of the policies there must allow it.
    pub(super) fn require_service_control(&self, request: &Request<'_>) -> Result<(), Denial> {
        let allows =
            |policy: &Arc<ServiceControlPolicy>| request.allowed(policy.statements()).is_some();
        let mut levels = self.service_control.iter();
        if levels.all(|policies| policies.iter().any(allows)) {
            Ok(())
        } else {
            Err(Denial::not_allowed(Layer::ServiceControl))
        }
    }

    /// The permissions boundary and the session policies must allow it, where there are any.
    pub(super) fn require_limits(&self, request: &Request<'_>) -> Result<(), Denial> {
        if self.is_root {
            return Ok(());
        }
        let allows = |policy: &IdentityPolicy| request.allowed(policy.statements()).is_some();
        if !self.boundary.is_none_or(allows) {
            return Err(Denial::not_allowed(Layer::PermissionsBoundary));
        }
        let mut session = self.session.into_iter().flatten();
        if self.session.is_some() && !session.any(|policy| allows(policy)) {
            return Err(Denial::not_allowed(Layer::SessionPolicy));
        }
        Ok(())
    }

    /// An identity policy must allow it, within the limits. Says which one did; for the root user,
    /// who needs none, nothing.
    pub(super) fn require_all(
        &self,
        request: &Request<'_>,
    ) -> Result<Option<MatchedStatement>, Denial> {
        if self.is_root {
            return Ok(None);
        }
        let mut policies = self.identity.iter().enumerate();
        let allowed = policies.find_map(|(position, policy)| {
            let (_, statement) = request.allowed(policy.statements())?;
            Some(matched(position, statement))
        });
        let Some(allowed) = allowed else {
            return Err(Denial::not_allowed(Layer::IdentityBased));
        };
        self.require_limits(request)?;
        Ok(Some(allowed))
    }
}

/// Refuses what a Deny of one of the policies of a layer is about.
pub(super) fn refuse_denies<'a>(
    request: &Request<'_>,
    layer: Layer,
    policies: impl Iterator<Item = &'a Statements>,
) -> Result<(), Denial> {
    for (position, statements) in policies.enumerate() {
        if let Some(statement) = request.denying(statements) {
            let reason = Reason::ExplicitDeny(matched(position, statement));
            return Err(Denial::new(layer, reason));
        }
    }
    Ok(())
}

pub(super) fn matched(policy: usize, statement: &Statement) -> MatchedStatement {
    MatchedStatement {
        policy,
        index: statement.index,
        sid: statement.sid.clone(),
    }
}
