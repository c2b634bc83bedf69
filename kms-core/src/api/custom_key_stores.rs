//! Custom key stores: making, describing, changing, connecting.

use serde::{Deserialize, Deserializer, Serialize};

use super::message::{Response, epoch_seconds, object, request};
use super::validation::{
    ACCOUNT_ID, CLOUD_HSM_CLUSTER_ID, CUSTOM_KEY_STORE_ID, CUSTOM_KEY_STORE_NAME, Checks,
    KEY_STORE_PASSWORD, TRUST_ANCHOR_CERTIFICATE, XKS_PROXY_ACCESS_KEY_ID,
    XKS_PROXY_RAW_SECRET_ACCESS_KEY, XKS_PROXY_URI_ENDPOINT, XKS_PROXY_URI_PATH,
    XKS_PROXY_VPC_ENDPOINT_SERVICE_NAME,
};
use super::values::{
    ConnectionErrorCodeType, ConnectionStateType, CustomKeyStoreType, XksProxyConnectivityType,
};
use crate::ids::CustomKeyStoreId;
use crate::secret::SecretText;
use crate::time::Timestamp;

fn secret_text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SecretText>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(SecretText::new))
}

/// What the service proves with to the proxy of an external key store who it is.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct XksProxyAuthenticationCredentialType {
    /// 20 to 30 characters of base 32. Required.
    #[serde(deserialize_with = "secret_text")]
    pub access_key_id: Option<SecretText>,
    /// 43 to 64 characters of base 64. Required.
    #[serde(deserialize_with = "secret_text")]
    pub raw_secret_access_key: Option<SecretText>,
}

fn credential<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<XksProxyAuthenticationCredentialType>, D::Error> {
    struct Member(XksProxyAuthenticationCredentialType);

    impl<'de> Deserialize<'de> for Member {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            object(from).map(Self)
        }
    }

    Ok(Option::<Member>::deserialize(from)?.map(|Member(credential)| credential))
}

impl XksProxyAuthenticationCredentialType {
    /// A copy, wiped like the original.
    #[must_use]
    pub fn copy(&self) -> Self {
        let copy = |text: &SecretText| SecretText::new(text.expose().to_owned());
        Self {
            access_key_id: self.access_key_id.as_ref().map(copy),
            raw_secret_access_key: self.raw_secret_access_key.as_ref().map(copy),
        }
    }
}

/// How the proxy of an external key store is reached, as requests say it.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct XksProxyMembers {
    /// `https://` and a domain name.
    pub xks_proxy_uri_endpoint: Option<String>,
    /// The path that ends in `/kms/xks/v1`.
    pub xks_proxy_uri_path: Option<String>,
    /// For `VPC_ENDPOINT_SERVICE` alone.
    pub xks_proxy_vpc_endpoint_service_name: Option<String>,
    /// For `VPC_ENDPOINT_SERVICE` alone.
    pub xks_proxy_vpc_endpoint_service_owner: Option<String>,
    /// What signs the requests to the proxy.
    #[serde(deserialize_with = "credential")]
    pub xks_proxy_authentication_credential: Option<XksProxyAuthenticationCredentialType>,
    /// An [`XksProxyConnectivityType`].
    pub xks_proxy_connectivity: Option<String>,
}

