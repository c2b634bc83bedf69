//! `UpdateCustomKeyStore`

use super::address::changed_proxy;
use super::{check_address, check_name, failure, fault, find, health};
use crate::api::{
    self, UpdateCustomKeyStoreRequest, UpdateCustomKeyStoreResponse, XksProxyMembers,
};
use crate::secret::SecretText;
use crate::service::change::Edit;
use crate::service::context::CallContext;
use crate::service::operation::{
    Authorization, Event, Inquiry, Loaded, On, Operation, Performed, Step,
};
use crate::service::parameters::Parameters;
use crate::service::request::{present, validated};
use crate::xks::{Connection, CustomKeyStore};
use crate::{CustomKeyStoreFault, Error};

/// A checked `UpdateCustomKeyStoreRequest`.
#[derive(Debug)]
pub struct UpdateCustomKeyStore {
    id: String,
    name: Option<String>,
    proxy: XksProxyMembers,
}

/// The store as it shall be.
fn updated(parsed: UpdateCustomKeyStore, step: &Step<'_>) -> Result<CustomKeyStore, Error> {
    let old = find(&parsed.id, step)?;
    check_state(old, &parsed.proxy)?;
    let mut new = CustomKeyStore::clone(old);
    if let Some(name) = parsed.name {
        check_name(&name, Some(&old.id), step)?;
        new.name = name;
    }
    new.proxy = changed_proxy(&old.proxy, parsed.proxy)?;
    check_address(&new.proxy, Some(&old.id), step)?;
    Ok(new)
}

/// A connected store takes a new name, credential and path; one that failed nothing.
fn check_state(store: &CustomKeyStore, members: &XksProxyMembers) -> Result<(), Error> {
    let elsewhere =
        members.xks_proxy_uri_endpoint.is_some() || members.xks_proxy_connectivity.is_some();
    let allowed = match store.connection {
        Connection::Disconnected => true,
        Connection::Connected => !elsewhere,
        Connection::Failed(_) => false,
    };
    if allowed {
        return Ok(());
    }
    Err(fault(
        CustomKeyStoreFault::InvalidState,
        format!(
            "Custom key store {} is in the connection state {}; disconnect it before this update.",
            store.id,
            store.connection.state()
        ),
    ))
}

impl Operation for UpdateCustomKeyStoreRequest {
    type Parsed = UpdateCustomKeyStore;
    type Response = UpdateCustomKeyStoreResponse;
    const EVENT: Event = Event::kms(api::Operation::UpdateCustomKeyStore);

    fn parameters(&self, parameters: &mut Parameters) {
        let proxy = &self.proxy;
        parameters
            .optional("customKeyStoreId", self.custom_key_store_id.as_ref())
            .optional(
                "customKeyStoreName",
                self.new_custom_key_store_name.as_ref(),
            )
            .optional("clusterId", self.cloud_hsm_cluster_id.as_ref())
            .optional(
                "xksProxyConnectivity",
                proxy.xks_proxy_connectivity.as_ref(),
            )
            .optional("xksProxyUriEndpoint", proxy.xks_proxy_uri_endpoint.as_ref())
            .optional("xksProxyUriPath", proxy.xks_proxy_uri_path.as_ref());
    }

    fn before_inquiry(&self) -> Option<Self> {
        let copy = |text: &SecretText| SecretText::new(text.expose().to_owned());
        (!self.proxy.is_empty()).then(|| Self {
            custom_key_store_id: self.custom_key_store_id.clone(),
            new_custom_key_store_name: self.new_custom_key_store_name.clone(),
            key_store_password: self.key_store_password.as_ref().map(copy),
            cloud_hsm_cluster_id: self.cloud_hsm_cluster_id.clone(),
            proxy: self.proxy.copy(),
        })
    }

    fn inquiry(parsed: UpdateCustomKeyStore, step: &Step<'_>) -> Result<Option<Inquiry>, Error> {
        health(updated(parsed, step)?.proxy, step, Self::EVENT.name)
    }

    fn parse(self) -> Result<UpdateCustomKeyStore, Error> {
        validated(&self)?;
        if self.key_store_password.is_some() || self.cloud_hsm_cluster_id.is_some() {
            return Err(Error::Validation(
                "KeyStorePassword and CloudHsmClusterId are not valid for a CustomKeyStoreType of \
                 EXTERNAL_KEY_STORE."
                    .to_owned(),
            ));
        }
        if self.new_custom_key_store_name.is_none() && self.proxy.is_empty() {
            return Err(Error::Validation(
                "At least one property to update is required.".to_owned(),
            ));
        }
        Ok(UpdateCustomKeyStore {
            id: present(self.custom_key_store_id)?,
            name: self.new_custom_key_store_name,
            proxy: self.proxy,
        })
    }

    fn authorizations<'a>(
        _parsed: &'a UpdateCustomKeyStore,
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(vec![Authorization::new(
            "kms:UpdateCustomKeyStore",
            On::Any,
        )])
    }

    fn perform(
        parsed: UpdateCustomKeyStore,
        step: &Step<'_>,
    ) -> Result<Performed<UpdateCustomKeyStoreResponse>, Error> {
        let asks = !parsed.proxy.is_empty();
        let store = updated(parsed, step)?;
        if asks {
            step.found()?.map_err(failure::configuring)?;
        }
        let edits = vec![Edit::PutCustomKeyStore(Box::new(store))];
        Ok(Performed::changed(UpdateCustomKeyStoreResponse {}, edits))
    }
}
