//! TLS 1.2 and 1.3 by rustls, with aws-lc-rs named as the provider.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kms_core::secret::SecretBytes;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::TlsFiles;

/// The bits of a key file's mode that must not be set: others in any way, the group writing.
const FORBIDDEN_KEY_MODE: u32 = 0o037;

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// The key can be read by others.
    #[error("{path} must be closed to others: its mode should be 0600 or 0640")]
    OpenKey {
        /// The key's file.
        path: PathBuf,
    },
    /// No certificate, or not PEM.
    #[error("{path} holds no PEM certificate chain")]
    Certificate {
        /// The certificate's file.
        path: PathBuf,
    },
    /// No private key, or not PEM.
    #[error("{path} holds no PEM private key")]
    Key {
        /// The key's file.
        path: PathBuf,
    },
    /// The certificate and the key do not belong together, or are of no use to TLS.
    #[error("the certificate and the key do not fit: {0}")]
    Unfit(#[from] rustls::Error),
}

/// Reads the files and checks that they belong together.
///
/// # Errors
/// [`TlsError`] names the file at fault.
pub fn load(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    let chain = certificates(&files.certificate)?;
    let key = private_key(&files.key)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = read(path)?;
    match CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>() {
        Ok(chain) if !chain.is_empty() => Ok(chain),
        _ => Err(TlsError::Certificate {
            path: path.to_owned(),
        }),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let metadata = std::fs::metadata(path).map_err(|source| TlsError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    if metadata.permissions().mode() & FORBIDDEN_KEY_MODE != 0 {
        return Err(TlsError::OpenKey {
            path: path.to_owned(),
        });
    }
    let pem = SecretBytes::new(read(path)?);
    PrivateKeyDer::from_pem_slice(pem.expose()).map_err(|_| TlsError::Key {
        path: path.to_owned(),
    })
}
