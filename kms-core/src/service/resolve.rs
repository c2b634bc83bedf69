//! From the name of a key in a request to the key.

use std::sync::Arc;

use super::context::CallContext;
use super::engine::Engine;
use super::iam;
use super::key_entry::KeyEntry;
use super::operation::{Event, GrantRef, Loaded, Lookup, Lookups, Target};
use super::organizations;
use super::state::State;
use crate::Error;
use crate::ids::{
    AccountId, AliasArn, AliasName, GrantId, InvalidKeyRef, KeyArn, KeyId, KeyRef, Region,
};

/// Reads a `KeyId` member.
///
/// # Errors
/// [`Error::NotFound`] for text that can name no key, as AWS answers.
pub(super) fn key_ref(text: &str) -> Result<KeyRef, Error> {
    text.parse().map_err(|invalid| {
        Error::NotFound(match invalid {
            InvalidKeyRef::Arn => format!("Invalid arn {text}"),
            InvalidKeyRef::Id => format!("Invalid keyId '{text}'"),
        })
    })
}

/// Reads a `KeyId` member that takes the id or the ARN of a key and no alias.
///
/// # Errors
/// [`Error::NotFound`] for anything else, as AWS answers.
pub(super) fn own_key_ref(text: &str) -> Result<KeyRef, Error> {
    match key_ref(text)? {
        KeyRef::Alias(_) | KeyRef::AliasArn(_) => {
            Err(Error::NotFound(format!("Invalid keyId '{text}'")))
        }
        key => Ok(key),
    }
}

/// Finds every key that an operation needs.
///
/// # Errors
/// [`Error::NotFound`], or [`Error::AccessDenied`] where saying "not found" would tell too much.
pub(super) fn load(
    engine: &Engine,
    lookups: Lookups,
    state: &State,
    call: &CallContext,
    event: Event,
) -> Result<Loaded, Error> {
    let action = event.action();
    let find = |lookup: Lookup| {
        let target = match lookup {
            Lookup::Named(name) => named(name, state, call, action)?,
            Lookup::OfCiphertext(key) => of_ciphertext(key, state, call)?,
            Lookup::OfGrant(grant) => of_grant(grant, engine, state, call, action)?,
            Lookup::Related(_) => return Err(Error::internal("related to no key")),
            Lookup::OfAnyAccount(name, account) => {
                return of_any_account(name, account.as_ref(), state, call);
            }
        };
        let account = &target.key.key.arn.account;
        let open = event.reaches_other_accounts() && !state.organizations.is_suspended(account);
        if account == call.account() || open {
            Ok(target)
        } else {
            Err(foreign(call, action))
        }
    };
    let primary = lookups.primary.map(find).transpose()?;
    let secondary = match (lookups.secondary, &primary) {
        (Some(Lookup::Related(region)), Some(primary)) => related(primary, &region, state)?,
        (other, _) => other.map(find).transpose()?,
    };
    let entity = lookups
        .entity
        .map(|subject| iam::load(&subject, state, call));
    let organizations = lookups
        .organizations
        .map(|ids| organizations::load(&ids, state, call));
    Ok(Loaded {
        organizations: organizations.unwrap_or_default(),
        primary,
        secondary,
        entity: entity.unwrap_or_default(),
    })
}

fn related(to: &Target, region: &Region, state: &State) -> Result<Option<Target>, Error> {
    let keys = state.related(&to.key.key.arn)?;
    let key = keys
        .into_iter()
        .find(|entry| entry.key.arn.region == *region);
    Ok(key.map(|key| target(key, None, state)))
}

fn named(name: KeyRef, state: &State, call: &CallContext, action: &str) -> Result<Target, Error> {
    let search = Search {
        account: call.account(),
        region: &call.region,
        absent: &|owner, message| match owner == call.account() {
            true => Error::NotFound(message),
            false => foreign(call, action),
        },
    };
    search.named(name, state)
}

/// The key of that name, whosever it is, in the Region of its ARN where it has one.
fn of_any_account(
    name: KeyRef,
    account: Option<&AccountId>,
    state: &State,
    call: &CallContext,
) -> Result<Target, Error> {
    let region = match &name {
        KeyRef::Arn(arn) => arn.region.clone(),
        KeyRef::AliasArn(arn) => arn.region.clone(),
        KeyRef::Id(_) | KeyRef::Alias(_) => call.region.clone(),
    };
    let account = account.unwrap_or_else(|| call.account());
    state.known_account(account)?;
    let search = Search {
        account,
        region: &region,
        absent: &|_, message| Error::NotFound(message),
    };
    search.named(name, state)
}

/// Where the name of a key is looked for.
struct Search<'a> {
    /// Whose keys a name without an account means.
    account: &'a AccountId,
    /// The only Region that is looked in.
    region: &'a Region,
    /// The answer where an account has no such key, of which the text says so plainly.
    absent: &'a dyn Fn(&AccountId, String) -> Error,
}

