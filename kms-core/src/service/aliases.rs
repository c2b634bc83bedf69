//! `CreateAlias`, `UpdateAlias` and `DeleteAlias`

use super::change::Edit;
use super::context::CallContext;
use super::operation::{
    Authorization, Event, Loaded, Lookup, Lookups, On, Operation, Performed, Step,
};
use super::parameters::Parameters;
use super::request::{present, validated};
use super::resolve::key_ref;
use crate::Error;
use crate::api::limits::Quotas;
use crate::api::{
    self, CreateAliasRequest, CreateAliasResponse, DeleteAliasRequest, DeleteAliasResponse,
    UpdateAliasRequest, UpdateAliasResponse,
};
use crate::ids::{AliasArn, AliasName, KeyRef};
use crate::keys::{Alias, KeyKind};

/// An alias and the key that it shall point to.
#[derive(Debug)]
pub struct Pointing {
    alias: AliasName,
    target: KeyRef,
}

fn alias_name(text: &str) -> Result<AliasName, Error> {
    if !text.starts_with("alias/") {
        return Err(Error::Validation(
            "Alias must start with the prefix \"alias/\". Please see \
             https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
                .to_owned(),
        ));
    }
    if AliasName::is_reserved(text) {
        return Err(Error::InvalidAliasName(
            "Aliases that start with alias/aws/ are reserved.".to_owned(),
        ));
    }
    text.parse()
        .map_err(|_| Error::InvalidAliasName(format!("Invalid alias name '{text}'")))
}

/// A target is named by id or ARN, never by another alias.
fn target(text: &str) -> Result<KeyRef, Error> {
    match key_ref(text)? {
        KeyRef::Alias(_) | KeyRef::AliasArn(_) => Err(Error::Validation(
            "Aliases must refer to keys. Not aliases".to_owned(),
        )),
        key => Ok(key),
    }
}

fn pointing(alias: Option<String>, key: Option<String>) -> Result<Pointing, Error> {
    Ok(Pointing {
        alias: alias_name(&present(alias)?)?,
        target: target(&present(key)?)?,
    })
}

fn alias_arn(alias: &AliasName, call: &CallContext) -> AliasArn {
    AliasArn {
        region: call.region.clone(),
        account: call.account().clone(),
        alias: alias.clone(),
    }
}

fn on_alias<'a>(action: &'static str, alias: &AliasName, call: &CallContext) -> Authorization<'a> {
    Authorization::new(action, On::Named(alias_arn(alias, call).to_string()))
}

/// Whether `key` has room for one alias more than it has.
pub(super) fn within_quota(quotas: Quotas, aliases: usize, key: &str) -> Result<(), Error> {
    if aliases >= quotas.aliases_per_key {
        return Err(Error::LimitExceeded(format!(
            "The quota of {} aliases is reached for key {key}",
            quotas.aliases_per_key
        )));
    }
    Ok(())
}

fn target_within_quota(step: &Step<'_>) -> Result<(), Error> {
    let target = step.loaded.primary()?;
    within_quota(step.engine.quotas(), target.aliases.len(), &target.key.arn)
}

impl Operation for CreateAliasRequest {
    type Parsed = Pointing;
    type Response = CreateAliasResponse;
    const EVENT: Event = Event::kms(api::Operation::CreateAlias);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters
            .optional("aliasName", self.alias_name.as_ref())
            .optional("targetKeyId", self.target_key_id.as_ref());
    }

    fn parse(self) -> Result<Pointing, Error> {
        validated(&self)?;
        pointing(self.alias_name, self.target_key_id)
    }

    fn lookups(parsed: &Pointing) -> Lookups {
        Lookups::named(&parsed.target)
    }

    fn authorizations<'a>(
        parsed: &'a Pointing,
        loaded: &'a Loaded,
        call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(vec![
            on_alias("kms:CreateAlias", &parsed.alias, call),
            Authorization::new("kms:CreateAlias", On::Key(loaded.primary()?)),
        ])
    }

    fn perform(parsed: Pointing, step: &Step<'_>) -> Result<Performed<CreateAliasResponse>, Error> {
        let arn = alias_arn(&parsed.alias, step.call);
        let region = step.state.region(&arn.account, &arn.region);
        if region.is_some_and(|region| region.aliases.contains_key(&parsed.alias)) {
            let message = format!("An alias with the name {arn} already exists");
            return Err(Error::AlreadyExists(message));
        }
        target_within_quota(step)?;
        let target = step.loaded.primary()?.key.key.arn.key;
        let alias = Alias {
            arn,
            target,
            created: step.now,
            updated: step.now,
        };
        Ok(Performed::changed(
            CreateAliasResponse {},
            vec![Edit::PutAlias(alias)],
        ))
    }
}

