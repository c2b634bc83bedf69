//! Whom a person means.

use crate::Error;
use crate::caller::Principal;
use crate::ids::{AccountId, RoleName, SessionName, UserName};
use crate::service::state::State;

/// What a session of a role is called where nobody says.
const SESSION: &str = "explained";

/// The principal that `root`, `user/NAME`, `role/NAME` or an ARN names.
///
/// # Errors
/// [`Error::NotFound`] for a user or role that there is not, [`Error::Validation`] for what names
/// nobody who could ask.
pub(super) fn named(text: &str, account: &AccountId, state: &State) -> Result<Principal, Error> {
    let place = match text.splitn(6, ':').collect::<Vec<&str>>().as_slice() {
        ["arn", "aws", "iam" | "sts", "", owner, place] if *owner == account.as_str() => *place,
        ["arn", _, _, _, owner, _] if *owner != account.as_str() => {
            return Err(Error::NotFound(format!(
                "{text} is of another account than the store's first, whose decisions alone are \
                 explained."
            )));
        }
        [short] => *short,
        _ => return Err(nobody(text)),
    };
    if place == "root" {
        let account = account.clone();
        return Ok(Principal::Root { account });
    }
    let (kind, names) = place.split_once('/').ok_or_else(|| nobody(text))?;
    let last = names.rsplit('/').next().unwrap_or_default();
    let is_arn = text.starts_with("arn:");
    let principal = match kind {
        "user" => user(last, account, state)?,
        "role" => role(last, SESSION, account, state)?,
        "assumed-role" => {
            let (name, session) = names.split_once('/').ok_or_else(|| nobody(text))?;
            return role(name, session, account, state);
        }
        _ => return Err(nobody(text)),
    };
    // With another path it is the name of somebody else, who is not there.
    match is_arn && principal.entity_arn() != text {
        true => Err(Error::NotFound(format!("{text} does not exist."))),
        false => Ok(principal),
    }
}

fn nobody(text: &str) -> Error {
    Error::Validation(format!(
        "{text} is nobody who asks: root, user/NAME, role/NAME, or the ARN of one or of a session \
         of a role."
    ))
}

fn user(name: &str, account: &AccountId, state: &State) -> Result<Principal, Error> {
    let parsed: Option<UserName> = name.parse().ok();
    let entry = parsed.and_then(|name| state.user(account, &name));
    entry
        .map(|entry| entry.user.principal())
        .ok_or_else(|| Error::NotFound(format!("The user with name {name} cannot be found.")))
}

fn role(name: &str, session: &str, account: &AccountId, state: &State) -> Result<Principal, Error> {
    let parsed: Option<RoleName> = name.parse().ok();
    let entry = parsed.and_then(|name| state.role(account, &name));
    let entry = entry
        .ok_or_else(|| Error::NotFound(format!("The role with name {name} cannot be found.")))?;
    let session: SessionName = session
        .parse()
        .map_err(|_| Error::Validation(format!("{session} is no name of a session.")))?;
    Ok(Principal::AssumedRole {
        account: account.clone(),
        path: entry.role.path.clone(),
        role: entry.role.name.clone(),
        id: entry.role.id.clone(),
        session,
    })
}