impl XksProxyMembers {
    /// Whether nothing is said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.xks_proxy_uri_endpoint.is_none()
            && self.xks_proxy_uri_path.is_none()
            && self.xks_proxy_vpc_endpoint_service_name.is_none()
            && self.xks_proxy_vpc_endpoint_service_owner.is_none()
            && self.xks_proxy_authentication_credential.is_none()
            && self.xks_proxy_connectivity.is_none()
    }

    /// A copy, its secret wiped like the original.
    #[must_use]
    pub fn copy(&self) -> Self {
        let credential = self.xks_proxy_authentication_credential.as_ref();
        Self {
            xks_proxy_uri_endpoint: self.xks_proxy_uri_endpoint.clone(),
            xks_proxy_uri_path: self.xks_proxy_uri_path.clone(),
            xks_proxy_vpc_endpoint_service_name: self.xks_proxy_vpc_endpoint_service_name.clone(),
            xks_proxy_vpc_endpoint_service_owner: self.xks_proxy_vpc_endpoint_service_owner.clone(),
            xks_proxy_authentication_credential: credential
                .map(XksProxyAuthenticationCredentialType::copy),
            xks_proxy_connectivity: self.xks_proxy_connectivity.clone(),
        }
    }

    fn check(&self, check: &mut Checks) {
        check.text(
            "xksProxyUriEndpoint",
            self.xks_proxy_uri_endpoint.as_ref(),
            &XKS_PROXY_URI_ENDPOINT,
        );
        check.text(
            "xksProxyUriPath",
            self.xks_proxy_uri_path.as_ref(),
            &XKS_PROXY_URI_PATH,
        );
        check.text(
            "xksProxyVpcEndpointServiceName",
            self.xks_proxy_vpc_endpoint_service_name.as_ref(),
            &XKS_PROXY_VPC_ENDPOINT_SERVICE_NAME,
        );
        check.text(
            "xksProxyVpcEndpointServiceOwner",
            self.xks_proxy_vpc_endpoint_service_owner.as_ref(),
            &ACCOUNT_ID,
        );
        if let Some(credential) = &self.xks_proxy_authentication_credential {
            let member = "xksProxyAuthenticationCredential";
            let id = credential.access_key_id.as_ref();
            let path = format!("{member}.accessKeyId");
            check.required(&path, id);
            check.sensitive(&path, id.map(SecretText::expose), &XKS_PROXY_ACCESS_KEY_ID);
            let secret = credential.raw_secret_access_key.as_ref();
            let path = format!("{member}.rawSecretAccessKey");
            check.required(&path, secret);
            let secret = secret.map(SecretText::expose);
            check.sensitive(&path, secret, &XKS_PROXY_RAW_SECRET_ACCESS_KEY);
        }
        check.one_of(
            "xksProxyConnectivity",
            self.xks_proxy_connectivity.as_ref(),
            XksProxyConnectivityType::VALUES,
        );
    }
}

/// `CreateCustomKeyStore`: makes a custom key store.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CreateCustomKeyStoreRequest {
    /// What it is called, unlike every other one. Required.
    pub custom_key_store_name: Option<String>,
    /// The cluster behind one of type `AWS_CLOUDHSM`.
    pub cloud_hsm_cluster_id: Option<String>,
    /// The cluster's certificate.
    pub trust_anchor_certificate: Option<String>,
    /// The password of the cluster's user.
    #[serde(deserialize_with = "secret_text")]
    pub key_store_password: Option<SecretText>,
    /// A [`CustomKeyStoreType`]; `AWS_CLOUDHSM` when absent.
    pub custom_key_store_type: Option<String>,
    /// The proxy of one of type `EXTERNAL_KEY_STORE`.
    #[serde(flatten)]
    pub proxy: XksProxyMembers,
}

request!(
    CreateCustomKeyStoreRequest,
    CreateCustomKeyStore,
    CreateCustomKeyStoreResponse,
    |this, check| {
        let name = this.custom_key_store_name.as_ref();
        check.required("customKeyStoreName", name);
        check.text("customKeyStoreName", name, &CUSTOM_KEY_STORE_NAME);
        let cluster = this.cloud_hsm_cluster_id.as_ref();
        check.text("cloudHsmClusterId", cluster, &CLOUD_HSM_CLUSTER_ID);
        let certificate = this.trust_anchor_certificate.as_ref();
        check.text(
            "trustAnchorCertificate",
            certificate,
            &TRUST_ANCHOR_CERTIFICATE,
        );
        let password = this.key_store_password.as_ref().map(SecretText::expose);
        check.sensitive("keyStorePassword", password, &KEY_STORE_PASSWORD);
        check.one_of(
            "customKeyStoreType",
            this.custom_key_store_type.as_ref(),
            CustomKeyStoreType::VALUES,
        );
        this.proxy.check(check);
    }
);

/// The answer to `CreateCustomKeyStore`.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateCustomKeyStoreResponse {
    /// The new store.
    pub custom_key_store_id: CustomKeyStoreId,
}

impl Response for CreateCustomKeyStoreResponse {}

/// `DescribeCustomKeyStores`: one custom key store, or all of the account in the Region.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct DescribeCustomKeyStoresRequest {
    /// The store of that id.
    pub custom_key_store_id: Option<String>,
    /// The store of that name; not both.
    pub custom_key_store_name: Option<String>,
    /// The most entries to answer.
    pub limit: Option<i32>,
    /// The `NextMarker` of the page before.
    pub marker: Option<String>,
}

request!(
    DescribeCustomKeyStoresRequest,
    DescribeCustomKeyStores,
    DescribeCustomKeyStoresResponse,
    |this, check| {
        let id = this.custom_key_store_id.as_ref();
        check.text("customKeyStoreId", id, &CUSTOM_KEY_STORE_ID);
        let name = this.custom_key_store_name.as_ref();
        check.text("customKeyStoreName", name, &CUSTOM_KEY_STORE_NAME);
        check.page(this.limit, this.marker.as_ref());
    }
);