/// AWS moves an alias only between keys of one type (symmetric, asymmetric, HMAC) and one usage,
/// so that what its callers do goes on working.
fn same_type(old: KeyKind, new: KeyKind) -> Result<(), Error> {
    if old.usage == new.usage && old.is_asymmetric() == new.is_asymmetric() {
        return Ok(());
    }
    Err(Error::Validation(
        "The alias can only be moved to a key of the same type and the same key usage.".to_owned(),
    ))
}

impl Operation for UpdateAliasRequest {
    type Parsed = Pointing;
    type Response = UpdateAliasResponse;
    const EVENT: Event = Event::kms(api::Operation::UpdateAlias);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters
            .optional("aliasName", self.alias_name.as_ref())
            .optional("targetKeyId", self.target_key_id.as_ref());
    }

    fn parse(self) -> Result<Pointing, Error> {
        validated(&self)?;
        pointing(self.alias_name, self.target_key_id)
    }

    /// The new target, and the old one by the alias itself.
    fn lookups(parsed: &Pointing) -> Lookups {
        Lookups {
            primary: Some(Lookup::Named(parsed.target.clone())),
            secondary: Some(Lookup::Named(KeyRef::Alias(parsed.alias.clone()))),
            ..Lookups::default()
        }
    }

    fn authorizations<'a>(
        parsed: &'a Pointing,
        loaded: &'a Loaded,
        call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(vec![
            on_alias("kms:UpdateAlias", &parsed.alias, call),
            Authorization::new("kms:UpdateAlias", On::Key(loaded.secondary()?)),
            Authorization::new("kms:UpdateAlias", On::Key(loaded.primary()?)),
        ])
    }

    fn perform(parsed: Pointing, step: &Step<'_>) -> Result<Performed<UpdateAliasResponse>, Error> {
        let arn = alias_arn(&parsed.alias, step.call);
        let (old, target) = (
            &step.loaded.secondary()?.key.key,
            &step.loaded.primary()?.key.key,
        );
        same_type(old.kind, target.kind)?;
        let (old, target) = (old.arn.key, target.arn.key);
        if old != target {
            target_within_quota(step)?;
        }
        let region = step.state.region(&arn.account, &arn.region);
        let created = region
            .and_then(|region| region.aliases.get(&parsed.alias))
            .map_or(step.now, |alias| alias.created);
        let alias = Alias {
            arn,
            target,
            created,
            updated: step.now,
        };
        Ok(Performed::changed(
            UpdateAliasResponse {},
            vec![Edit::PutAlias(alias)],
        ))
    }
}

impl Operation for DeleteAliasRequest {
    type Parsed = AliasName;
    type Response = DeleteAliasResponse;
    const EVENT: Event = Event::kms(api::Operation::DeleteAlias);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.optional("aliasName", self.alias_name.as_ref());
    }

    fn parse(self) -> Result<AliasName, Error> {
        validated(&self)?;
        alias_name(&present(self.alias_name)?)
    }

    fn lookups(parsed: &AliasName) -> Lookups {
        Lookups::named(&KeyRef::Alias(parsed.clone()))
    }

    fn authorizations<'a>(
        parsed: &'a AliasName,
        loaded: &'a Loaded,
        call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(vec![
            on_alias("kms:DeleteAlias", parsed, call),
            Authorization::new("kms:DeleteAlias", On::Key(loaded.primary()?)),
        ])
    }

    fn perform(
        parsed: AliasName,
        step: &Step<'_>,
    ) -> Result<Performed<DeleteAliasResponse>, Error> {
        let edits = vec![Edit::RemoveAlias(alias_arn(&parsed, step.call))];
        Ok(Performed::changed(DeleteAliasResponse {}, edits))
    }
}
