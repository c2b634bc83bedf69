//! The policy that says who may assume a role.

use super::kind::Kind;
use super::{Bindings, MalformedPolicy, PolicyPrincipal, Statements, check_dense_size, parse};

/// The most characters of a trust policy, white space not counted.
const MAX_TRUST: usize = 2_048;

/// The trust policy of a role, compiled: who may assume it.
#[derive(Debug)]
pub struct TrustPolicy {
    statements: Statements,
}

impl TrustPolicy {
    /// Reads and compiles a trust policy.
    ///
    /// # Errors
    /// [`MalformedPolicy`] when the text is no trust policy, or exceeds 131,072 bytes, or 2,048
    /// bytes without white space.
    pub fn parse(text: &str) -> Result<Self, MalformedPolicy> {
        check_dense_size(text, MAX_TRUST)?;
        let statements = parse(text, Kind::Trust)?;
        Ok(Self { statements })
    }

    /// As [`TrustPolicy::parse`], for a policy that was saved with `bindings`.
    ///
    /// # Errors
    /// As [`TrustPolicy::parse`].
    pub fn parse_bound(text: &str, bindings: &Bindings) -> Result<Self, MalformedPolicy> {
        let mut policy = Self::parse(text)?;
        policy.statements.bind(bindings);
        Ok(policy)
    }

    /// A policy that trusts nobody.
    pub(in crate::policy) fn of_nobody() -> Self {
        Self {
            statements: Statements::default(),
        }
    }

    /// Every principal that the policy names, so that the caller can check that it exists.
    pub fn principals(&self) -> impl Iterator<Item = PolicyPrincipal<'_>> {
        self.statements.principals()
    }

    pub(in crate::policy) fn statements(&self) -> &Statements {
        &self.statements
    }
}
