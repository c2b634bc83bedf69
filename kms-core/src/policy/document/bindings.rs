//! Which users and roles a document meant when it was saved.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::UniqueId;

/// The unique ids of the users and roles that a document names, by their ARNs; for a session of a
/// role the id of the role. It is kept beside the document, whose text stays as it was given.
///
/// A bound name is compared by its id alone: somebody who is made later under the same name is
/// somebody else. A name without a binding is compared by its ARN.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bindings(BTreeMap<String, UniqueId>);

impl Bindings {
    /// The id that the ARN is bound to.
    #[must_use]
    pub fn get(&self, arn: &str) -> Option<&UniqueId> {
        self.0.get(arn)
    }

    /// Every ARN with its id, in the order of the ARNs.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &UniqueId)> {
        self.0.iter().map(|(arn, id)| (arn.as_str(), id))
    }

    /// Whether nothing is bound.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(String, UniqueId)> for Bindings {
    fn from_iter<I: IntoIterator<Item = (String, UniqueId)>>(bindings: I) -> Self {
        Self(bindings.into_iter().collect())
    }
}
