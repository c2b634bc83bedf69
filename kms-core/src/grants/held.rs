//! The grants that one principal holds on one key, arranged by what a use can match.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::constraint::Constraint;
use super::grant::{Grant, Proposal};
use crate::api::GrantOperation;
use crate::ciphertext::EncryptionContext;
use crate::ids::GrantId;

/// What a caller wants a grant to allow.
#[derive(Clone, Copy, Debug)]
pub enum GrantUse<'a> {
    /// A use of the key. Constraints are held against the encryption context; where the operation
    /// has none, a grant with a constraint does not allow it.
    Cryptographic(GrantOperation, Option<&'a EncryptionContext>),
    /// An operation that constraints do not apply to.
    Unconstrained(GrantOperation),
    /// To give a part of what the grant allows to somebody else.
    Create(Proposal<'a>),
}

impl GrantUse<'_> {
    /// Whether `grant` allows the use, to whoever holds it.
    #[must_use]
    pub fn is_allowed_by(&self, grant: &Grant) -> bool {
        match self {
            Self::Cryptographic(operation, context) => {
                let constraint = grant.constraint.as_ref();
                let fits = |constraint: &Constraint| {
                    context.is_some_and(|context| constraint.permits(context))
                };
                grant.has(*operation) && constraint.is_none_or(fits)
            }
            Self::Unconstrained(operation) => grant.has(*operation),
            Self::Create(proposal) => {
                grant.has(GrantOperation::CreateGrant) && grant.covers(proposal)
            }
        }
    }

    fn operation(&self) -> GrantOperation {
        match self {
            Self::Cryptographic(operation, _) | Self::Unconstrained(operation) => *operation,
            Self::Create(_) => GrantOperation::CreateGrant,
        }
    }
}

/// Grants by each operation that they have.
#[derive(Debug, Default)]
struct ByOperation(BTreeMap<GrantOperation, BTreeMap<GrantId, Arc<Grant>>>);

impl ByOperation {
    fn insert(&mut self, grant: &Arc<Grant>) {
        for operation in &grant.operations {
            let grants = self.0.entry(*operation).or_default();
            grants.insert(grant.id.clone(), Arc::clone(grant));
        }
    }

    fn remove(&mut self, grant: &Grant) {
        for operation in &grant.operations {
            if let Some(grants) = self.0.get_mut(operation) {
                grants.remove(&grant.id);
                if grants.is_empty() {
                    self.0.remove(operation);
                }
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn find(
        &self,
        operation: GrantOperation,
        accept: &dyn Fn(&Grant) -> bool,
    ) -> Option<&Arc<Grant>> {
        self.0.get(&operation)?.values().find(|grant| accept(grant))
    }
}

/// Grants with the same pairs in their constraint.
type ByPairs = HashMap<EncryptionContext, ByOperation>;

/// What one principal holds on one key.
///
/// A use looks only where a grant that allows it can be: among those without a constraint, among
/// those whose constraint equals its context, and, for each pair of its context, among those whose
/// constraint was filed under that pair.
#[derive(Debug, Default)]
pub(super) struct HeldGrants {
    every: ByOperation,
    free: ByOperation,
    equals: ByPairs,
    /// By key and value of one pair of the constraint.
    subset: HashMap<String, HashMap<String, ByPairs>>,
}

impl HeldGrants {
    pub(super) fn is_empty(&self) -> bool {
        self.every.is_empty()
    }

    pub(super) fn insert(&mut self, grant: &Arc<Grant>) {
        self.every.insert(grant);
        match &grant.constraint {
            Some(Constraint::EncryptionContextEquals(pairs)) => {
                self.equals.entry(pairs.clone()).or_default().insert(grant);
            }
            Some(Constraint::EncryptionContextSubset(pairs)) => match self.rarest(pairs) {
                Some((key, value)) => {
                    let filed = self.subset.entry(key).or_default();
                    let filed = filed.entry(value).or_default();
                    filed.entry(pairs.clone()).or_default().insert(grant);
                }
                None => self.free.insert(grant),
            },
            None => self.free.insert(grant),
        }
    }

    /// The pair under which a constraint is filed: the one under which it already is, else the one
    /// with the fewest others, so that a pair which all grants share does not gather them all.
    fn rarest(&self, pairs: &EncryptionContext) -> Option<(String, String)> {
        let crowd = |(key, value): &(&String, &String)| {
            let filed = self.filed(key, value);
            let here = filed.is_some_and(|filed| filed.contains_key(pairs));
            (!here, filed.map_or(0, HashMap::len))
        };
        let (key, value) = pairs.iter().min_by_key(crowd)?;
        Some((key.clone(), value.clone()))
    }

    fn filed(&self, key: &str, value: &str) -> Option<&ByPairs> {
        self.subset.get(key)?.get(value)
    }

    pub(super) fn remove(&mut self, grant: &Grant) {
        self.every.remove(grant);
        match &grant.constraint {
            Some(Constraint::EncryptionContextEquals(pairs)) => {
                remove_from(&mut self.equals, pairs, grant);
            }
            Some(Constraint::EncryptionContextSubset(pairs)) if !pairs.is_empty() => {
                self.remove_subset(pairs, grant);
            }
            Some(Constraint::EncryptionContextSubset(_)) | None => self.free.remove(grant),
        }
    }

    fn remove_subset(&mut self, pairs: &EncryptionContext, grant: &Grant) {
        for (key, value) in pairs.iter() {
            let Some(values) = self.subset.get_mut(key) else {
                continue;
            };
            if let Some(filed) = values.get_mut(value) {
                remove_from(filed, pairs, grant);
                if filed.is_empty() {
                    values.remove(value);
                }
            }
            if values.is_empty() {
                self.subset.remove(key);
            }
        }
    }

    /// A grant that allows the use and that `accept` takes.
    pub(super) fn find(
        &self,
        wanted: &GrantUse<'_>,
        accept: &dyn Fn(&Grant) -> bool,
    ) -> Option<&Arc<Grant>> {
        let operation = wanted.operation();
        let fits = |grant: &Grant| wanted.is_allowed_by(grant) && accept(grant);
        let (pairs, exact) = match wanted {
            GrantUse::Unconstrained(_) => return self.every.find(operation, &fits),
            GrantUse::Cryptographic(_, context) => (*context, true),
            GrantUse::Create(proposal) => (
                proposal.constraint.map(Constraint::context),
                matches!(
                    proposal.constraint,
                    Some(Constraint::EncryptionContextEquals(_))
                ),
            ),
        };
        let equal = || {
            let pairs = pairs.filter(|_| exact)?;
            self.equals.get(pairs)?.find(operation, &fits)
        };
        let included = || {
            let mut filed = pairs?.iter().filter_map(|(k, v)| self.filed(k, v));
            filed.find_map(|by_pairs| {
                let mut constraints = by_pairs.iter();
                constraints.find_map(|(_, grants)| grants.find(operation, &fits))
            })
        };
        self.free
            .find(operation, &fits)
            .or_else(equal)
            .or_else(included)
    }
}

fn remove_from(filed: &mut ByPairs, pairs: &EncryptionContext, grant: &Grant) {
    if let Some(grants) = filed.get_mut(pairs) {
        grants.remove(grant);
        if grants.is_empty() {
            filed.remove(pairs);
        }
    }
}
