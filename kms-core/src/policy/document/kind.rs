//! The types of documents, and what each asks of its statements.

/// The type of a policy document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Of a key.
    Key,
    /// Of a user, a role or a group, a permissions boundary, or of one session.
    Identity,
    /// Of a role: who may assume it.
    Trust,
    /// Of an organization: the most that principals of accounts may do.
    ServiceControl,
    /// Of an organization: the most that may be done to resources of accounts.
    ResourceControl,
}

impl Kind {
    /// Whether the document may have an `Id`.
    pub(super) fn may_have_id(self) -> bool {
        matches!(self, Self::Key | Self::Trust)
    }

    /// Whether each `Sid` is of letters and digits, and no two are the same.
    pub(super) fn has_unique_sids(self) -> bool {
        self != Self::Key
    }
}
