//! Who calls: made by authentication only; there is no anonymous caller.

mod local_peer;
mod session;
mod token;

use std::sync::Arc;

pub use local_peer::LocalPeer;
pub use session::{Session, SessionTag, WebIdentity};
pub use token::{InvalidSessionToken, MAX_SESSION_TOKEN, SessionToken, SessionTooLarge};

use crate::ids::{
    AccessKeyId, AccountId, EntityPath, RoleName, SessionName, UniqueId, UserName,
    account_root_arn, assumed_role_arn, federated_user_arn, role_arn, user_arn,
};

/// An authenticated identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// The account root user.
    Root {
        /// The account.
        account: AccountId,
    },
    /// An IAM user.
    User {
        /// The account that the user belongs to.
        account: AccountId,
        /// Where the user stands among the account's users.
        path: EntityPath,
        /// The user's name.
        name: UserName,
        /// The user's unique id, which a namesake made later does not get.
        id: UniqueId,
    },
    /// Whoever assumed a role, for the time of a session.
    AssumedRole {
        /// The account that the role belongs to.
        account: AccountId,
        /// Where the role stands among the account's roles.
        path: EntityPath,
        /// The role's name.
        role: RoleName,
        /// The role's unique id, which a namesake made later does not get.
        id: UniqueId,
        /// The session's name, which whoever assumed the role chose.
        session: SessionName,
    },
    /// A session that an IAM user handed out with `GetFederationToken`.
    FederatedUser {
        /// The account of the user who handed it out.
        account: AccountId,
        /// The user who handed it out, by the unique id, which limits what the session may do.
        issuer: UniqueId,
        /// That user's path.
        issuer_path: EntityPath,
        /// That user's name.
        issuer_name: UserName,
        /// The name that the user chose for it.
        name: SessionName,
    },
    /// The service itself, for work that nobody asked for: automatic rotation, final deletion.
    Service {
        /// The account that the work is done in.
        account: AccountId,
    },
}

impl Principal {
    /// The account that the principal belongs to.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        match self {
            Self::Root { account }
            | Self::User { account, .. }
            | Self::AssumedRole { account, .. }
            | Self::FederatedUser { account, .. }
            | Self::Service { account } => account,
        }
    }

    /// The ARN that policies and error messages name the principal by.
    #[must_use]
    pub fn arn(&self) -> String {
        match self {
            Self::Root { account } => account_root_arn(account),
            Self::User {
                account,
                path,
                name,
                ..
            } => user_arn(account, path, name),
            Self::AssumedRole {
                account,
                role,
                session,
                ..
            } => assumed_role_arn(account, role, session),
            Self::FederatedUser { account, name, .. } => federated_user_arn(account, name),
            Self::Service { account } => {
                format!("arn:aws:iam::{account}:service/kms.amazonaws.com")
            }
        }
    }
}

impl Principal {
    /// The ARN of the IAM entity behind the principal, which `aws:PrincipalArn` tells: for a session
    /// of a role the role, for all others what [`Principal::arn`] tells.
    #[must_use]
    pub fn entity_arn(&self) -> String {
        match self {
            Self::AssumedRole {
                account,
                path,
                role,
                ..
            } => role_arn(account, path, role),
            _ => self.arn(),
        }
    }
}

/// How the caller proved who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A request signed with an access key.
    AccessKey(AccessKeyId),
    /// A local process that opened the store with its root key; the operating-system user's name.
    StoreOwner(String),
    /// A request to this service as the proxy of an external key store; the id of the access key
    /// that it was signed with.
    XksProxy(String),
    /// A token that an identity provider signed. The caller is the session that it asks for, and
    /// may do nothing but ask for it.
    WebIdentity(Box<ProvenIdentity>),
    /// The operating system or a certificate. The caller may do nothing but ask for its temporary
    /// credentials.
    LocalPeer(Arc<LocalPeer>),
    /// The service acts on its own.
    Internal,
}

/// Who an identity provider says that somebody is; what the ledger tells of a request for a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenIdentity {
    /// The ARN of the provider.
    pub provider_arn: String,
    /// The provider: its issuer without `https://`.
    pub provider: String,
    /// Whom the token is for.
    pub audience: String,
    /// Whom it is about.
    pub subject: String,
}

/// An authenticated caller: who, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    principal: Principal,
    credential: Credential,
    session: Option<Arc<Session>>,
}

impl Caller {
    /// States that `principal` was authenticated by `credential`.
    ///
    /// Only the code that has checked a signature, opened a store, or runs the service's own jobs
    /// may say so.
    #[must_use]
    pub fn assume_authenticated(principal: Principal, credential: Credential) -> Self {
        Self {
            principal,
            credential,
            session: None,
        }
    }

    /// The same caller, with temporary credentials of `session`.
    #[must_use]
    pub fn in_session(self, session: Arc<Session>) -> Self {
        Self {
            session: Some(session),
            ..self
        }
    }

    /// The session that the caller's temporary credentials are for; `None` without such.
    #[must_use]
    pub fn session(&self) -> Option<&Session> {
        self.session.as_deref()
    }

    /// Who calls.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// How the caller was authenticated.
    #[must_use]
    pub fn credential(&self) -> &Credential {
        &self.credential
    }
}
