//! A grant as it is stored, and one that is asked for.

use serde::{Deserialize, Serialize};

use super::constraint::Constraint;
use super::principal::GrantPrincipal;
use crate::api::GrantOperation;
use crate::ids::{AccountId, GrantId, KeyArn};
use crate::time::Timestamp;

/// A permission to use one key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// What it is known by.
    pub id: GrantId,
    /// The key that it is on.
    pub key: KeyArn,
    /// When it was made.
    pub created: Timestamp,
    /// The name that makes a repeated request find it again.
    pub name: Option<String>,
    /// Whom it allows something.
    pub grantee: GrantPrincipal,
    /// Who may retire it, besides those who always may.
    pub retiring: Option<GrantPrincipal>,
    /// The account of whoever made it.
    pub issuing_account: AccountId,
    /// What it allows; never empty, none of them twice.
    #[serde(with = "operation_names")]
    pub operations: Vec<GrantOperation>,
    /// What it asks of the encryption context.
    pub constraint: Option<Constraint>,
}

impl Grant {
    /// Whether it has the operation.
    #[must_use]
    pub fn has(&self, operation: GrantOperation) -> bool {
        self.operations.contains(&operation)
    }

    /// Whether the holder, who may create grants by it, can give `proposal`: nothing that it does
    /// not have itself, and under a constraint that is as strict.
    #[must_use]
    pub fn covers(&self, proposal: &Proposal<'_>) -> bool {
        let constraint = match (&self.constraint, proposal.constraint) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(child)) => own.covers(child),
        };
        constraint && proposal.operations.iter().all(|child| self.has(*child))
    }

    /// Whether a repeated request for `other` would have made this one: AWS then answers with this
    /// one instead of a second.
    #[must_use]
    pub fn is_repeated_by(&self, other: &Self) -> bool {
        let same_operations = self.operations.len() == other.operations.len()
            && self.operations.iter().all(|own| other.has(*own));
        self.name.is_some()
            && self.name == other.name
            && self.key == other.key
            && self.grantee == other.grantee
            && self.retiring == other.retiring
            && self.issuing_account == other.issuing_account
            && self.constraint == other.constraint
            && same_operations
    }
}

/// What somebody asks to give in a new grant.
#[derive(Clone, Copy, Debug)]
pub struct Proposal<'a> {
    /// What it shall allow.
    pub operations: &'a [GrantOperation],
    /// What it shall ask of the encryption context.
    pub constraint: Option<&'a Constraint>,
}

/// Operations by their names, in a record.
mod operation_names {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::api::GrantOperation;

    pub(super) fn serialize<S: Serializer>(
        operations: &[GrantOperation],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(operations)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Vec<GrantOperation>, D::Error> {
        let names = Vec::<String>::deserialize(from)?;
        names
            .iter()
            .map(|name| name.parse().map_err(D::Error::custom))
            .collect()
    }
}
