//! `RetireGrant` and `RevokeGrant`

use super::change::Edit;
use super::context::CallContext;
use super::key_operation::KeyOperation;
use super::operation::{
    Authorization, Event, GrantRef, Loaded, Lookup, Lookups, On, Operation, Performed, Step,
};
use super::parameters::Parameters;
use super::request::{end_dry_run, present, validated};
use super::resolve::{no_such_grant, own_key_ref};
use super::values::{GrantValues, Specific};
use crate::Error;
use crate::api::{
    self, RetireGrantRequest, RetireGrantResponse, RevokeGrantRequest, RevokeGrantResponse,
};
use crate::ids::GrantId;

/// Reads a `GrantId` member.
///
/// # Errors
/// [`Error::InvalidGrantId`] for text that can be no grant's.
pub(super) fn grant_id(text: &str) -> Result<GrantId, Error> {
    text.parse()
        .map_err(|_| Error::InvalidGrantId(format!("Invalid grant ID '{text}'")))
}

/// A checked `RetireGrantRequest`.
#[derive(Debug)]
pub struct RetireGrant {
    grant: GrantRef,
    dry_run: Option<bool>,
}

impl Operation for RetireGrantRequest {
    type Parsed = RetireGrant;
    type Response = RetireGrantResponse;
    const EVENT: Event = Event::kms(api::Operation::RetireGrant);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters
            .optional("keyId", self.key_id.as_ref())
            .optional("grantId", self.grant_id.as_ref())
            .optional("dryRun", self.dry_run.as_ref());
    }

    fn parse(self) -> Result<RetireGrant, Error> {
        validated(&self)?;
        let grant = match (self.grant_token, self.key_id, self.grant_id) {
            (Some(token), None, None) => GrantRef::Token(token),
            (None, Some(key), Some(id)) => GrantRef::OnKey(own_key_ref(&key)?, grant_id(&id)?),
            _ => {
                return Err(Error::Validation(
                    "Grant token OR (grant ID, key ID) must be specified".to_owned(),
                ));
            }
        };
        Ok(RetireGrant {
            grant,
            dry_run: self.dry_run,
        })
    }

    fn lookups(parsed: &RetireGrant) -> Lookups {
        Lookups {
            primary: Some(Lookup::OfGrant(parsed.grant.clone())),
            ..Lookups::default()
        }
    }

    fn authorizations<'a>(
        _parsed: &'a RetireGrant,
        loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        let target = loaded.primary()?;
        let grant = target.grant.as_ref();
        let specific = Specific {
            grant: Some(GrantValues {
                constraint: grant.and_then(|grant| grant.constraint.as_ref()),
                ..GrantValues::default()
            }),
            ..Specific::default()
        };
        Ok(vec![
            Authorization::new("kms:RetireGrant", On::Key(target)).with(specific),
        ])
    }

    fn perform(
        parsed: RetireGrant,
        step: &Step<'_>,
    ) -> Result<Performed<RetireGrantResponse>, Error> {
        end_dry_run(parsed.dry_run)?;
        let target = step.loaded.primary()?;
        let grant = target.grant.as_ref();
        let grant = grant.ok_or_else(|| Error::internal("no grant was loaded"))?;
        let edits = vec![Edit::RemoveGrant(grant.key.clone(), grant.id.clone())];
        Ok(Performed::changed(RetireGrantResponse {}, edits).with_additional("grantId", &grant.id))
    }
}

impl KeyOperation for RevokeGrantRequest {
    type Checked = (GrantId, Option<bool>);

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn other_parameters(&self, parameters: &mut Parameters) {
        parameters
            .optional("grantId", self.grant_id.as_ref())
            .optional("dryRun", self.dry_run.as_ref());
    }

    fn check(self) -> Result<Self::Checked, Error> {
        Ok((grant_id(&present(self.grant_id)?)?, self.dry_run))
    }

    fn specific(_: &Self::Checked) -> Specific<'_> {
        Specific {
            grant: Some(GrantValues {
                says_whom_it_is_for: true,
                ..GrantValues::default()
            }),
            ..Specific::default()
        }
    }

    fn perform(
        (id, dry_run): Self::Checked,
        step: &Step<'_>,
    ) -> Result<Performed<RevokeGrantResponse>, Error> {
        let key = &step.loaded.primary()?.key.key.arn;
        let grants = step.state.grants().of_key(key);
        if grants.and_then(|grants| grants.get(&id)).is_none() {
            return Err(no_such_grant(&id));
        }
        end_dry_run(dry_run)?;
        let edits = vec![Edit::RemoveGrant(key.clone(), id)];
        Ok(Performed::changed(RevokeGrantResponse {}, edits))
    }
}
