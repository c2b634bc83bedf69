//! What is known of a request besides its content.

use std::net::IpAddr;

use crate::caller::{Caller, Credential, Principal};
use crate::ids::{AccountId, Region};

/// Who sent a request, from where and how; goes into conditions and into the ledger.
#[derive(Clone, Debug)]
pub struct CallContext {
    /// The authenticated caller.
    pub caller: Caller,
    /// The Region that the request is for.
    pub region: Region,
    /// The id that the answer carries, a UUID.
    pub request_id: String,
    /// The peer's address; `None` over a Unix socket and in-process.
    pub source_ip: Option<IpAddr>,
    /// As sent; untrusted text.
    pub user_agent: String,
    /// Whether nobody between could read or change the request: TLS, a Unix socket, in-process.
    pub secure_transport: bool,
}

impl CallContext {
    /// A call from the process that opened the store, on behalf of the operating-system user.
    #[must_use]
    pub fn embedded(account: AccountId, region: Region, user: &str, request_id: String) -> Self {
        let owner = Credential::StoreOwner(user.to_owned());
        Self {
            caller: Caller::assume_authenticated(Principal::Root { account }, owner),
            region,
            request_id,
            source_ip: None,
            user_agent: concat!("kms-core/", env!("CARGO_PKG_VERSION")).to_owned(),
            secure_transport: true,
        }
    }

    /// The account that the caller belongs to.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        self.caller.principal().account()
    }
}
