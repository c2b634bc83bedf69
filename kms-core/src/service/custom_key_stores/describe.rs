//! `DescribeCustomKeyStores`

use super::{find, not_found, stores};
use crate::Error;
use crate::api::limits::DESCRIBE_CUSTOM_KEY_STORES;
use crate::api::{
    self, CustomKeyStoreType, CustomKeyStoresListEntry, DescribeCustomKeyStoresRequest,
    DescribeCustomKeyStoresResponse, XksProxyConfigurationType, XksProxyConnectivityType,
};
use crate::service::context::CallContext;
use crate::service::operation::{Authorization, Event, Loaded, On, Operation, Performed, Step};
use crate::service::page;
use crate::service::parameters::Parameters;
use crate::service::request::validated;
use crate::xks::CustomKeyStore;

/// A checked `DescribeCustomKeyStoresRequest`.
#[derive(Debug)]
pub struct DescribeCustomKeyStores {
    asked: Asked,
    limit: usize,
    marker: Option<String>,
}

#[derive(Debug)]
enum Asked {
    All,
    Id(String),
    Name(String),
}

fn entry(store: &CustomKeyStore) -> CustomKeyStoresListEntry {
    CustomKeyStoresListEntry {
        custom_key_store_id: store.id.clone(),
        custom_key_store_name: store.name.clone(),
        connection_state: store.connection.state(),
        connection_error_code: store.connection.error_code(),
        creation_date: store.created,
        custom_key_store_type: CustomKeyStoreType::ExternalKeyStore,
        xks_proxy_configuration: XksProxyConfigurationType {
            connectivity: XksProxyConnectivityType::PublicEndpoint,
            access_key_id: store.proxy.credential.access_key_id.clone(),
            uri_endpoint: store.proxy.uri_endpoint.clone(),
            uri_path: store.proxy.uri_path.clone(),
        },
    }
}

fn only(store: &CustomKeyStore) -> DescribeCustomKeyStoresResponse {
    DescribeCustomKeyStoresResponse {
        custom_key_stores: vec![entry(store)],
        ..DescribeCustomKeyStoresResponse::default()
    }
}

impl Operation for DescribeCustomKeyStoresRequest {
    type Parsed = DescribeCustomKeyStores;
    type Response = DescribeCustomKeyStoresResponse;
    const EVENT: Event = Event::kms(api::Operation::DescribeCustomKeyStores);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters
            .optional("customKeyStoreId", self.custom_key_store_id.as_ref())
            .optional("customKeyStoreName", self.custom_key_store_name.as_ref())
            .optional("limit", self.limit.as_ref());
    }

    fn parse(self) -> Result<DescribeCustomKeyStores, Error> {
        validated(&self)?;
        let asked = match (self.custom_key_store_id, self.custom_key_store_name) {
            (Some(_), Some(_)) => {
                return Err(Error::Validation(
                    "You can specify CustomKeyStoreId or CustomKeyStoreName, but not both."
                        .to_owned(),
                ));
            }
            (Some(id), None) => Asked::Id(id),
            (None, Some(name)) => Asked::Name(name),
            (None, None) => Asked::All,
        };
        Ok(DescribeCustomKeyStores {
            asked,
            limit: page::limit(self.limit, DESCRIBE_CUSTOM_KEY_STORES),
            marker: self.marker,
        })
    }

    fn authorizations<'a>(
        _parsed: &'a DescribeCustomKeyStores,
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(vec![Authorization::new(
            "kms:DescribeCustomKeyStores",
            On::Any,
        )])
    }

    fn perform(
        parsed: DescribeCustomKeyStores,
        step: &Step<'_>,
    ) -> Result<Performed<DescribeCustomKeyStoresResponse>, Error> {
        match &parsed.asked {
            Asked::Id(id) => return Ok(Performed::read(only(find(id, step)?))),
            Asked::Name(name) => {
                let found = stores(step).find(|store| store.name == *name);
                let found = found.ok_or_else(|| not_found(name))?;
                return Ok(Performed::read(only(found)));
            }
            Asked::All => {}
        }
        let (account, region) = (step.call.account(), &step.call.region);
        let listing = format!("DescribeCustomKeyStores {account} {region}");
        let markers = step.engine.markers();
        let after = markers.start(&listing, parsed.marker.as_deref())?;
        let items = stores(step)
            .map(|store| (store.id.to_string(), entry(store)))
            .filter(|(id, _)| after.as_ref().is_none_or(|after| id > after));
        let page = markers.page(&listing, parsed.limit, items);
        Ok(Performed::read(DescribeCustomKeyStoresResponse {
            custom_key_stores: page.items,
            truncated: page.next.is_some(),
            next_marker: page.next,
        }))
    }
}
