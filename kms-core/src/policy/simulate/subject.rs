//! Who asks in a case.

use super::super::document::named::{Named, parse_aws, parse_provider};
use super::InvalidSimulation;
use crate::caller::Principal;
use crate::ids::{EntityPath, InvalidName, UniqueId};

/// A path that no document can name, of the user behind a federated user whom a case does not tell.
const UNKNOWN_PATH: &str = "/*/";

/// Who asks.
#[derive(Debug)]
pub(super) enum Subject {
    Principal(Principal),
    /// A token of the provider with this ARN.
    WebIdentity(String),
}

impl Subject {
    /// Reads the ARN of an account root user, a user, a session of a role, a federated user or an
    /// OpenID Connect provider.
    pub(super) fn parse(arn: &str) -> Result<Self, InvalidSimulation> {
        let named = parse_aws(arn).filter(|_| arn.starts_with("arn:"));
        if let Some(named) = named {
            return principal(named).map(Self::Principal);
        }
        match arn.contains(":oidc-provider/") && parse_provider(arn).is_some() {
            true => Ok(Self::WebIdentity(arn.to_owned())),
            false => Err(InvalidSimulation(
                "principal: not the ARN of a user, a session, an account or a provider".to_owned(),
            )),
        }
    }

    /// The values of the condition keys that follow from who it is.
    pub(super) fn values(&self) -> Vec<(&'static str, String)> {
        let Self::Principal(principal) = self else {
            return Vec::new();
        };
        let kind = match principal {
            Principal::Root { .. } => "Account",
            Principal::User { .. } => "User",
            Principal::AssumedRole { .. } => "AssumedRole",
            Principal::FederatedUser { .. } => "FederatedUser",
            Principal::Service { .. } => "Service",
        };
        let mut values = vec![
            ("aws:PrincipalArn", principal.entity_arn()),
            ("aws:PrincipalAccount", principal.account().to_string()),
            ("aws:PrincipalType", kind.to_owned()),
        ];
        if let Principal::User { name, .. } = principal {
            values.push(("aws:username", name.to_string()));
        }
        values
    }
}

fn principal(named: Named) -> Result<Principal, InvalidSimulation> {
    // Nothing in a case is bound to an id, so that any will do.
    let id = |text: &str| -> Result<UniqueId, InvalidSimulation> {
        text.parse()
            .map_err(|error: InvalidName| InvalidSimulation(error.to_string()))
    };
    let (user_id, role_id) = ("AIDAAAAAAAAAAAAAAAAAA", "AROAAAAAAAAAAAAAAAAAA");
    let invalid = |error: InvalidName| InvalidSimulation(format!("principal: {error}"));
    Ok(match named {
        Named::Account(account) => Principal::Root { account },
        Named::User(user) => Principal::User {
            account: user.account,
            path: user.path,
            name: user.name,
            id: id(user_id)?,
        },
        Named::Session {
            account,
            role,
            session,
            ..
        } => Principal::AssumedRole {
            account,
            path: EntityPath::default(),
            role,
            id: id(role_id)?,
            session,
        },
        Named::FederatedUser { account, name } => Principal::FederatedUser {
            account,
            issuer: id(user_id)?,
            issuer_path: UNKNOWN_PATH.parse().map_err(invalid)?,
            issuer_name: name.as_str().parse().map_err(invalid)?,
            name,
        },
        Named::Role(_) => {
            return Err(InvalidSimulation(
                "principal: a role asks through a session, arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION"
                    .to_owned(),
            ));
        }
        Named::Anyone | Named::Service(_) | Named::Provider(_) | Named::Other(_) => {
            return Err(InvalidSimulation("principal: nobody who asks".to_owned()));
        }
    })
}
