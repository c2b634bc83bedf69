//! Who calls: made by authentication only; there is no anonymous caller.

use crate::ids::{AccessKeyId, AccountId, UniqueId, UserName, account_root_arn, user_arn};

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
        /// The user's name.
        name: UserName,
        /// The user's unique id, which a namesake made later does not get.
        id: UniqueId,
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
            Self::Root { account } | Self::User { account, .. } | Self::Service { account } => {
                account
            }
        }
    }

    /// The ARN that policies and error messages name the principal by.
    #[must_use]
    pub fn arn(&self) -> String {
        match self {
            Self::Root { account } => account_root_arn(account),
            Self::User { account, name, .. } => user_arn(account, name),
            Self::Service { account } => {
                format!("arn:aws:iam::{account}:service/kms.amazonaws.com")
            }
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
    /// The service acts on its own.
    Internal,
}

/// An authenticated caller: who, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    principal: Principal,
    credential: Credential,
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
        }
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
