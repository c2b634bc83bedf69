//! The principals file of what is there.

use std::collections::{BTreeMap, BTreeSet};

use super::organization::exported;
use crate::Error;
use crate::identity::{AccessKeyOwner, User};
use crate::ids::{AccountId, PolicyArn, PolicyName};
use crate::principals_file::{
    AccountRef, FileAccessKey, FileGroup, FilePolicy, FileProvider, FileRole, FileUser,
    Permissions, Place, PolicyRef, PrincipalsFile,
};
use crate::service::context::CallContext;
use crate::service::operation::{Authorization, Event, Loaded, On, Operation, Performed, Step};
use crate::service::organizations::ACCESS_ROLE;
use crate::service::parameters::Parameters;

/// What a principals file has to say for the store to stay as it is, without secrets. Offered
/// in-process.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExportPrincipalsRequest {
    /// Whether to tell the roles by which the management account reaches the others, which stand in
    /// a file rather not: what a file manages goes when it is no longer named there.
    pub access_roles: bool,
}

/// Every policy that is attached is of the same account, and in the file.
fn named(arn: &PolicyArn) -> Result<PolicyRef, Error> {
    let name = arn.name().parse().map_err(Error::internal)?;
    Ok(PolicyRef::Name(name))
}

fn permissions(
    attached: &BTreeSet<PolicyArn>,
    inline: &BTreeMap<String, String>,
) -> Result<Permissions, Error> {
    let inline: Result<BTreeMap<PolicyName, String>, Error> = inline
        .iter()
        .map(|(name, text)| Ok((name.parse().map_err(Error::internal)?, text.clone())))
        .collect();
    Ok(Permissions {
        policies: attached.iter().map(named).collect::<Result<_, _>>()?,
        inline: inline?,
    })
}

/// Adds what one account has.
fn add(
    file: &mut PrincipalsFile,
    account: &AccountId,
    access_roles: bool,
    step: &Step<'_>,
) -> Result<(), Error> {
    let state = step.state;
    let of_another = account != step.call.account();
    let place = Place {
        line: 0,
        account: of_another.then(|| AccountRef::Id(account.clone())),
    };
    for entry in state.managed_policies(account) {
        let policy = &entry.policy;
        file.policies.push(FilePolicy {
            place: place.clone(),
            name: policy.name.clone(),
            path: policy.path.clone(),
            description: policy.description.clone(),
            document: policy.document().unwrap_or_default().to_owned(),
            tags: policy.tags.clone(),
        });
    }
    for entry in state.groups(account) {
        let group = &entry.group;
        file.groups.push(FileGroup {
            place: place.clone(),
            name: group.name.clone(),
            path: group.path.clone(),
            permissions: permissions(&group.attached, &group.policies)?,
        });
    }
    for entry in state.users(account) {
        file.users.push(user(&entry.user, place.clone(), step)?);
    }
    for entry in state.roles(account) {
        let role = &entry.role;
        // One that the file manages would go if the file did not name it.
        let is_access = of_another && role.name.as_str() == ACCESS_ROLE && !role.managed_by_file;
        if is_access && !access_roles {
            continue;
        }
        file.roles.push(FileRole {
            place: place.clone(),
            name: role.name.clone(),
            path: role.path.clone(),
            description: role.description.clone(),
            trust: role.trust_policy.clone(),
            max_session_duration: role.max_session_duration,
            permissions: permissions(&role.attached, &role.policies)?,
            boundary: role.boundary.as_ref().map(named).transpose()?,
            tags: role.tags.clone(),
        });
    }
    for provider in state.federation.oidc_providers.of_account(account) {
        file.providers.push(FileProvider {
            place: place.clone(),
            url: provider.issuer.clone(),
            audiences: provider.client_ids.clone(),
            thumbprints: provider.thumbprints.clone(),
        });
    }
    Ok(())
}

fn user(user: &User, place: Place, step: &Step<'_>) -> Result<FileUser, Error> {
    let owner = AccessKeyOwner::User(user.name.clone());
    let keys = step.state.access_keys(&user.account);
    let keys = keys.filter(|key| key.owner == owner);
    let groups = user.groups.iter();
    let groups = groups.filter_map(|id| step.state.group_of_id(id));
    Ok(FileUser {
        place,
        name: user.name.clone(),
        path: user.path.clone(),
        groups: groups.map(|entry| entry.group.name.clone()).collect(),
        permissions: permissions(&user.attached, &user.policies)?,
        boundary: user.boundary.as_ref().map(named).transpose()?,
        tags: user.tags.clone(),
        access_keys: keys
            .map(|key| FileAccessKey {
                id: key.id.clone(),
                secret: None,
                inactive: key.inactive,
            })
            .collect(),
    })
}

impl Operation for ExportPrincipalsRequest {
    type Parsed = Self;
    type Response = PrincipalsFile;
    const EVENT: Event = Event::service("ExportPrincipals").reading();

    fn parameters(&self, _parameters: &mut Parameters) {}

    fn parse(self) -> Result<Self, Error> {
        Ok(self)
    }

    fn authorizations<'a>(
        _parsed: &'a Self,
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(vec![Authorization::new("kms:ExportPrincipals", On::Any)])
    }

    fn perform(parsed: Self, step: &Step<'_>) -> Result<Performed<PrincipalsFile>, Error> {
        let mut file = PrincipalsFile {
            organization: exported(&step.state.organizations),
            ..PrincipalsFile::default()
        };
        for account in step.state.accounts() {
            add(&mut file, &account.id, parsed.access_roles, step)?;
        }
        Ok(Performed::read(file))
    }
}
