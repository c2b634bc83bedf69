//! Why a request is refused: for the caller in AWS's words, for the audit in full.

/// The kind of policy that refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The policies of the calling user.
    IdentityBased,
    /// The policy of the key.
    ResourceBased,
}

/// The statement that denied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchedStatement {
    /// The position of the policy among those of its layer, from 0.
    pub policy: usize,
    /// The position of the statement in its document, from 0.
    pub index: usize,
    /// The statement's `Sid`, if it has one.
    pub sid: Option<String>,
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A Deny statement applies.
    ExplicitDeny(MatchedStatement),
    /// No statement allows it.
    NotAllowed,
}

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    layer: Layer,
    reason: Reason,
    foreign: bool,
}

impl Denial {
    pub(super) fn new(layer: Layer, reason: Reason) -> Self {
        Self {
            layer,
            reason,
            foreign: false,
        }
    }

    /// Of a key in another account, of which the caller is told nothing.
    pub(super) fn of_foreign_resource(reason: Reason) -> Self {
        Self {
            layer: Layer::ResourceBased,
            reason,
            foreign: true,
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
        if self.foreign {
            return format!(
                "{start} on this resource because the resource does not exist in this Region, \
                 no resource-based policies allow access, or a resource-based policy explicitly \
                 denies access"
            );
        }
        let (article, policy) = match self.layer {
            Layer::IdentityBased => ("an", "identity-based policy"),
            Layer::ResourceBased => ("a", "resource-based policy"),
        };
        match &self.reason {
            Reason::ExplicitDeny(_) => {
                format!(
                    "{start} on resource: {resource} with an explicit deny in {article} {policy}"
                )
            }
            Reason::NotAllowed => format!(
                "{start} on resource: {resource} because no {policy} allows the {action} action"
            ),
        }
    }
}
