//! Access keys: `CreateAccessKey`, `ListAccessKeys`, `DeleteAccessKey`. Offered in-process.

use super::change::Edit;
use super::context::CallContext;
use super::operation::{Authorization, Event, Loaded, On, Operation, Performed, Step};
use super::parameters::Parameters;
use super::users::{existing, on_user, user_name};
use crate::Error;
use crate::caller::Principal;
use crate::identity::{
    AccessKey, AccessKeyOwner, generate_access_key_id, generate_secret_access_key,
};
use crate::ids::{AccessKeyId, account_root_arn};
use crate::secret::SecretText;
use crate::time::Timestamp;

/// How many access keys a user, or the account root user, may have: AWS's quota.
pub const MAX_ACCESS_KEYS: usize = 2;

/// A new access key of a user, or of the account root user.
#[derive(Clone, Debug)]
pub struct CreateAccessKeyRequest {
    /// The user; the account root user when there is none.
    pub user_name: Option<String>,
}

/// A new access key. The secret is told this once.
#[derive(Debug)]
pub struct CreateAccessKeyResponse {
    /// `AKIA…`.
    pub access_key_id: AccessKeyId,
    /// 40 characters.
    pub secret_access_key: SecretText,
}

/// The access keys of a user, or of the account root user.
#[derive(Clone, Debug)]
pub struct ListAccessKeysRequest {
    /// The user; the account root user when there is none.
    pub user_name: Option<String>,
}

/// An access key without its secret.
#[derive(Clone, Debug)]
pub struct AccessKeyMetadata {
    /// `AKIA…`.
    pub access_key_id: AccessKeyId,
    /// When it was made.
    pub created: Timestamp,
}

/// The end of an access key.
#[derive(Clone, Debug)]
pub struct DeleteAccessKeyRequest {
    /// `AKIA…`.
    pub access_key_id: String,
}

fn owner(name: Option<&str>) -> Result<AccessKeyOwner, Error> {
    name.map_or(Ok(AccessKeyOwner::Root), |name| user_name(name).map(AccessKeyOwner::User))
}

fn on_owner<'a>(
    action: &'static str,
    owner: &AccessKeyOwner,
    call: &CallContext,
) -> Vec<Authorization<'a>> {
    match owner {
        AccessKeyOwner::User(name) => on_user(action, name, call),
        AccessKeyOwner::Root => {
            vec![Authorization::new(action, On::Named(account_root_arn(call.account())))]
        }
    }
}

fn keys_of<'a>(
    step: &'a Step<'_>,
    owner: &'a AccessKeyOwner,
) -> impl Iterator<Item = AccessKeyMetadata> + 'a {
    let keys = step.state.access_keys(step.call.account());
    keys.filter(move |key| key.owner == *owner).map(|key| AccessKeyMetadata {
        access_key_id: key.id.clone(),
        created: key.created,
    })
}

/// An identity policy that lets a user make keys for users must not let it make one for the
/// account root user, who may do everything: only the root user itself does that.
fn root_for_root_only(owner: &AccessKeyOwner, call: &CallContext) -> Result<(), Error> {
    let principal = call.caller.principal();
    let is_root = matches!(principal, Principal::Root { .. });
    if *owner == AccessKeyOwner::Root && !is_root {
        return Err(Error::AccessDenied(format!(
            "User: {} is not authorized to manage access keys of the account root user",
            principal.arn()
        )));
    }
    Ok(())
}

impl Operation for CreateAccessKeyRequest {
    type Parsed = AccessKeyOwner;
    type Response = CreateAccessKeyResponse;
    const EVENT: Event = Event::iam("CreateAccessKey", false);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.optional("userName", self.user_name.as_ref());
    }

    fn parse(self) -> Result<AccessKeyOwner, Error> {
        owner(self.user_name.as_deref())
    }

    fn authorizations<'a>(
        owner: &'a AccessKeyOwner,
        _loaded: &'a Loaded,
        call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        root_for_root_only(owner, call)?;
        Ok(on_owner("iam:CreateAccessKey", owner, call))
    }

    fn perform(
        owner: AccessKeyOwner,
        step: &Step<'_>,
    ) -> Result<Performed<CreateAccessKeyResponse>, Error> {
        if let AccessKeyOwner::User(name) = &owner {
            existing(step, name)?;
        }
        if keys_of(step, &owner).count() >= MAX_ACCESS_KEYS {
            let message = format!("Cannot exceed quota for AccessKeysPerUser: {MAX_ACCESS_KEYS}");
            return Err(Error::LimitExceeded(message));
        }
        let id = generate_access_key_id(step.engine.system_random())?;
        let secret = generate_secret_access_key(step.engine.system_random())?;
        let response = CreateAccessKeyResponse {
            access_key_id: id.clone(),
            secret_access_key: SecretText::new(secret.expose().to_owned()),
        };
        let mut elements = Parameters::default();
        elements.value("accessKeyId", &id);
        let account = step.call.account().clone();
        let key = AccessKey { id, account, owner, created: step.now, secret };
        Ok(Performed::changed(response, vec![Edit::PutAccessKey(key)]).with_elements(elements))
    }
}

impl Operation for ListAccessKeysRequest {
    type Parsed = AccessKeyOwner;
    type Response = Vec<AccessKeyMetadata>;
    const EVENT: Event = Event::iam("ListAccessKeys", true);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.optional("userName", self.user_name.as_ref());
    }

    fn parse(self) -> Result<AccessKeyOwner, Error> {
        owner(self.user_name.as_deref())
    }

    fn authorizations<'a>(
        owner: &'a AccessKeyOwner,
        _loaded: &'a Loaded,
        call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        root_for_root_only(owner, call)?;
        Ok(on_owner("iam:ListAccessKeys", owner, call))
    }

    fn perform(
        owner: AccessKeyOwner,
        step: &Step<'_>,
    ) -> Result<Performed<Vec<AccessKeyMetadata>>, Error> {
        if let AccessKeyOwner::User(name) = &owner {
            existing(step, name)?;
        }
        let keys = keys_of(step, &owner).collect();
        Ok(Performed::read(keys))
    }
}

impl Operation for DeleteAccessKeyRequest {
    type Parsed = AccessKeyId;
    type Response = ();
    const EVENT: Event = Event::iam("DeleteAccessKey", false);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.value("accessKeyId", &self.access_key_id);
    }

    fn parse(self) -> Result<AccessKeyId, Error> {
        self.access_key_id
            .parse()
            .map_err(|_| Error::Validation("The access key id is malformed.".to_owned()))
    }

    /// Asked of the account root user's rights or of a policy on every user, since whose key it is
    /// is not told before it is permitted.
    fn authorizations<'a>(
        _id: &'a AccessKeyId,
        _loaded: &'a Loaded,
        call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        root_for_root_only(&AccessKeyOwner::Root, call)?;
        Ok(on_owner("iam:DeleteAccessKey", &AccessKeyOwner::Root, call))
    }

    fn perform(id: AccessKeyId, step: &Step<'_>) -> Result<Performed<()>, Error> {
        let account = step.call.account();
        match step.state.access_key(&id).filter(|key| key.account == *account) {
            Some(_) => Ok(Performed::changed((), vec![Edit::RemoveAccessKey(id)])),
            None => Err(Error::NotFound(format!("The Access Key with id {id} cannot be found"))),
        }
    }
}
