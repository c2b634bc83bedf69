//! The service control policies over an account, as a simulation of one of its entities counts them.

use std::sync::Arc;

use super::exclusions;
use super::members::PolicyExclusions;
use crate::Error;
use crate::identity::PolicyType;
use crate::ids::AccountId;
use crate::policy::ServiceControlPolicy;
use crate::service::state::State;

/// What counts, and how long its documents are, since simulations are bounded by that.
#[derive(Debug, Default)]
pub(super) struct Counted<'a> {
    /// By levels from the root; `None` where the account is in no organization, or policies of the
    /// type are left out.
    pub(super) levels: Option<Vec<Vec<Arc<ServiceControlPolicy>>>>,
    /// The documents.
    pub(super) texts: Vec<&'a str>,
}

/// Finds them. Nothing limits the management account.
///
/// # Errors
/// [`Error::Internal`] when what is above the account is not whole.
pub(super) fn over<'a>(
    account: &AccountId,
    excluded: Option<&PolicyExclusions>,
    state: &'a State,
) -> Result<Counted<'a>, Error> {
    let organizations = &state.organizations;
    let in_one = organizations.place(account)?.is_some();
    let Some(organization) = organizations.organization().filter(|_| in_one) else {
        return Ok(Counted::default());
    };
    if exclusions::service_control(excluded) {
        return Ok(Counted::default());
    }
    let named = organizations.levels(account, PolicyType::ServiceControl)?;
    let compiled = organizations.service_control(account)?;
    let mut texts = Vec::new();
    let levels = named.iter().zip(compiled).map(|(level, compiled)| {
        let policies = level.policies.iter().zip(compiled);
        let counting = policies.filter(|(policy, _)| {
            let arn = organization.policy_arn(PolicyType::ServiceControl, policy.id);
            !exclusions::names(excluded, &arn)
        });
        let counting = counting.map(|(policy, compiled)| {
            texts.push(policy.text);
            Arc::clone(compiled)
        });
        counting.collect()
    });
    Ok(Counted {
        levels: Some(levels.collect()),
        texts,
    })
}
