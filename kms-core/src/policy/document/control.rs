//! Policies of an organization, which allow nothing of themselves: the most that may be done.

use super::json::{self, Json};
use super::kind::Kind;
use super::{MalformedPolicy, Statements, check_size, compile, parse};

/// The most bytes of a policy of an organization, white space counted.
const MAX_CONTROL: usize = 5_120;

/// A service control policy, compiled: the most that principals of an account may do.
#[derive(Debug)]
pub struct ServiceControlPolicy {
    statements: Statements,
}

impl ServiceControlPolicy {
    /// `FullAWSAccess`, which AWS attaches to every part of an organization at first.
    pub const FULL_AWS_ACCESS: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "*",
      "Resource": "*"
    }
  ]
}"#;

    /// Reads and compiles a service control policy.
    ///
    /// # Errors
    /// [`MalformedPolicy`] when the text is none, or exceeds 5,120 bytes.
    pub fn parse(text: &str) -> Result<Self, MalformedPolicy> {
        check_size(text.len(), MAX_CONTROL)?;
        let statements = parse(text, Kind::ServiceControl)?;
        Ok(Self { statements })
    }

    pub(in crate::policy) fn statements(&self) -> &Statements {
        &self.statements
    }
}

/// A resource control policy, compiled: what may not be done to resources of an account. That
/// everything else may is said by [`ResourceControlPolicy::FULL_AWS_ACCESS`], which is attached
/// everywhere and cannot be detached, so that the engine takes it for granted.
#[derive(Debug)]
pub struct ResourceControlPolicy {
    statements: Statements,
}

impl ResourceControlPolicy {
    /// `RCPFullAWSAccess`, the only one that may have an Allow.
    pub const FULL_AWS_ACCESS: &str = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Principal": "*",
      "Action": "*",
      "Resource": "*"
    }
  ]
}"#;

    /// Reads and compiles a resource control policy: one whose statements all deny, or one that
    /// says what [`ResourceControlPolicy::FULL_AWS_ACCESS`] says.
    ///
    /// # Errors
    /// [`MalformedPolicy`] when the text is none, or exceeds 5,120 bytes.
    pub fn parse(text: &str) -> Result<Self, MalformedPolicy> {
        check_size(text.len(), MAX_CONTROL)?;
        let document = json::parse(text)?;
        let statements = if is_full_access(&document) {
            Statements::default()
        } else {
            compile(&document, Kind::ResourceControl)?
        };
        Ok(Self { statements })
    }

    pub(in crate::policy) fn statements(&self) -> &Statements {
        &self.statements
    }
}

/// Whether the document is `RCPFullAWSAccess`, in whatever order and spacing.
fn is_full_access(document: &Json) -> bool {
    let Some(statement) = document.member("Statement").map(single) else {
        return false;
    };
    let says = |name, text| {
        statement
            .member(name)
            .map(single)
            .is_some_and(|json| is(json, text))
    };
    document
        .member("Version")
        .is_some_and(|json| is(json, "2012-10-17"))
        && has_only(document, &["Version", "Statement"])
        && has_only(
            statement,
            &["Sid", "Effect", "Principal", "Action", "Resource"],
        )
        && says("Effect", "Allow")
        && statement
            .member("Principal")
            .is_some_and(|json| is(json, "*"))
        && says("Action", "*")
        && says("Resource", "*")
        && statement
            .member("Sid")
            .is_none_or(|sid| matches!(sid, Json::Text(_)))
}

/// The only item of a list of one, else the value itself.
fn single(json: &Json) -> &Json {
    match json {
        Json::List(items) => match items.as_slice() {
            [only] => only,
            _ => json,
        },
        _ => json,
    }
}

fn is(json: &Json, text: &str) -> bool {
    matches!(json, Json::Text(found) if found == text)
}

fn has_only(json: &Json, names: &[&str]) -> bool {
    matches!(json, Json::Object(members) if members.iter().all(|(name, _)| names.contains(&&**name)))
}
