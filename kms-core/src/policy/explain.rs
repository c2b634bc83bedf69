//! Why a request is refused: for the caller in AWS's words, for the audit in full.

use smol_str::SmolStr;

/// The kind of policy that decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The policies of the calling user or role.
    IdentityBased,
    /// The policy of the key.
    ResourceBased,
    /// The permissions boundary of the calling user or role.
    PermissionsBoundary,
    /// The policies that the caller's session was made with.
    SessionPolicy,
    /// The service control policies over the caller's account.
    ServiceControl,
    /// The resource control policies over the resource's account.
    ResourceControl,
    /// The trust policy of the role.
    RoleTrust,
}

impl Layer {
    /// AWS's name of the kind.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::IdentityBased => "identity-based policy",
            Self::ResourceBased => "resource-based policy",
            Self::PermissionsBoundary => "permissions boundary",
            Self::SessionPolicy => "session policy",
            Self::ServiceControl => "service control policy",
            Self::ResourceControl => "resource control policy",
            Self::RoleTrust => "role trust policy",
        }
    }

    /// The kind as AWS says it of an explicit deny.
    const fn denying(self) -> &'static str {
        match self {
            Self::IdentityBased => "an identity-based policy",
            Self::ResourceBased => "a resource-based policy",
            Self::PermissionsBoundary => "a permissions boundary",
            Self::SessionPolicy => "a sessions policy",
            Self::ServiceControl => "a service control policy",
            Self::ResourceControl => "a resource control policy",
            Self::RoleTrust => "the role trust policy",
        }
    }

    /// Whether AWS calls everything an explicit deny that policies of the kind do not let through.
    const fn only_denies(self) -> bool {
        matches!(self, Self::ServiceControl | Self::ResourceControl)
    }
}

/// The statement that decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchedStatement {
    /// The position of the policy among those of its layer, from 0; those of an organization are
    /// counted from the root down through all levels.
    pub policy: usize,
    /// The position of the statement in its document, from 0.
    pub index: usize,
    /// The statement's `Sid`, if it has one.
    pub sid: Option<SmolStr>,
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A Deny statement applies.
    ExplicitDeny(MatchedStatement),
    /// No statement allows it.
    NotAllowed,
}

/// How much of the reason the caller is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Layer,
    /// Not whether the key exists, which is of another account.
    NotOfKey,
    /// Not whether the role exists, which is of another account.
    NotOfRole,
    /// Nothing: it has no name here yet.
    Nothing,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    layer: Layer,
    reason: Reason,
    told: Told,
}

impl Denial {
    pub(super) fn new(layer: Layer, reason: Reason) -> Self {
        Self {
            layer,
            reason,
            told: Told::Layer,
        }
    }

    pub(super) fn not_allowed(layer: Layer) -> Self {
        Self::new(layer, Reason::NotAllowed)
    }

    /// Of a key in another account, of which the caller is told nothing.
    pub(super) fn of_foreign_key(self) -> Self {
        Self {
            told: Told::NotOfKey,
            ..self
        }
    }

    /// Of a role in another account, of which the caller is told nothing.
    pub(super) fn of_foreign_role(self) -> Self {
        Self {
            told: Told::NotOfRole,
            ..self
        }
    }

    /// Of somebody who is no principal yet.
    pub(super) fn of_web_identity(self) -> Self {
        Self {
            told: Told::Nothing,
            ..self
        }
    }

    /// The kind of policy that refused.
    #[must_use]
    pub fn layer(&self) -> Layer {
        self.layer
    }

    /// Why it refused.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// The message of AWS's `AccessDeniedException`. `resource` is an ARN, or `*` for actions
    /// without a resource.
    #[must_use]
    pub fn message(&self, principal_arn: &str, action: &str, resource: &str) -> String {
        let start = format!("User: {principal_arn} is not authorized to perform: {action}");
        match self.told {
            Told::Layer => format!("{start} on resource: {resource} {}", self.because(action)),
            Told::NotOfKey => format!(
                "{start} on this resource because the resource does not exist in this Region, \
                 no resource-based policies allow access, or a resource-based policy explicitly \
                 denies access"
            ),
            Told::NotOfRole => format!("{start} on resource: {resource}"),
            Told::Nothing => format!("Not authorized to perform {action}"),
        }
    }

    /// The reason in full, for whoever may know it: `no permissions boundary allows …`,
    /// `with an explicit deny in …`.
    #[must_use]
    pub fn because(&self, action: &str) -> String {
        match &self.reason {
            Reason::NotAllowed if !self.layer.only_denies() => {
                format!(
                    "because no {} allows the {action} action",
                    self.layer.name()
                )
            }
            _ => format!("with an explicit deny in {}", self.layer.denying()),
        }
    }
}
