//! This server as the proxy of external key stores: AWS's External Key Store Proxy API in front of
//! keys that are kept here. `docs/spec/external-key-stores.md`.

mod answer;
mod authentication;
mod credential;
mod endpoint;
mod route;

pub(crate) use credential::{Credential, CredentialError};
pub(crate) use endpoint::ProxyEndpoint;
