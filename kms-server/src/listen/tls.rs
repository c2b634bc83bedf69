//! TLS 1.2 and 1.3 by rustls, with aws-lc-rs named as the provider.

use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kms_core::caller::LocalPeer;
use kms_core::crypto::client_certificate::{ClientCertificate, is_authority_at};
use kms_core::secret::SecretBytes;
use kms_core::time::{Clock, SystemClock};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoClientAuth, NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{CertificateError, RootCertStore, ServerConfig, ServerConnection};

use crate::config::{ClientAuthentication, TlsFiles};

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
    /// Certificates of authorities that cannot be used.
    #[error("{path} holds what cannot be the certificate of an authority")]
    Authority {
        /// The authorities' file.
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

/// Reads the files and checks that they belong together. Clients are not asked for certificates.
///
/// # Errors
/// [`TlsError`] names the file at fault.
pub fn load(files: &TlsFiles) -> Result<Arc<ServerConfig>, TlsError> {
    config(files, Arc::new(NoClientAuth)).map(Arc::new)
}

/// As [`load`], and clients are asked for certificates.
///
/// # Errors
/// [`TlsError`] names the file at fault.
pub fn load_with_clients(
    files: &TlsFiles,
    clients: &ClientAuthentication,
) -> Result<Arc<ServerConfig>, TlsError> {
    let mut config = config(files, client_verifier(clients)?)?;
    // A session that is resumed would not have its certificate verified again.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(Arc::new(config))
}

fn client_verifier(
    clients: &ClientAuthentication,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let path = &clients.authorities;
    let mut roots = RootCertStore::empty();
    for authority in certificates(path)? {
        if !is_authority_at(&authority, SystemClock.now()) {
            return Err(TlsError::Authority { path: path.clone() });
        }
        let added = roots.add(authority);
        added.map_err(|_| TlsError::Authority { path: path.clone() })?;
    }
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
    let builder = match clients.required {
        true => builder,
        false => builder.allow_unauthenticated(),
    };
    let unfit = |_| TlsError::Authority { path: path.clone() };
    builder.build().map_err(unfit)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// Who proved to hold the key of a certificate, if somebody did and it can be read.
pub(super) fn peer(session: &ServerConnection) -> Option<LocalPeer> {
    let certificate = session.peer_certificates()?.first()?;
    match ClientCertificate::parse(certificate) {
        Ok(certificate) => Some(LocalPeer::Certificate(certificate)),
        Err(_) => {
            tracing::info!("a client certificate could not be read; its holder is nobody");
            None
        }
    }
}

/// Says in the log why a client was not let in whose certificate does not verify.
pub(super) fn note_refusal(error: &std::io::Error, ip: Option<IpAddr>) {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref());
    let reason = match cause {
        Some(rustls::Error::NoCertificatesPresented) => "it has none",
        Some(rustls::Error::InvalidCertificate(why)) => match why {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired",
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "it is not yet valid"
            }
            CertificateError::UnknownIssuer => "it is of no authority of client_ca",
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                "it is not for client authentication"
            }
            _ => "it does not verify",
        },
        _ => return,
    };
    tracing::info!(?ip, reason, "a client's certificate was refused");
}

fn config(
    files: &TlsFiles,
    clients: Arc<dyn ClientCertVerifier>,
) -> Result<ServerConfig, TlsError> {
    let chain = certificates(&files.certificate)?;
    let key = private_key(&files.key)?;
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(clients)
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
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