/// The answer to `DescribeCustomKeyStores`.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct DescribeCustomKeyStoresResponse {
    /// The stores of this page.
    pub custom_key_stores: Vec<CustomKeyStoresListEntry>,
    /// What to ask the next page with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_marker: Option<String>,
    /// Whether there is a next page.
    pub truncated: bool,
}

impl Response for DescribeCustomKeyStoresResponse {}

/// What is told of a custom key store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct CustomKeyStoresListEntry {
    /// Its id.
    pub custom_key_store_id: CustomKeyStoreId,
    /// Its name.
    pub custom_key_store_name: String,
    /// Whether its keys can be used.
    pub connection_state: ConnectionStateType,
    /// Why it could not be connected; with `FAILED` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_error_code: Option<ConnectionErrorCodeType>,
    /// When it was made.
    #[serde(serialize_with = "epoch_seconds")]
    pub creation_date: Timestamp,
    /// What stands behind it.
    pub custom_key_store_type: CustomKeyStoreType,
    /// Its proxy.
    pub xks_proxy_configuration: XksProxyConfigurationType,
}

/// What is told of the proxy of an external key store; never its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct XksProxyConfigurationType {
    /// How it is reached.
    pub connectivity: XksProxyConnectivityType,
    /// Which credential signs the requests to it.
    pub access_key_id: String,
    /// `https://` and its domain name.
    pub uri_endpoint: String,
    /// The path that ends in `/kms/xks/v1`.
    pub uri_path: String,
}

/// `UpdateCustomKeyStore`: changes a custom key store.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct UpdateCustomKeyStoreRequest {
    /// The store. Required.
    pub custom_key_store_id: Option<String>,
    /// What it shall be called.
    pub new_custom_key_store_name: Option<String>,
    /// The password of the cluster's user.
    #[serde(deserialize_with = "secret_text")]
    pub key_store_password: Option<SecretText>,
    /// A related cluster.
    pub cloud_hsm_cluster_id: Option<String>,
    /// What shall be another in the proxy.
    #[serde(flatten)]
    pub proxy: XksProxyMembers,
}

request!(
    UpdateCustomKeyStoreRequest,
    UpdateCustomKeyStore,
    UpdateCustomKeyStoreResponse,
    |this, check| {
        required_store(check, this.custom_key_store_id.as_ref());
        let name = this.new_custom_key_store_name.as_ref();
        check.text("newCustomKeyStoreName", name, &CUSTOM_KEY_STORE_NAME);
        let password = this.key_store_password.as_ref().map(SecretText::expose);
        check.sensitive("keyStorePassword", password, &KEY_STORE_PASSWORD);
        let cluster = this.cloud_hsm_cluster_id.as_ref();
        check.text("cloudHsmClusterId", cluster, &CLOUD_HSM_CLUSTER_ID);
        this.proxy.check(check);
    }
);

fn required_store(check: &mut Checks, id: Option<&String>) {
    check.required("customKeyStoreId", id);
    check.text("customKeyStoreId", id, &CUSTOM_KEY_STORE_ID);
}

macro_rules! on_a_store {
    ($($(#[$doc:meta])* $request:ident $operation:ident $response:ident)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, Default, Deserialize)]
            #[serde(rename_all = "PascalCase", default)]
            pub struct $request {
                /// The store. Required.
                pub custom_key_store_id: Option<String>,
            }

            request!($request, $operation, $response, |this, check| {
                required_store(check, this.custom_key_store_id.as_ref());
            });
        )*
    };
}

on_a_store! {
    /// `DeleteCustomKeyStore`: forgets a store that has no keys.
    DeleteCustomKeyStoreRequest DeleteCustomKeyStore DeleteCustomKeyStoreResponse
    /// `ConnectCustomKeyStore`: lets the keys of a store be used.
    ConnectCustomKeyStoreRequest ConnectCustomKeyStore ConnectCustomKeyStoreResponse
    /// `DisconnectCustomKeyStore`: keeps the keys of a store from being used.
    DisconnectCustomKeyStoreRequest DisconnectCustomKeyStore DisconnectCustomKeyStoreResponse
}

macro_rules! object_without_members {
    ($($(#[$doc:meta])* $response:ident)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
            pub struct $response {}

            impl Response for $response {}
        )*
    };
}

object_without_members! {
    /// `UpdateCustomKeyStore` answers an object without members.
    UpdateCustomKeyStoreResponse
    /// `DeleteCustomKeyStore` answers an object without members.
    DeleteCustomKeyStoreResponse
    /// `ConnectCustomKeyStore` answers an object without members.
    ConnectCustomKeyStoreResponse
    /// `DisconnectCustomKeyStore` answers an object without members.
    DisconnectCustomKeyStoreResponse
}
