//! From the text of a case to the question that it asks.

use std::sync::Arc;

use super::super::document::action;
use super::super::document::json;
use super::super::document::{
    IdentityPolicy, KeyPolicy, ResourceControlPolicy, ServiceControlPolicy, TrustPolicy,
};
use super::members::{Members, wrong};
use super::subject::Subject;
use super::{InvalidSimulation, Object, Simulation};
use crate::ids::AccountId;

/// A policy in a level in a list in a case.
const MAX_DEPTH: usize = 11;

/// Whether the action is one that the trust policy of a role decides on.
fn is_of_role(action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    action.starts_with("sts:assumerole")
        || matches!(action.as_str(), "sts:tagsession" | "sts:setsourceidentity")
}

pub(super) fn parse(text: &str) -> Result<Simulation, InvalidSimulation> {
    let json = json::read(text, MAX_DEPTH)
        .ok_or_else(|| InvalidSimulation("not JSON, or a name twice in an object".to_owned()))?;
    let members = Members::of(&json)?;
    let subject = Subject::parse(members.required("principal")?)?;
    let action = members.required("action")?;
    if action.contains(['*', '?']) || action::parse(action).is_err() {
        return Err(wrong("action", "not an action"));
    }
    let object = object(&members, action)?;
    let of_role = matches!(object, Object::Role { .. });
    if matches!(subject, Subject::WebIdentity(_)) && !of_role {
        return Err(wrong("principal", "a web identity can only assume roles"));
    }
    let session = members.policy("sessionPolicy", IdentityPolicy::parse_session)?;
    Ok(Simulation {
        context: members.context(subject.values())?,
        subject,
        action: action.to_owned(),
        object,
        identity: shared(members.policies("identityPolicies", IdentityPolicy::parse)?),
        boundary: members.policy("permissionBoundary", IdentityPolicy::parse_managed)?,
        session: session.map(|policy| vec![Arc::new(policy)]),
        service_control: shared_levels(members.levels("scps", ServiceControlPolicy::parse)?),
        resource_control: shared_levels(members.levels("rcps", ResourceControlPolicy::parse)?),
    })
}

fn shared<T>(policies: Vec<T>) -> Vec<Arc<T>> {
    policies.into_iter().map(Arc::new).collect()
}

fn shared_levels<T>(levels: Vec<Vec<T>>) -> Vec<Vec<Arc<T>>> {
    levels.into_iter().map(shared).collect()
}

/// What the case is about.
fn object(members: &Members<'_>, action: &str) -> Result<Object, InvalidSimulation> {
    let resource = members.required("resource")?;
    let account = members.text("resourceAccount")?;
    let account: Option<AccountId> = account
        .map(str::parse)
        .transpose()
        .map_err(|error| wrong("resourceAccount", &format!("{error}")))?;
    let assumes = is_of_role(action);
    if resource == "*" {
        if assumes {
            return Err(wrong("resource", "the action needs the ARN of a role"));
        }
        // Read so that mistakes are told, and not asked: there is no key.
        members.policy("resourcePolicy", KeyPolicy::parse)?;
        return Ok(Object::Any);
    }
    let segments: Vec<&str> = resource.splitn(6, ':').collect();
    let ["arn", partition, service, _, owner, name] = segments.as_slice() else {
        return Err(wrong("resource", "neither an ARN nor *"));
    };
    if partition.is_empty() || service.is_empty() || name.is_empty() || name.contains(['*', '?']) {
        return Err(wrong("resource", "neither the ARN of one resource nor *"));
    }
    let owner: AccountId = owner
        .parse()
        .map_err(|_| wrong("resource", "an ARN without an account"))?;
    if account.is_some_and(|account| account != owner) {
        return Err(wrong(
            "resourceAccount",
            "not the account of the resource's ARN",
        ));
    }
    match (*service, name.split_once('/')) {
        ("kms", Some(("key", _))) if !assumes => {
            let arn = resource
                .parse()
                .map_err(|error| wrong("resource", &format!("{error}")))?;
            let policy = members.policy("resourcePolicy", KeyPolicy::parse)?;
            Ok(Object::Key(arn, policy))
        }
        ("kms", Some(("alias", _))) if !assumes => {
            members.policy("resourcePolicy", KeyPolicy::parse)?;
            Ok(Object::Named(resource.to_owned()))
        }
        ("iam", Some(("role", _))) if assumes => {
            let trust = members.policy("resourcePolicy", TrustPolicy::parse)?;
            Ok(Object::Role {
                account: owner,
                arn: resource.to_owned(),
                trust: trust.unwrap_or_else(TrustPolicy::of_nobody),
            })
        }
        _ if assumes => Err(wrong("resource", "the action needs the ARN of a role")),
        _ => match members.policy("resourcePolicy", KeyPolicy::parse)? {
            None => Ok(Object::Named(resource.to_owned())),
            Some(_) => Err(wrong(
                "resourcePolicy",
                "only the policies of keys and of roles that are assumed are known",
            )),
        },
    }
}
