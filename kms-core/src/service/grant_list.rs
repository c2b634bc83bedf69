//! `ListGrants` and `ListRetirableGrants`

use super::context::CallContext;
use super::grant_principal::{self, shown};
use super::key_operation::KeyOperation;
use super::operation::{Authorization, Event, Loaded, On, Operation, Performed, Step};
use super::page;
use super::parameters::Parameters;
use super::request::{present, validated};
use super::retire_grant::grant_id;
use super::state::State;
use super::values::{GrantValues, Specific};
use crate::Error;
use crate::api::limits::LIST_GRANTS;
use crate::api::{
    self, GrantConstraintEntry, GrantListEntry, ListGrantsRequest, ListGrantsResponse,
    ListRetirableGrantsRequest,
};
use crate::grants::{Constraint, Grant, PrincipalName};
use crate::ids::{GrantId, account_root_arn};

fn constraints(constraint: &Constraint) -> GrantConstraintEntry {
    let pairs = constraint.context().iter();
    let pairs = Some(
        pairs
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect(),
    );
    match constraint {
        Constraint::EncryptionContextEquals(_) => GrantConstraintEntry {
            encryption_context_equals: pairs,
            encryption_context_subset: None,
        },
        Constraint::EncryptionContextSubset(_) => GrantConstraintEntry {
            encryption_context_equals: None,
            encryption_context_subset: pairs,
        },
    }
}

fn entry(grant: &Grant, state: &State) -> (String, GrantListEntry) {
    let retiring = grant.retiring.as_ref();
    let entry = GrantListEntry {
        key_id: grant.key.clone(),
        grant_id: grant.id.clone(),
        name: grant.name.clone().unwrap_or_default(),
        creation_date: grant.created,
        grantee_principal: shown(&grant.grantee, state),
        retiring_principal: retiring.map(|retiring| shown(retiring, state)),
        issuing_account: account_root_arn(&grant.issuing_account),
        operations: grant.operations.clone(),
        constraints: grant.constraint.as_ref().map(constraints),
    };
    (grant.id.to_string(), entry)
}

/// Where a listing in the order of ids goes on.
fn after(step: &Step<'_>, listing: &str, marker: Option<&str>) -> Result<Option<GrantId>, Error> {
    let after = step.engine.markers().start(listing, marker)?;
    after
        .map(|id| id.parse().map_err(Error::internal))
        .transpose()
}

fn answer<'a>(
    step: &Step<'_>,
    listing: &str,
    limit: usize,
    grants: impl Iterator<Item = &'a Grant>,
) -> Performed<ListGrantsResponse> {
    let items = grants.map(|grant| entry(grant, step.state));
    let page = step.engine.markers().page(listing, limit, items);
    Performed::read(ListGrantsResponse {
        grants: page.items,
        truncated: page.next.is_some(),
        next_marker: page.next,
    })
}

/// A checked `ListGrantsRequest`, besides its key.
#[derive(Debug)]
pub struct ListGrants {
    grant: Option<GrantId>,
    grantee: Option<String>,
    limit: usize,
    marker: Option<String>,
}

impl KeyOperation for ListGrantsRequest {
    type Checked = ListGrants;

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn other_parameters(&self, parameters: &mut Parameters) {
        parameters
            .optional("grantId", self.grant_id.as_ref())
            .optional("granteePrincipal", self.grantee_principal.as_ref())
            .optional("limit", self.limit.as_ref());
    }

    fn check(self) -> Result<ListGrants, Error> {
        Ok(ListGrants {
            grant: self.grant_id.as_deref().map(grant_id).transpose()?,
            grantee: self.grantee_principal,
            limit: page::limit(self.limit, LIST_GRANTS),
            marker: self.marker,
        })
    }

    fn specific(_: &ListGrants) -> Specific<'_> {
        Specific {
            grant: Some(GrantValues {
                says_whom_it_is_for: true,
                ..GrantValues::default()
            }),
            ..Specific::default()
        }
    }

    fn perform(asked: ListGrants, step: &Step<'_>) -> Result<Performed<ListGrantsResponse>, Error> {
        let key = &step.loaded.primary()?.key.key.arn;
        let of_grant = asked.grant.as_ref().map_or("", GrantId::as_str);
        let of_grantee = asked.grantee.as_deref().unwrap_or_default();
        let listing = format!("ListGrants {key} {of_grant} {of_grantee}");
        let after = after(step, &listing, asked.marker.as_deref())?;
        let grants = step.state.grants().of_key(key).into_iter();
        let grants = grants
            .flat_map(|grants| grants.after(after.as_ref()))
            .filter(|grant| asked.grant.as_ref().is_none_or(|id| grant.id == *id))
            .filter(|grant| {
                let wanted = asked.grantee.as_ref();
                wanted.is_none_or(|wanted| shown(&grant.grantee, step.state) == *wanted)
            });
        let grants = grants.map(AsRef::as_ref);
        Ok(answer(step, &listing, asked.limit, grants))
    }
}

/// A checked `ListRetirableGrantsRequest`.
#[derive(Debug)]
pub struct ListRetirableGrants {
    principal: PrincipalName,
    arn: String,
    limit: usize,
    marker: Option<String>,
}

impl Operation for ListRetirableGrantsRequest {
    type Parsed = ListRetirableGrants;
    type Response = ListGrantsResponse;
    const EVENT: Event = Event::kms(api::Operation::ListRetirableGrants);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters
            .optional("retiringPrincipal", self.retiring_principal.as_ref())
            .optional("limit", self.limit.as_ref());
    }

    fn parse(self) -> Result<ListRetirableGrants, Error> {
        validated(&self)?;
        let text = present(self.retiring_principal)?;
        let principal: PrincipalName = text.parse().map_err(|_| grant_principal::invalid(&text))?;
        // A service is in no account, so that nobody can ask for its grants.
        if matches!(principal, PrincipalName::Service(_)) {
            return Err(grant_principal::invalid(&text));
        }
        let arn = principal.to_string();
        Ok(ListRetirableGrants {
            principal,
            arn,
            limit: page::limit(self.limit, LIST_GRANTS),
            marker: self.marker,
        })
    }

    /// The authorized resource is the principal, and one of another account is nobody's to ask for.
    fn authorizations<'a>(
        parsed: &'a ListRetirableGrants,
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(vec![Authorization::new(
            "kms:ListRetirableGrants",
            On::Named(parsed.arn.clone()),
        )])
    }

    fn perform(
        asked: ListRetirableGrants,
        step: &Step<'_>,
    ) -> Result<Performed<ListGrantsResponse>, Error> {
        let region = &step.call.region;
        let listing = format!("ListRetirableGrants {region} {}", asked.arn);
        let after = after(step, &listing, asked.marker.as_deref())?;
        let principal = grant_principal::bind(asked.principal, step.state)
            .ok_or_else(|| grant_principal::invalid(&asked.arn))?;
        let grants = step.state.grants().retirable(&principal, after.as_ref());
        let grants = grants.filter(|grant| grant.key.region == *region);
        let grants = grants.map(AsRef::as_ref);
        Ok(answer(step, &listing, asked.limit, grants))
    }
}
