//! Custom key stores: those of type `EXTERNAL_KEY_STORE`, whose keys need a proxy for every use.

mod address;
mod connect;
mod create;
mod delete;
mod describe;
mod external_use;
pub(super) mod failure;
mod outer;
mod update;

use std::sync::Arc;

use super::operation::{Inquiry, Step};
use super::state::State;
use crate::ids::{CustomKeyStoreId, KeyArn};
use crate::xks::{CustomKeyStore, Proxy};
use crate::{CustomKeyStoreFault, Error};

pub(super) use external_use::{ExternalUse, asked_for_key};
pub(super) use outer::Outer;

fn fault(fault: CustomKeyStoreFault, message: impl Into<String>) -> Error {
    Error::CustomKeyStore(fault, message.into())
}

pub(super) fn not_found(name: &str) -> Error {
    // Nobody recorded AWS's words.
    fault(
        CustomKeyStoreFault::NotFound,
        format!("Custom key store '{name}' does not exist."),
    )
}

/// The store of that id in the caller's account and Region.
pub(super) fn find<'a>(id: &str, step: &Step<'a>) -> Result<&'a Arc<CustomKeyStore>, Error> {
    let known: Option<CustomKeyStoreId> = id.parse().ok();
    let found = known.and_then(|known| stores(step).find(|store| store.id == known));
    found.ok_or_else(|| not_found(id))
}

/// Every store of the caller's account and Region, in order of id.
fn stores<'a>(step: &Step<'a>) -> impl Iterator<Item = &'a Arc<CustomKeyStore>> + use<'a> {
    let region = step.state.region(step.call.account(), &step.call.region);
    region
        .into_iter()
        .flat_map(|region| region.custom_key_stores.values())
}

/// The store that a key of this account's is in.
fn store_of<'a>(
    state: &'a State,
    key: &KeyArn,
    id: &CustomKeyStoreId,
) -> Result<&'a Arc<CustomKeyStore>, Error> {
    let region = state.region(&key.account, &key.region);
    region
        .and_then(|region| region.custom_key_stores.get(id))
        .ok_or_else(|| Error::internal("the custom key store of a key is gone"))
}

/// The name is that of no other store.
fn check_name(
    name: &str,
    besides: Option<&CustomKeyStoreId>,
    step: &Step<'_>,
) -> Result<(), Error> {
    let taken = stores(step).any(|store| store.name == name && Some(&store.id) != besides);
    if taken {
        return Err(fault(
            CustomKeyStoreFault::NameInUse,
            format!("A custom key store with the name '{name}' already exists."),
        ));
    }
    Ok(())
}

/// The address is that of no other store.
fn check_address(
    proxy: &Proxy,
    besides: Option<&CustomKeyStoreId>,
    step: &Step<'_>,
) -> Result<(), Error> {
    let same = |other: &Proxy| {
        other.uri_endpoint.eq_ignore_ascii_case(&proxy.uri_endpoint)
            && other.uri_path == proxy.uri_path
    };
    let taken = stores(step).any(|store| same(&store.proxy) && Some(&store.id) != besides);
    if taken {
        return Err(fault(
            CustomKeyStoreFault::ProxyUriInUse,
            "The XksProxyUriEndpoint and XksProxyUriPath are already associated with another \
             external key store in this Region.",
        ));
    }
    Ok(())
}

/// Asks whether a proxy is well.
fn health(proxy: Proxy, step: &Step<'_>, operation: &str) -> Result<Option<Inquiry>, Error> {
    let using = ExternalUse::of_proxy(proxy, step, operation)
        .map_err(|error| fault(CustomKeyStoreFault::ProxyUriUnreachable, error.to_string()))?;
    Ok(Some(Box::pin(async move {
        using.health().await.map(|()| true)
    })))
}
