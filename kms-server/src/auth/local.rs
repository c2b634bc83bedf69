//! Who a peer is that nobody signs for, by the mappings of the configuration,
//! `docs/spec/local-callers.md`.

use std::collections::BTreeMap;

use kms_core::caller::LocalPeer;
use kms_core::crypto::client_certificate::ClientCertificate;
use kms_core::ids::{EntityReference, SessionName};

use crate::config::{CertificateMapping, Certificates, LocalCallers};
use crate::listen::Peer;

/// The user or role that a peer is, and what a session of the role is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mapped {
    pub(crate) principal: EntityReference,
    pub(crate) session: Option<SessionName>,
}

/// Why a peer is nobody here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unmapped {
    /// No mapping is for it.
    #[error("The peer of the connection is not mapped to a principal")]
    Unknown,
    /// Its certificate has names of several mappings.
    #[error("The client certificate has the names of more than one mapping")]
    Ambiguous,
}

impl LocalCallers {
    /// Whether credentials are given out at all on the connection of `peer`.
    pub(crate) fn serves(&self, peer: &Peer) -> bool {
        match (peer.ip, peer.secure) {
            (None, _) => !self.uids.is_empty() || !self.gids.is_empty(),
            (Some(_), true) => !self.certificates.is_empty(),
            (Some(_), false) => false,
        }
    }

    /// Who the peer is.
    pub(crate) fn find(&self, peer: &LocalPeer) -> Result<Mapped, Unmapped> {
        match peer {
            LocalPeer::Process { uid, gid, .. } => {
                let principal = self.uids.get(uid).or_else(|| self.gids.get(gid));
                Ok(Mapped {
                    principal: principal.ok_or(Unmapped::Unknown)?.clone(),
                    session: format!("uid-{uid}").parse().ok(),
                })
            }
            LocalPeer::Certificate(certificate) => self.certificates.find(certificate),
        }
    }
}

impl Certificates {
    fn find(&self, certificate: &ClientCertificate) -> Result<Mapped, Unmapped> {
        let key = std::slice::from_ref(&certificate.spki_sha256);
        let found = match one(&self.uris, &certificate.uri_san)? {
            Some(found) => Some(found),
            None => match one(&self.dns_names, &certificate.dns_san)? {
                Some(found) => Some(found),
                None => one(&self.public_keys, key)?,
            },
        };
        let CertificateMapping { principal, session } = found.ok_or(Unmapped::Unknown)?.clone();
        Ok(Mapped { principal, session })
    }
}

/// The one mapping that has one of `names`, if any has.
fn one<'a>(
    mappings: &'a BTreeMap<String, CertificateMapping>,
    names: &[String],
) -> Result<Option<&'a CertificateMapping>, Unmapped> {
    let mut found = names.iter().filter_map(|name| mappings.get_key_value(name));
    let Some((first, mapping)) = found.next() else {
        return Ok(None);
    };
    if found.any(|(name, _)| name != first) {
        return Err(Unmapped::Ambiguous);
    }
    Ok(Some(mapping))
}
