//! What a verified client certificate (RFC 5280) says of its holder.
//!
//! Its chain, and that the client holds the key, is for TLS to verify; here it is only read.

use std::time::Duration;

use rustls_pki_types::CertificateDer;
use serde::Serialize;
use webpki::EndEntityCert;
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage, SubjectAltName};

use super::Failed;
use super::digest::{hexadecimal, sha256};
use crate::time::Timestamp;

/// The largest certificate that is read, in bytes: all that is recorded of one fits into a record.
pub const MAX_CLIENT_CERTIFICATE: usize = 16 * 1024;

/// A client certificate, as the ledger tells of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ClientCertificate {
    /// The subject's distinguished name as text (RFC 4514). It identifies nobody.
    pub subject: String,
    /// The serial number in hexadecimal.
    pub serial_number: String,
    /// The URIs among the subject's alternative names.
    pub uri_san: Vec<String>,
    /// The DNS names among them, in lower case.
    pub dns_san: Vec<String>,
    /// SHA-256 of the public key with its algorithm (SubjectPublicKeyInfo in DER), in hexadecimal.
    pub spki_sha256: String,
    #[serde(skip)]
    not_before: Duration,
    #[serde(skip)]
    not_after: Duration,
}

impl ClientCertificate {
    /// Reads a certificate in DER.
    ///
    /// # Errors
    /// [`Failed`] for anything else, for one of more than [`MAX_CLIENT_CERTIFICATE`] bytes, and for
    /// alternative names that cannot be read.
    pub fn parse(der: &[u8]) -> Result<Self, Failed> {
        if der.len() > MAX_CLIENT_CERTIFICATE {
            return Err(Failed);
        }
        let parsed = Certificate::from_der(der).map_err(|_| Failed)?;
        let content = parsed.tbs_certificate();
        let names = content.get_extension::<SubjectAltName>();
        let names = names.map_err(|_| Failed)?.map(|(_, names)| names.0);
        let (mut uri_san, mut dns_san) = (Vec::new(), Vec::new());
        for name in names.unwrap_or_default() {
            match name {
                GeneralName::UniformResourceIdentifier(uri) => uri_san.push(uri.to_string()),
                GeneralName::DnsName(name) => dns_san.push(name.as_str().to_ascii_lowercase()),
                _ => {}
            }
        }
        let der = CertificateDer::from(der);
        let key = EndEntityCert::try_from(&der).map_err(|_| Failed)?;
        let key = key.subject_public_key_info();
        let validity = content.validity();
        Ok(Self {
            subject: content.subject().to_string(),
            serial_number: hexadecimal(content.serial_number().as_bytes()),
            uri_san,
            dns_san,
            spki_sha256: hexadecimal(&sha256(key.as_ref())),
            not_before: validity.not_before.to_unix_duration(),
            not_after: validity.not_after.to_unix_duration(),
        })
    }

    /// The last second of its validity.
    #[must_use]
    pub fn not_after(&self) -> Timestamp {
        let seconds = i64::try_from(self.not_after.as_secs());
        Timestamp::from_seconds(seconds.unwrap_or(i64::MAX / 1000))
    }

    /// Whether `now` lies within its validity.
    #[must_use]
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        is_within(now, self.not_before, self.not_after)
    }
}

fn is_within(now: Timestamp, first: Duration, last: Duration) -> bool {
    u64::try_from(now.seconds())
        .is_ok_and(|seconds| (first.as_secs()..=last.as_secs()).contains(&seconds))
}

/// Whether a certificate in DER is that of an authority, which may sign others, and valid at `now`
/// (RFC 5280, 4.2.1.3 and 4.2.1.9). Libraries of TLS take what they are told to trust as it is.
#[must_use]
pub fn is_authority_at(der: &[u8], now: Timestamp) -> bool {
    let Ok(parsed) = Certificate::from_der(der) else {
        return false;
    };
    let content = parsed.tbs_certificate();
    let constraints = content.get_extension::<BasicConstraints>();
    let usage = content.get_extension::<KeyUsage>();
    let validity = content.validity();
    matches!(constraints, Ok(Some((_, constraints))) if constraints.ca)
        && usage.is_ok_and(|usage| usage.is_none_or(|(_, usage)| usage.key_cert_sign()))
        && is_within(
            now,
            validity.not_before.to_unix_duration(),
            validity.not_after.to_unix_duration(),
        )
}
