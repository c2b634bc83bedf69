//! `CreateCustomKeyStore`

use super::address::new_proxy;
use super::{check_address, check_name, failure, fault, health};
use crate::api::limits::MAX_CUSTOM_KEY_STORES;
use crate::api::{
    self, CreateCustomKeyStoreRequest, CreateCustomKeyStoreResponse, CustomKeyStoreType,
};
use crate::crypto::random;
use crate::ids::CustomKeyStoreId;
use crate::secret::SecretText;
use crate::service::change::Edit;
use crate::service::context::CallContext;
use crate::service::operation::{
    Authorization, Event, Inquiry, Loaded, On, Operation, Performed, Step,
};
use crate::service::parameters::Parameters;
use crate::service::request::{present, validated};
use crate::xks::{Connection, CustomKeyStore, Proxy};
use crate::{CustomKeyStoreFault, Error};

/// A checked `CreateCustomKeyStoreRequest`.
#[derive(Debug)]
pub struct CreateCustomKeyStore {
    name: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// The cluster, which does not exist.
    CloudHsm(String),
    External(Result<Proxy, Error>),
}

/// The checks that come after the policies, in one order whichever walk it is.
fn check(parsed: &CreateCustomKeyStore, step: &Step<'_>) -> Result<(), Error> {
    check_name(&parsed.name, None, step)?;
    if super::stores(step).count() >= MAX_CUSTOM_KEY_STORES {
        return Err(Error::LimitExceeded(format!(
            "The quota of {MAX_CUSTOM_KEY_STORES} custom key stores is reached."
        )));
    }
    Ok(())
}

fn proxy(kind: Kind, step: &Step<'_>) -> Result<Proxy, Error> {
    match kind {
        Kind::CloudHsm(cluster) => Err(fault(
            CustomKeyStoreFault::ClusterNotFound,
            format!("KMS cannot find the CloudHSM cluster {cluster}."),
        )),
        Kind::External(proxy) => {
            let proxy = proxy?;
            check_address(&proxy, None, step)?;
            Ok(proxy)
        }
    }
}

fn new_id(step: &Step<'_>) -> Result<CustomKeyStoreId, Error> {
    let bits = u128::from_be_bytes(random::array(step.engine.random())?);
    let digits = format!("{bits:032x}");
    let digits = digits.get(..17).unwrap_or_default();
    format!("cks-{digits}").parse().map_err(Error::internal)
}

fn kind(request: CreateCustomKeyStoreRequest) -> Result<Kind, Error> {
    let named = request.custom_key_store_type.as_deref();
    let kind = named.map_or(Ok(CustomKeyStoreType::AwsCloudhsm), str::parse);
    let of_cluster = [
        ("CloudHsmClusterId", request.cloud_hsm_cluster_id.is_some()),
        (
            "TrustAnchorCertificate",
            request.trust_anchor_certificate.is_some(),
        ),
        ("KeyStorePassword", request.key_store_password.is_some()),
    ];
    match kind.map_err(Error::internal)? {
        CustomKeyStoreType::AwsCloudhsm => {
            if let Some((name, _)) = of_cluster.iter().find(|(_, given)| !given) {
                return Err(Error::Validation(format!(
                    "{name} is required for a CustomKeyStoreType of AWS_CLOUDHSM."
                )));
            }
            if !request.proxy.is_empty() {
                return Err(Error::Validation(
                    "Parameters of an external key store proxy are not valid for a \
                     CustomKeyStoreType of AWS_CLOUDHSM."
                        .to_owned(),
                ));
            }
            Ok(Kind::CloudHsm(present(request.cloud_hsm_cluster_id)?))
        }
        CustomKeyStoreType::ExternalKeyStore => {
            if let Some((name, _)) = of_cluster.iter().find(|(_, given)| *given) {
                return Err(Error::Validation(format!(
                    "{name} is not valid for a CustomKeyStoreType of EXTERNAL_KEY_STORE."
                )));
            }
            match new_proxy(request.proxy) {
                // What is no matter of form is told to those alone who may make a store.
                Err(error @ Error::CustomKeyStore(..)) => Ok(Kind::External(Err(error))),
                proxy => Ok(Kind::External(Ok(proxy?))),
            }
        }
    }
}

impl Operation for CreateCustomKeyStoreRequest {
    type Parsed = CreateCustomKeyStore;
    type Response = CreateCustomKeyStoreResponse;
    const EVENT: Event = Event::kms(api::Operation::CreateCustomKeyStore);

    fn parameters(&self, parameters: &mut Parameters) {
        let proxy = &self.proxy;
        parameters
            .optional("customKeyStoreName", self.custom_key_store_name.as_ref())
            .optional("customKeyStoreType", self.custom_key_store_type.as_ref())
            .optional("clusterId", self.cloud_hsm_cluster_id.as_ref())
            .optional(
                "xksProxyConnectivity",
                proxy.xks_proxy_connectivity.as_ref(),
            )
            .optional("xksProxyUriEndpoint", proxy.xks_proxy_uri_endpoint.as_ref())
            .optional("xksProxyUriPath", proxy.xks_proxy_uri_path.as_ref());
    }

    fn before_inquiry(&self) -> Option<Self> {
        let external = Some(CustomKeyStoreType::ExternalKeyStore.as_str());
        let copy = |text: &SecretText| SecretText::new(text.expose().to_owned());
        (self.custom_key_store_type.as_deref() == external).then(|| Self {
            custom_key_store_name: self.custom_key_store_name.clone(),
            cloud_hsm_cluster_id: self.cloud_hsm_cluster_id.clone(),
            trust_anchor_certificate: self.trust_anchor_certificate.clone(),
            key_store_password: self.key_store_password.as_ref().map(copy),
            custom_key_store_type: self.custom_key_store_type.clone(),
            proxy: self.proxy.copy(),
        })
    }

    fn inquiry(parsed: CreateCustomKeyStore, step: &Step<'_>) -> Result<Option<Inquiry>, Error> {
        check(&parsed, step)?;
        health(proxy(parsed.kind, step)?, step, Self::EVENT.name)
    }

    fn parse(mut self) -> Result<CreateCustomKeyStore, Error> {
        validated(&self)?;
        Ok(CreateCustomKeyStore {
            name: present(self.custom_key_store_name.take())?,
            kind: kind(self)?,
        })
    }

    fn authorizations<'a>(
        _parsed: &'a CreateCustomKeyStore,
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(vec![Authorization::new(
            "kms:CreateCustomKeyStore",
            On::Any,
        )])
    }

    fn perform(
        parsed: CreateCustomKeyStore,
        step: &Step<'_>,
    ) -> Result<Performed<CreateCustomKeyStoreResponse>, Error> {
        check(&parsed, step)?;
        let proxy = proxy(parsed.kind, step)?;
        step.found()?.map_err(failure::configuring)?;
        let id = new_id(step)?;
        let mut elements = Parameters::default();
        elements.value("customKeyStoreId", &id);
        let store = CustomKeyStore {
            account: step.call.account().clone(),
            region: step.call.region.clone(),
            id: id.clone(),
            name: parsed.name,
            created: step.now,
            proxy,
            connection: Connection::Disconnected,
        };
        let response = CreateCustomKeyStoreResponse {
            custom_key_store_id: id,
        };
        let edits = vec![Edit::PutCustomKeyStore(Box::new(store))];
        Ok(Performed::changed(response, edits).with_elements(elements))
    }
}
