//! Chains of X.509 certificates (RFC 5280) with keys on P-384, for attestation documents.
//!
//! `rustls-webpki` verifies the path: signatures, names, validity, `cA` and path lengths below the
//! root, name constraints, unknown critical extensions. What it leaves to others is here: key
//! usages, the root's own validity and path length, and that the path is the one that was sent.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED, ParsedPublicKey};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::aws_lc_rs::ECDSA_P384_SHA384;
use webpki::{
    EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter, anchor_from_trusted_cert,
};
use x509_cert::Certificate;
use x509_cert::der::Decode;
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};

use super::Failed;
use crate::time::Timestamp;

/// Length of an ECDSA signature on P-384 as COSE has it, in bytes: `r` and `s`, 48 each.
pub const P384_SIGNATURE_LENGTH: usize = 96;

/// A certificate that is trusted because its owner says so.
#[derive(Clone, Debug)]
struct Root {
    der: CertificateDer<'static>,
    anchor: TrustAnchor<'static>,
    not_before: Duration,
    not_after: Duration,
    /// How many certificates of authorities may stand below it.
    path_length: Option<u8>,
}

/// Why a file of roots cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RootFault {
    /// Not PEM, or no certificate in it.
    #[error("no PEM certificate")]
    NoCertificate,
    /// A certificate that cannot be the root of a chain.
    #[error("not the certificate of an authority that may sign certificates with a key on P-384")]
    NotAnAuthority,
}

/// The roots that chains may end at; none unless they are given.
#[derive(Clone, Debug, Default)]
pub struct TrustedRoots(Vec<Root>);

impl TrustedRoots {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds every certificate of a PEM file.
    ///
    /// # Errors
    /// [`RootFault`]; nothing is added then.
    pub fn add_pem(&mut self, pem: &[u8]) -> Result<(), RootFault> {
        let found: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .map_err(|_| RootFault::NoCertificate)?;
        if found.is_empty() {
            return Err(RootFault::NoCertificate);
        }
        let roots = found.into_iter().map(Root::new);
        let roots = roots.collect::<Result<Vec<_>, _>>();
        self.0.extend(roots.map_err(|_| RootFault::NotAnAuthority)?);
        Ok(())
    }
}

impl Root {
    fn new(der: CertificateDer<'static>) -> Result<Self, Failed> {
        let certificate = Certificate::from_der(&der).map_err(|_| Failed)?;
        let constraints = basic_constraints(&certificate)?.ok_or(Failed)?;
        if !constraints.ca || !key_usage(&certificate)?.key_cert_sign() {
            return Err(Failed);
        }
        let own = EndEntityCert::try_from(&der).map_err(|_| Failed)?;
        p384_key(own.subject_public_key_info().as_ref())?;
        let validity = certificate.tbs_certificate().validity();
        Ok(Self {
            anchor: anchor_from_trusted_cert(&der)
                .map_err(|_| Failed)?
                .to_owned(),
            not_before: validity.not_before.to_unix_duration(),
            not_after: validity.not_after.to_unix_duration(),
            path_length: constraints.path_len_constraint,
            der,
        })
    }
}

/// Why a chain is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// The first certificate of the bundle is none of the roots.
    #[error("its first certificate is not a root that this service trusts")]
    UnknownRoot,
    /// The time is before or after the validity of a certificate.
    #[error("a certificate has expired or is not yet valid")]
    NotValidNow,
    /// Anything else: an issuer or a signature that does not fit, a limit, a key usage, DER.
    #[error("a certificate does not verify")]
    Refused,
}

/// The public key of a certificate whose chain was verified.
pub struct CertifiedKey(ParsedPublicKey);

impl std::fmt::Debug for CertifiedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CertifiedKey(…)")
    }
}

impl CertifiedKey {
    /// Verifies an ECDSA signature with SHA-384, `r` and `s` one after the other (RFC 9053 §2.1).
    ///
    /// # Errors
    /// [`Failed`] when it is not one of this key over `message`.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Failed> {
        if signature.len() != P384_SIGNATURE_LENGTH {
            return Err(Failed);
        }
        self.0.verify_sig(message, signature).map_err(|_| Failed)
    }
}

/// Extended key usages say nothing of attestation: AWS's process does not look at them.
struct AnyExtendedKeyUsage;

impl ExtendedKeyUsageValidator for AnyExtendedKeyUsage {
    fn validate(&self, mut usages: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        usages.try_for_each(|usage| usage.map(drop))
    }
}

