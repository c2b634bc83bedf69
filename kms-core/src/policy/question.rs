//! What is asked of the policies, and what they answer.

use std::fmt;
use std::sync::Arc;

use smol_str::SmolStr;

use super::condition::ConditionValues;
use super::document::{
    Asker, Bounded, IdentityPolicy, KeyPolicy, ResourceControlPolicy, ServiceControlPolicy,
};
use super::evaluate::Resource;
use super::explain::{Denial, Layer, MatchedStatement};
use super::grants::ByGrant;
use super::own_side::OwnSide;
use crate::api::Operation;
use crate::caller::Principal;
use crate::ids::{GrantId, KeyArn};

/// Whether a principal may do something.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// Who asks.
    pub principal: &'a Principal,
    /// The action as AWS writes it: `kms:Encrypt`.
    pub action: &'a str,
    /// What the action is done to.
    pub resource: Resource<'a>,
    /// What the request offers for conditions.
    pub values: &'a dyn ConditionValues,
    /// The policy of the key, for [`Resource::Key`]; without one nothing is allowed on the key.
    pub key_policy: Option<&'a KeyPolicy>,
    /// The policies of the calling user, its groups' among them, or of the role behind a session.
    pub identity_policies: &'a [Arc<IdentityPolicy>],
    /// The permissions boundary of the user or role.
    pub boundary: Option<&'a IdentityPolicy>,
    /// The policies that the session was made with; `None` where it was made without any, and
    /// nothing limits it. One of them must allow, and none deny.
    pub session_policies: Option<&'a [Arc<IdentityPolicy>]>,
    /// The service control policies over the caller's account, a list for each level from the root
    /// of the organization to the account. Empty where the account is in no organization or is
    /// exempt.
    pub service_control: &'a [Vec<Arc<ServiceControlPolicy>>],
    /// The resource control policies over the resource's account, in the same way.
    pub resource_control: &'a [Vec<Arc<ResourceControlPolicy>>],
    /// What grants on the key have to do with it, for [`Resource::Key`].
    pub by_grant: Option<ByGrant<'a>>,
}

impl fmt::Debug for Question<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Question")
            .field("principal", self.principal)
            .field("action", &self.action)
            .field("resource", &self.resource)
            .finish_non_exhaustive()
    }
}

impl<'a> Question<'a> {
    pub(super) fn asker(&self) -> Asker<'a> {
        asker(self.principal, self.boundary)
    }

    pub(super) fn own_side(&self) -> OwnSide<'a> {
        OwnSide {
            is_root: matches!(self.principal, Principal::Root { .. }),
            identity: self.identity_policies,
            boundary: self.boundary,
            session: session_limits(self.principal, self.session_policies),
            service_control: self.service_control,
        }
    }
}

/// What the session policies of a caller limit it to. A federated user has none of the rights of the
/// user behind it that no session policy hands on.
pub(super) fn session_limits<'a>(
    principal: &Principal,
    session_policies: Option<&'a [Arc<IdentityPolicy>]>,
) -> Option<&'a [Arc<IdentityPolicy>]> {
    match principal {
        Principal::FederatedUser { .. } => Some(session_policies.unwrap_or_default()),
        _ => session_policies,
    }
}

pub(super) fn asker<'a>(principal: &'a Principal, boundary: Option<&IdentityPolicy>) -> Asker<'a> {
    let bounded = match boundary {
        Some(_) => Bounded::Yes,
        None => Bounded::No,
    };
    Asker::Principal(principal, bounded)
}

/// The answer.
#[must_use]
#[derive(Debug)]
pub enum Decision {
    /// It may.
    Allow(Permit),
    /// It may not.
    Deny(Denial),
}

/// What allowed an action. Nothing of it is set for the root user where no resource has a policy,
/// and for the service itself.
#[derive(Debug, Default)]
pub(super) struct Grounds {
    pub(super) resource: Option<(Layer, MatchedStatement)>,
    pub(super) identity: Option<MatchedStatement>,
    pub(super) grant: Option<GrantId>,
}

/// The proof that an action was allowed. Only [`decide`](super::decide) and
/// [`decide_trust`](super::decide_trust) make one, and it cannot be copied.
#[must_use]
#[derive(Debug)]
pub struct Permit {
    action: SmolStr,
    key: Option<KeyArn>,
    grounds: Grounds,
}

impl Permit {
    pub(super) fn new(action: &str, key: Option<KeyArn>, grounds: Grounds) -> Self {
        Self {
            action: held(action),
            key,
            grounds,
        }
    }

    /// The action that was allowed.
    #[must_use]
    pub fn action(&self) -> &str {
        &self.action
    }

    /// The key that it was allowed on, if it was asked about a key.
    #[must_use]
    pub fn key(&self) -> Option<&KeyArn> {
        self.key.as_ref()
    }

    /// The statement of the key's or the role's policy that allowed it, and which of the two.
    #[must_use]
    pub fn by_resource_policy(&self) -> Option<(Layer, &MatchedStatement)> {
        let (layer, statement) = self.grounds.resource.as_ref()?;
        Some((*layer, statement))
    }

    /// The statement of an identity policy that allowed it, where one had to.
    #[must_use]
    pub fn by_identity_policy(&self) -> Option<&MatchedStatement> {
        self.grounds.identity.as_ref()
    }

    /// The grant that allowed it, where no policy did.
    #[must_use]
    pub fn by_grant(&self) -> Option<&GrantId> {
        self.grounds.grant.as_ref()
    }
}

/// The longest text that a [`SmolStr`] holds in itself, in bytes.
const INLINE_BYTES: usize = 23;

/// The name of an action, without taking memory for those of this service: the long ones are lent by
/// the table of operations.
fn held(action: &str) -> SmolStr {
    if action.len() <= INLINE_BYTES {
        return SmolStr::new_inline(action);
    }
    let mut known = Operation::ALL.iter().flat_map(|one| one.actions());
    let known = known.find(|known| **known == action);
    known.map_or_else(|| SmolStr::new(action), |known| SmolStr::new_static(known))
}
