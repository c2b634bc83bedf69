//! TLS to a server, with a certificate of this process.

use std::error::Error;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use http::Uri;
use kms_core::secret::SecretBytes;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{AlertDescription, CertificateError, ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::args::CredentialProcess;
use crate::failure::{Failure, Kind};
use crate::pipeline::refuse_exposed;

/// The largest file of certificates or keys, in bytes.
const MAX_PEM: u64 = 1 << 20;

/// Where a server is, and how it is spoken to.
#[derive(Debug)]
pub(super) struct Endpoint {
    authority: String,
    host: String,
    port: u16,
    config: Arc<ClientConfig>,
}

impl Endpoint {
    /// The server at `url`, with the files that the arguments name.
    pub(super) fn new(url: &str, arguments: &CredentialProcess) -> Result<Self, Failure> {
        let (authority, host, port) = parse(url).ok_or_else(|| {
            Failure::usage(format!("{url} is not https://HOST or https://HOST:PORT"))
        })?;
        let needed = || Failure::usage("--certificate and --key are needed");
        let chain = certificates(arguments.certificate.as_deref().ok_or_else(needed)?)?;
        let path = arguments.key.as_deref().ok_or_else(needed)?;
        let key = private_key(path)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let unfit = |error: rustls::Error| {
            let message = format!("the certificate and the key do not fit: {error}");
            Failure::new(Kind::Failed, message)
        };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(unfit)?
            .with_root_certificates(roots(arguments.ca.as_deref())?)
            .with_client_auth_cert(chain, key)
            .map_err(unfit)?;
        Ok(Self {
            authority,
            host,
            port,
            config: Arc::new(config),
        })
    }

    /// The header `Host`.
    pub(super) fn authority(&self) -> &str {
        &self.authority
    }

    /// Connects and makes TLS.
    pub(super) async fn connect(&self) -> Result<TlsStream<TcpStream>, Failure> {
        let unreachable = |error: &io::Error| {
            let what = format!("cannot connect to {}", self.authority);
            Failure::new(Kind::Unavailable, Failure::io(what, error).to_string())
        };
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await;
        let stream = stream.map_err(|error| unreachable(&error))?;
        let name = ServerName::try_from(self.host.clone())
            .map_err(|_| Failure::usage(format!("{} is not a host", self.host)))?;
        let connector = TlsConnector::from(Arc::clone(&self.config));
        let connected = connector.connect(name, stream).await;
        connected.map_err(|error| refusal(&error).unwrap_or_else(|| unreachable(&error)))
    }
}

/// Authority, host and port.
fn parse(url: &str) -> Option<(String, String, u16)> {
    let uri: Uri = url.parse().ok()?;
    let is_root = matches!(uri.path(), "" | "/") && uri.query().is_none();
    let authority = uri.authority()?;
    if uri.scheme_str() != Some("https") || !is_root || authority.as_str().contains('@') {
        return None;
    }
    let host = authority.host();
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let port = match authority.as_str() == host {
        true => 443,
        false => authority.port_u16()?,
    };
    Some((authority.to_string(), bare.unwrap_or(host).to_owned(), port))
}

/// What TLS had against it, in words of ours alone: what a server says is untrusted text.
pub(super) fn refusal(error: &(dyn Error + 'static)) -> Option<Failure> {
    let mut cause = Some(error);
    let found = loop {
        let here = cause?;
        // An I/O error hides the error within from `source`.
        let within = here
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        let within = within.map(|within| -> &(dyn Error + 'static) { within });
        if let Some(found) = here.downcast_ref::<rustls::Error>() {
            break found;
        }
        cause = within.or_else(|| here.source());
    };
    let (kind, message) = match found {
        rustls::Error::InvalidCertificate(why) => (Kind::Integrity, of_server(why)),
        rustls::Error::AlertReceived(alert) => (Kind::Denied, of_client(*alert)),
        _ => (Kind::Unavailable, "the handshake of TLS failed"),
    };
    Some(Failure::new(kind, message))
}

fn of_server(why: &CertificateError) -> &'static str {
    match why {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the certificate of the server has expired"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "the certificate of the server is for another name"
        }
        CertificateError::UnknownIssuer => {
            "the certificate of the server is of no trusted authority: give its own with --ca"
        }
        _ => "the certificate of the server does not verify",
    }
}

fn of_client(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::UnknownCA => {
            "the server refuses the certificate: it is of no authority that the server trusts"
        }
        AlertDescription::CertificateExpired => {
            "the server refuses the certificate: it has expired or is not yet valid"
        }
        AlertDescription::BadCertificate
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::CertificateRequired
        | AlertDescription::DecryptError => "the server refuses the certificate",
        _ => "the server refuses the connection",
    }
}

fn roots(ca: Option<&Path>) -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::empty();
    match ca {
        None => {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
        }
        Some(path) => {
            for certificate in certificates(path)? {
                let added = roots.add(certificate);
                added.map_err(|_| no_pem(path, "certificates of authorities"))?;
            }
        }
    }
    if roots.is_empty() {
        let message = "this machine trusts no authority that could vouch for the server";
        return Err(Failure::new(Kind::Failed, message).hint("give one with --ca"));
    }
    Ok(roots)
}

fn no_pem(path: &Path, what: &str) -> Failure {
    Failure::new(
        Kind::Failed,
        format!("{} holds no PEM {what}", path.display()),
    )
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let pem = read(&mut open(path)?, path)?;
    match CertificateDer::pem_slice_iter(pem.expose()).collect::<Result<Vec<_>, _>>() {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(no_pem(path, "certificates")),
    }
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Failure> {
    let mut file = open(path)?;
    refuse_exposed(&file, &path.display().to_string())?;
    let pem = read(&mut file, path)?;
    PrivateKeyDer::from_pem_slice(pem.expose()).map_err(|_| no_pem(path, "private key"))
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::io(format!("cannot read {}", path.display()), error)
}

fn open(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|error| unreadable(path, &error))
}

/// All of a file, into one buffer that does not grow, which leaves no copies behind.
fn read(file: &mut File, path: &Path) -> Result<SecretBytes, Failure> {
    let failed = |error: io::Error| unreadable(path, &error);
    let length = file.metadata().map_err(failed)?.len();
    if length > MAX_PEM {
        let message = format!("{} is larger than it can be", path.display());
        return Err(Failure::new(Kind::Failed, message));
    }
    let length = usize::try_from(length).unwrap_or_default();
    SecretBytes::try_build(length, |buffer| file.read_exact(buffer)).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_a_host_over_tls() {
        let parsed = |url| parse(url).map(|(_, host, port)| (host, port));
        let is = |host: &str, port| Some((host.to_owned(), port));
        assert_eq!(parsed("https://kms.example"), is("kms.example", 443));
        assert_eq!(parsed("https://kms.example:4599/"), is("kms.example", 4599));
        assert_eq!(parsed("https://[::1]:1"), is("::1", 1));
        for url in [
            "",
            "kms.example",
            "http://kms.example",
            "https://",
            "https://kms.example/path",
            "https://kms.example/?q",
            "https://me@kms.example",
            "https://kms.example:99999",
        ] {
            assert_eq!(parsed(url), None, "{url}");
        }
    }
}
