//! The proxy that a request names, checked: AWS's patterns let through more than a proxy can be.

use std::sync::Arc;

use crate::api::{XksProxyAuthenticationCredentialType, XksProxyConnectivityType, XksProxyMembers};
use crate::secret::SecretText;
use crate::service::request::present;
use crate::xks::{PATH_END, Proxy, ProxyCredential};
use crate::{CustomKeyStoreFault, Error};

use super::fault;

/// A member that the type of the store needs.
fn needed<T>(member: Option<T>, name: &str) -> Result<T, Error> {
    member.ok_or_else(|| {
        Error::Validation(format!(
            "{name} is required for a CustomKeyStoreType of EXTERNAL_KEY_STORE."
        ))
    })
}

/// The host is a domain name of at least two labels: an address would be reached without anybody
/// vouching for a name. A last label that begins with a digit may be an address's, in hexadecimal.
fn check_endpoint(endpoint: &str) -> Result<(), Error> {
    let host = endpoint.strip_prefix("https://").unwrap_or_default();
    let is_label = |label: &str| {
        (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    let mut last = "";
    let mut count = 0_usize;
    for label in host.split('.') {
        if !is_label(label) {
            last = "";
            break;
        }
        count = count.saturating_add(1);
        last = label;
    }
    let is_name = count >= 2 && last.starts_with(|first: char| first.is_ascii_alphabetic());
    if is_name {
        return Ok(());
    }
    Err(fault(
        CustomKeyStoreFault::ProxyInvalidConfiguration,
        "The host of XksProxyUriEndpoint must be a fully qualified domain name.",
    ))
}

/// Version 1, and no empty segments, which could not be signed.
fn check_path(path: &str) -> Result<(), Error> {
    let prefix = path.strip_suffix(PATH_END);
    if prefix.is_some_and(|prefix| !prefix.ends_with('/') && !prefix.contains("//")) {
        return Ok(());
    }
    Err(fault(
        CustomKeyStoreFault::ProxyInvalidConfiguration,
        format!("XksProxyUriPath must end with {PATH_END} and have no empty segments."),
    ))
}

/// There are no VPC endpoint services.
fn check_connectivity(members: &XksProxyMembers) -> Result<(), Error> {
    let named = members.xks_proxy_connectivity.as_deref();
    let service = members.xks_proxy_vpc_endpoint_service_name.as_deref();
    if named == Some(XksProxyConnectivityType::VpcEndpointService.as_str()) {
        let service = service.ok_or_else(|| {
            Error::Validation(
                "XksProxyVpcEndpointServiceName is required for an XksProxyConnectivity of \
                 VPC_ENDPOINT_SERVICE."
                    .to_owned(),
            )
        })?;
        return Err(fault(
            CustomKeyStoreFault::VpcEndpointServiceNotFound,
            format!("KMS could not find the specified VPC endpoint service {service}."),
        ));
    }
    if service.is_some() || members.xks_proxy_vpc_endpoint_service_owner.is_some() {
        return Err(Error::Validation(
            "XksProxyVpcEndpointServiceName is not valid for an XksProxyConnectivity of \
             PUBLIC_ENDPOINT."
                .to_owned(),
        ));
    }
    Ok(())
}

fn credential(given: XksProxyAuthenticationCredentialType) -> Result<Arc<ProxyCredential>, Error> {
    let id: SecretText = present(given.access_key_id)?;
    Ok(Arc::new(ProxyCredential {
        access_key_id: id.expose().to_owned(),
        secret: present(given.raw_secret_access_key)?,
    }))
}

/// The proxy of a new store.
pub(super) fn new_proxy(members: XksProxyMembers) -> Result<Proxy, Error> {
    needed(
        members.xks_proxy_connectivity.as_ref(),
        "XksProxyConnectivity",
    )?;
    check_connectivity(&members)?;
    let proxy = Proxy {
        uri_endpoint: needed(members.xks_proxy_uri_endpoint, "XksProxyUriEndpoint")?,
        uri_path: needed(members.xks_proxy_uri_path, "XksProxyUriPath")?,
        credential: credential(needed(
            members.xks_proxy_authentication_credential,
            "XksProxyAuthenticationCredential",
        )?)?,
    };
    check_endpoint(&proxy.uri_endpoint)?;
    check_path(&proxy.uri_path)?;
    Ok(proxy)
}

/// The proxy of a store once what a request says is changed.
pub(super) fn changed_proxy(old: &Proxy, members: XksProxyMembers) -> Result<Proxy, Error> {
    check_connectivity(&members)?;
    let mut proxy = old.clone();
    if let Some(endpoint) = members.xks_proxy_uri_endpoint {
        check_endpoint(&endpoint)?;
        proxy.uri_endpoint = endpoint;
    }
    if let Some(path) = members.xks_proxy_uri_path {
        check_path(&path)?;
        proxy.uri_path = path;
    }
    if let Some(given) = members.xks_proxy_authentication_credential {
        proxy.credential = credential(given)?;
    }
    Ok(proxy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_domain_names_are_endpoints() {
        for name in [
            "xks.example.com",
            "a.b",
            "XKS-1.example.co1",
            "1.2.3.4.example",
        ] {
            check_endpoint(&format!("https://{name}")).unwrap();
        }
        for name in [
            "localhost",
            "127.0.0.1",
            "1.2.3.4",
            "0x7f.1",
            "example..com",
            ".example.com",
            "example.com.",
            "-a.example.com",
            "a-.example.com",
            "",
            "2130706433",
            "1.1",
            "127.0.0.0x1",
            "0x7f.0x1",
        ] {
            assert!(
                check_endpoint(&format!("https://{name}")).is_err(),
                "{name}"
            );
        }
    }

    #[test]
    fn only_canonical_paths_of_version_1_are_paths() {
        for path in ["/kms/xks/v1", "/a/b_c-d/kms/xks/v1"] {
            check_path(path).unwrap();
        }
        for path in [
            "/kms/xks/v2",
            "/kms/xks/v01",
            "//kms/xks/v1",
            "/a//b/kms/xks/v1",
        ] {
            assert!(check_path(path).is_err(), "{path}");
        }
    }
}
