//! Whom the operating system or a certificate vouches for.

use serde::Serialize;

use crate::crypto::client_certificate::ClientCertificate;
use crate::time::Timestamp;

/// The other end of a connection, which nobody signed for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum LocalPeer {
    /// The process at the other end of a Unix socket, as it was when it connected.
    Process {
        /// Its effective user id.
        uid: u32,
        /// Its effective group id.
        gid: u32,
        /// Its id, which another process may have by now.
        #[serde(skip_serializing_if = "Option::is_none")]
        pid: Option<i32>,
    },
    /// Whoever holds the key of a certificate that an authority of the configuration vouches for.
    Certificate(ClientCertificate),
}

impl LocalPeer {
    /// Until when what vouches for the peer does, in whole seconds; `None` without an end.
    #[must_use]
    pub fn vouched_until(&self) -> Option<Timestamp> {
        match self {
            Self::Process { .. } => None,
            Self::Certificate(certificate) => Some(certificate.not_after()),
        }
    }

    /// Whether what vouches for the peer still does at `now`.
    #[must_use]
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        match self {
            Self::Process { .. } => true,
            Self::Certificate(certificate) => certificate.is_valid_at(now),
        }
    }
}