/// Verifies the chain from `certificate` through `bundle`, which begins with the root and ends with
/// the issuer of `certificate`, at the time `now`. Every certificate of it must be part of the path.
///
/// # Errors
/// [`ChainFault`].
pub fn verify_chain(
    roots: &TrustedRoots,
    bundle: &[&[u8]],
    certificate: &[u8],
    now: Timestamp,
) -> Result<CertifiedKey, ChainFault> {
    let (root, between) = bundle.split_first().ok_or(ChainFault::UnknownRoot)?;
    let root = roots.0.iter().find(|known| known.der.as_ref() == *root);
    let root = root.ok_or(ChainFault::UnknownRoot)?;
    let seconds = u64::try_from(now.seconds()).map_err(|_| ChainFault::NotValidNow)?;
    let now = Duration::from_secs(seconds);
    if now < root.not_before || now > root.not_after {
        return Err(ChainFault::NotValidNow);
    }
    if root
        .path_length
        .is_some_and(|most| between.len() > most.into())
    {
        return Err(ChainFault::Refused);
    }
    let leaf_der = CertificateDer::from(certificate);
    let leaf = EndEntityCert::try_from(&leaf_der).map_err(refused)?;
    let issuers: Vec<CertificateDer<'_>> = between
        .iter()
        .map(|der| CertificateDer::from(*der))
        .collect();
    differ_in_name(&root.der, &issuers)?;
    let path = leaf
        .verify_for_usage(
            &[ECDSA_P384_SHA384],
            std::slice::from_ref(&root.anchor),
            &issuers,
            UnixTime::since_unix_epoch(now),
            AnyExtendedKeyUsage,
            None,
            None,
        )
        .map_err(refused)?;
    let used = path.intermediate_certificates().map(webpki::Cert::der);
    if !used.eq(issuers.iter().rev().cloned()) {
        return Err(ChainFault::Refused);
    }
    issuers.iter().try_for_each(|issuer| may_certify(issuer))?;
    may_attest(certificate)?;
    p384_key(leaf.subject_public_key_info().as_ref())
        .map(CertifiedKey)
        .map_err(|_| ChainFault::Refused)
}

/// The root and the issuers have names of their own: then there is one path at most, and as many
/// signatures to verify as certificates, whoever made them. Among issuers of one name every order
/// of them would be tried.
fn differ_in_name(
    root: &CertificateDer<'_>,
    issuers: &[CertificateDer<'_>],
) -> Result<(), ChainFault> {
    let mut names = BTreeSet::new();
    for der in std::iter::once(root).chain(issuers) {
        let certificate = EndEntityCert::try_from(der).map_err(refused)?;
        if !names.insert(certificate.subject().to_vec()) {
            return Err(ChainFault::Refused);
        }
    }
    Ok(())
}

fn refused(error: webpki::Error) -> ChainFault {
    match error {
        webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. } => {
            ChainFault::NotValidNow
        }
        _ => ChainFault::Refused,
    }
}

/// An issuer has the key usage `keyCertSign`.
fn may_certify(der: &[u8]) -> Result<(), ChainFault> {
    let usage = Certificate::from_der(der)
        .map_err(|_| Failed)
        .and_then(|certificate| key_usage(&certificate));
    match usage {
        Ok(usage) if usage.key_cert_sign() => Ok(()),
        _ => Err(ChainFault::Refused),
    }
}

/// The last certificate has the key usage `digitalSignature`, and no path length.
fn may_attest(der: &[u8]) -> Result<(), ChainFault> {
    let fit = |certificate: &Certificate| {
        let end = match basic_constraints(certificate)? {
            Some(constraints) => !constraints.ca && constraints.path_len_constraint.is_none(),
            None => true,
        };
        Ok(end && key_usage(certificate)?.digital_signature())
    };
    let certificate = Certificate::from_der(der).map_err(|_| ChainFault::Refused)?;
    match fit(&certificate) {
        Ok(true) => Ok(()),
        Ok(false) | Err(Failed) => Err(ChainFault::Refused),
    }
}

fn key_usage(certificate: &Certificate) -> Result<KeyUsage, Failed> {
    match certificate.tbs_certificate().get_extension::<KeyUsage>() {
        Ok(Some((_, usage))) => Ok(usage),
        Ok(None) | Err(_) => Err(Failed),
    }
}

fn basic_constraints(certificate: &Certificate) -> Result<Option<BasicConstraints>, Failed> {
    let found = certificate
        .tbs_certificate()
        .get_extension::<BasicConstraints>();
    Ok(found
        .map_err(|_| Failed)?
        .map(|(_, constraints)| constraints))
}

fn p384_key(spki: &[u8]) -> Result<ParsedPublicKey, Failed> {
    ParsedPublicKey::new(&ECDSA_P384_SHA384_FIXED, spki).map_err(|_| Failed)
}
