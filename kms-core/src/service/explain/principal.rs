//! Whom a person means.

use crate::Error;
use crate::caller::Principal;
use crate::ids::{AccountId, PARTITION, RoleName, SessionName, UserName};
use crate::service::state::State;

/// What a session of a role is called where nobody says.
const SESSION: &str = "explained";

/// A principal as it was written, not looked for yet.
#[derive(Debug)]
pub(super) struct Named {
    /// An ARN names its path too, which has to be right.
    arn: Option<String>,
    /// The account of an ARN; others mean the store's first.
    account: Option<AccountId>,
    who: Who,
}

#[derive(Debug, PartialEq, Eq)]
enum Who {
    Root,
    User(String),
    Role(String),
    Session { role: String, session: String },
}

impl Named {
    /// Reads `root`, `user/NAME`, `role/NAME`, or the ARN of an account, of a user, of a role or of
    /// a session of a role.
    ///
    /// # Errors
    /// [`Error::Validation`] for what names nobody who could ask, or does not say enough.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let segments: Vec<&str> = text.splitn(6, ':').collect();
        let (account, who) = match segments.as_slice() {
            [
                "arn",
                PARTITION,
                service @ ("iam" | "sts"),
                "",
                account,
                place,
            ] => {
                let account: Option<AccountId> = account.parse().ok();
                let account = account.ok_or_else(|| nobody(text))?;
                (Some(account), who(text, service, place)?)
            }
            [place] => (None, who(text, "iam", place)?),
            _ => return Err(nobody(text)),
        };
        let arn = account.is_some().then(|| text.to_owned());
        Ok(Self { arn, account, who })
    }

    /// The account that the principal is written to be of.
    pub(super) fn account(&self) -> Option<&AccountId> {
        self.account.as_ref()
    }

    /// Looks for the principal, in the account `first` where none is written.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an account, a user or a role that there is not.
    pub(super) fn find(&self, first: &AccountId, state: &State) -> Result<Principal, Error> {
        let account = self.account.as_ref().unwrap_or(first);
        state.known_account(account)?;
        let principal = match &self.who {
            Who::Root => Principal::Root {
                account: account.clone(),
            },
            Who::User(name) => user(name, account, state)?,
            Who::Role(name) => role(name, SESSION, account, state)?,
            // The ARN of a session leaves the path of its role out.
            Who::Session {
                role: name,
                session,
            } => return role(name, session, account, state),
        };
        // With another path it is the name of somebody else, who is not there.
        match &self.arn {
            Some(arn) if principal.entity_arn() != *arn => {
                Err(Error::NotFound(format!("{arn} does not exist.")))
            }
            _ => Ok(principal),
        }
    }
}

fn who(text: &str, service: &str, place: &str) -> Result<Who, Error> {
    if (service, place) == ("iam", "root") {
        return Ok(Who::Root);
    }
    let (kind, names) = place.split_once('/').ok_or_else(|| nobody(text))?;
    let last = || names.rsplit('/').next().unwrap_or_default().to_owned();
    match (service, kind) {
        ("iam", "user") => Ok(Who::User(last())),
        ("iam", "role") => Ok(Who::Role(last())),
        ("sts", "assumed-role") => {
            let (role, session) = names.split_once('/').ok_or_else(|| nobody(text))?;
            let (role, session) = (role.to_owned(), session.to_owned());
            Ok(Who::Session { role, session })
        }
        ("sts", "federated-user") => Err(Error::Validation(format!(
            "{text} does not say which user handed the session out, nor its session policies: ask \
             for that user, beyond whom the session may do nothing but what names it directly."
        ))),
        _ => Err(nobody(text)),
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
        .ok_or_else(|| absent("user", name, account))
}

fn role(name: &str, session: &str, account: &AccountId, state: &State) -> Result<Principal, Error> {
    let parsed: Option<RoleName> = name.parse().ok();
    let entry = parsed.and_then(|name| state.role(account, &name));
    let entry = entry.ok_or_else(|| absent("role", name, account))?;
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

fn absent(kind: &str, name: &str, account: &AccountId) -> Error {
    Error::NotFound(format!(
        "The {kind} with name {name} cannot be found in the account {account}."
    ))
}
