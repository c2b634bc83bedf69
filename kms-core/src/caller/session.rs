//! What temporary credentials say of the session that they are for.

use std::collections::BTreeMap;

use crate::ids::{AccessKeyId, SessionName};
use crate::time::Timestamp;

/// A tag of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionTag {
    /// Its value.
    pub value: String,
    /// Whether the sessions that this one makes have it too, and cannot change it.
    pub transitive: bool,
}

/// What an identity provider said of whoever a session is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebIdentity {
    /// The provider: its issuer without `https://`.
    pub provider: String,
    /// Its claims by name, each with at least one value: `sub`, `aud`, `amr` and others.
    pub claims: BTreeMap<String, Vec<String>>,
}

/// The session of a caller with temporary credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// When the credentials were made, in whole seconds.
    pub issued: Timestamp,
    /// From when on they are refused, in whole seconds.
    pub expires: Timestamp,
    /// When whoever asked for the credentials proved to have an MFA device; in whole seconds.
    pub mfa: Option<Timestamp>,
    /// The access key that the credentials were asked for with; none where the request was unsigned.
    pub issuer: Option<AccessKeyId>,
    /// Who is behind the session, as it was said when the first role was assumed.
    pub source_identity: Option<SessionName>,
    /// The policy that the request for the credentials held: the session may do no more.
    pub policy: Option<String>,
    /// The managed policies that the request named, to the same end.
    pub policy_arns: Vec<String>,
    /// Tags of the session by key. No two keys differ by case alone.
    pub tags: BTreeMap<String, SessionTag>,
    /// Who the session is for, where an identity provider said so.
    pub web_identity: Option<WebIdentity>,
}

impl Session {
    /// A session of that time, and nothing else.
    #[must_use]
    pub fn new(issued: Timestamp, expires: Timestamp) -> Self {
        Self {
            issued,
            expires,
            mfa: None,
            issuer: None,
            source_identity: None,
            policy: None,
            policy_arns: Vec::new(),
            tags: BTreeMap::new(),
            web_identity: None,
        }
    }

    /// The tag of that key, whose case does not matter.
    #[must_use]
    pub fn tag(&self, key: &str) -> Option<&str> {
        self.tags
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(key))
            .map(|(_, tag)| tag.value.as_str())
    }

    /// Whether policies of the session limit what it may do.
    #[must_use]
    pub fn is_limited(&self) -> bool {
        self.policy.is_some() || !self.policy_arns.is_empty()
    }

    /// How many bytes its policies and tags take, which the service bounds.
    #[must_use]
    pub fn packed_size(&self) -> usize {
        let tags = self.tags.iter();
        let tags = tags.map(|(key, tag)| key.len().saturating_add(tag.value.len()));
        let arns = self.policy_arns.iter().map(String::len);
        let inline = self.policy.as_ref().map_or(0, String::len);
        tags.chain(arns).fold(inline, usize::saturating_add)
    }
}