impl Search<'_> {
    fn named(&self, name: KeyRef, state: &State) -> Result<Target, Error> {
        let (account, region) = (self.account.clone(), self.region.clone());
        match name {
            KeyRef::Id(key) => self.by_arn(
                KeyArn {
                    region,
                    account,
                    key,
                },
                None,
                state,
            ),
            KeyRef::Arn(arn) => self.by_arn(arn, None, state),
            KeyRef::Alias(alias) => self.by_alias(
                AliasArn {
                    region,
                    account,
                    alias,
                },
                state,
            ),
            KeyRef::AliasArn(arn) => self.by_alias(arn, state),
        }
    }

    fn by_arn(
        &self,
        arn: KeyArn,
        alias: Option<AliasName>,
        state: &State,
    ) -> Result<Target, Error> {
        if arn.region != *self.region {
            return Err(Error::NotFound(format!("Invalid arn {}", arn.region)));
        }
        match state.key(&arn)? {
            Some(key) => Ok(target(key, alias, state)),
            None => Err((self.absent)(
                &arn.account,
                format!("Key '{arn}' does not exist"),
            )),
        }
    }

    fn by_alias(&self, arn: AliasArn, state: &State) -> Result<Target, Error> {
        if arn.region != *self.region {
            return Err(Error::NotFound(format!("Invalid arn {}", arn.region)));
        }
        let found = state
            .region(&arn.account, &arn.region)
            .and_then(|region| region.aliases.get(&arn.alias));
        match found {
            Some(alias) => {
                let key = KeyArn {
                    region: arn.region,
                    account: arn.account,
                    key: alias.target,
                };
                self.by_arn(key, Some(arn.alias), state)
            }
            None => Err((self.absent)(
                &arn.account,
                format!("Alias {arn} is not found."),
            )),
        }
    }
}

/// The answer for a key of another account that is not there: the same as for one that is there
/// and may not be used.
fn foreign(call: &CallContext, action: &str) -> Error {
    Error::AccessDenied(format!(
        "User: {} is not authorized to perform: {action} on this resource because the resource \
         does not exist in this Region, no resource-based policies allow access, or a \
         resource-based policy explicitly denies access",
        call.caller.principal().arn()
    ))
}

/// The answer for a ciphertext whose key the caller may not know of.
pub(super) fn unknown_ciphertext_key() -> Error {
    Error::AccessDenied(
        "The ciphertext refers to a customer master key that does not exist, does not exist in \
         this region, or you are not allowed to access."
            .to_owned(),
    )
}

fn of_ciphertext(key: KeyId, state: &State, call: &CallContext) -> Result<Target, Error> {
    let in_account = |account: &AccountId| {
        let arn = KeyArn {
            region: call.region.clone(),
            account: account.clone(),
            key,
        };
        state.key(&arn)
    };
    let mut found = in_account(call.account())?;
    let suspended = |account: &AccountId| state.organizations.is_suspended(account);
    for account in state.accounts().filter(|account| !suspended(&account.id)) {
        if found.is_none() {
            found = in_account(&account.id)?;
        }
    }
    let key = found.ok_or_else(unknown_ciphertext_key)?;
    Ok(Target {
        by_ciphertext: true,
        ..target(key, None, state)
    })
}

/// A grant that is not there is told to nobody who could not be told of the key.
fn of_grant(
    grant: GrantRef,
    engine: &Engine,
    state: &State,
    call: &CallContext,
    action: &str,
) -> Result<Target, Error> {
    let (key, id) = match grant {
        GrantRef::OnKey(key, id) => (key, id),
        GrantRef::Token(token) => {
            let (key, id) = engine.open_grant_token(&token)?;
            (KeyRef::Arn(key), id)
        }
    };
    let target = named(key, state, call, action)?;
    let arn = &target.key.key.arn;
    let grants = state.grants().of_key(arn);
    match grants.and_then(|grants| grants.get(&id)).cloned() {
        Some(grant) => Ok(Target {
            grant: Some(grant),
            ..target
        }),
        None if arn.account == *call.account() => Err(no_such_grant(&id)),
        None => Err(foreign(call, action)),
    }
}

/// The answer for a grant that was never there or is no more.
pub(super) fn no_such_grant(id: &GrantId) -> Error {
    Error::NotFound(format!("Grant ID {id} not found"))
}

fn target(key: &Arc<KeyEntry>, alias: Option<AliasName>, state: &State) -> Target {
    let arn = &key.key.arn;
    let aliases = state
        .region(&arn.account, &arn.region)
        .map(|region| region.aliases_of(arn.key).cloned().collect())
        .unwrap_or_default();
    Target {
        key: Arc::clone(key),
        alias,
        aliases,
        by_ciphertext: false,
        grant: None,
    }
}
