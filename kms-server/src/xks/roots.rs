//! Whom proxies have to be vouched for by.

use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};

use crate::config::Xks;

/// Why no proxy can be trusted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RootsError {
    /// The file cannot be read.
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// There are no certificates in it.
    #[error("{path} holds no PEM certificates of authorities")]
    Invalid {
        /// The file.
        path: PathBuf,
    },
    /// Nobody is trusted.
    #[error("there are no trusted authorities: name some in roots")]
    Nobody,
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] rustls::Error),
}

/// TLS 1.2 and 1.3 with those authorities.
pub(crate) fn client_config(config: &Xks) -> Result<Arc<ClientConfig>, RootsError> {
    let mut roots = RootCertStore::empty();
    if config.platform_roots {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
    }
    if let Some(path) = &config.roots {
        let pem = std::fs::read(path).map_err(|source| RootsError::Unreadable {
            path: path.clone(),
            source,
        })?;
        let invalid = || RootsError::Invalid { path: path.clone() };
        let before = roots.len();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|_| invalid())?;
            roots.add(certificate).map_err(|_| invalid())?;
        }
        if roots.len() == before {
            return Err(invalid());
        }
    }
    if roots.is_empty() {
        return Err(RootsError::Nobody);
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}
