//! Policies that say what whoever they are attached to may do.

use super::kind::Kind;
use super::{MalformedPolicy, Statements, check_dense_size, check_size, parse};

/// The most characters that the inline policies of any identity can have, white space not counted.
const MAX_INLINE: usize = 10_240;

/// The same of a managed policy.
const MAX_MANAGED: usize = 6_144;

/// The most characters of a session policy, white space counted.
const MAX_SESSION: usize = 2_048;

/// A policy that is attached to a user, a role, a group or a session, or is a permissions
/// boundary, compiled: what may be done with which resources.
#[derive(Debug)]
pub struct IdentityPolicy {
    statements: Statements,
}

impl IdentityPolicy {
    /// Reads and compiles an inline policy.
    ///
    /// # Errors
    /// [`MalformedPolicy`] when the text is no identity policy, or exceeds 131,072 bytes, or
    /// 10,240 bytes without white space. The sum over an identity's policies is not checked here.
    pub fn parse(text: &str) -> Result<Self, MalformedPolicy> {
        check_dense_size(text, MAX_INLINE)?;
        Self::compile(text)
    }

    /// Reads and compiles a managed policy, which a permissions boundary is too.
    ///
    /// # Errors
    /// As [`IdentityPolicy::parse`], with 6,144 bytes without white space.
    pub fn parse_managed(text: &str) -> Result<Self, MalformedPolicy> {
        check_dense_size(text, MAX_MANAGED)?;
        Self::compile(text)
    }

    /// Reads and compiles the policy that a request for a session comes with.
    ///
    /// # Errors
    /// As [`IdentityPolicy::parse`], with 2,048 characters, white space included.
    pub fn parse_session(text: &str) -> Result<Self, MalformedPolicy> {
        check_size(text.chars().count(), MAX_SESSION)?;
        Self::compile(text)
    }

    fn compile(text: &str) -> Result<Self, MalformedPolicy> {
        let statements = parse(text, Kind::Identity)?;
        Ok(Self { statements })
    }

    pub(in crate::policy) fn statements(&self) -> &Statements {
        &self.statements
    }
}
