//! Callers of every kind, each with its reasons to be let in or to be refused.

use kms_tests::Signer;
use serde_json::json;

use super::ROOT;

/// What lets a caller in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grounds {
    /// It is the account root user.
    Root,
    /// An identity policy, to which the key policy leaves it.
    Identity,
    /// The key policy alone.
    KeyPolicy,
    /// A grant on the key alone.
    Grant,
    /// An identity policy, but on the key it is denied by the key policy.
    OffTheKey,
    /// Nothing.
    Nothing,
}

impl Grounds {
    pub(super) fn of(word: &str) -> Self {
        match word {
            "identity" => Self::Identity,
            "key" => Self::KeyPolicy,
            "grant" => Self::Grant,
            "off-the-key" => Self::OffTheKey,
            "nothing" => Self::Nothing,
            other => panic!("no grounds {other}"),
        }
    }
}

/// Somebody who calls.
pub(super) struct Caller {
    /// Of the table.
    pub(super) row: String,
    pub(super) arn: String,
    pub(super) signer: Signer,
    pub(super) grounds: Grounds,
}

/// All callers, and the names that the policy of a key and the grants on it have.
#[derive(Default)]
pub(super) struct Cast {
    pub(super) callers: Vec<Caller>,
    pub(super) allowed_by_key: Vec<String>,
    pub(super) denied_by_key: Vec<String>,
    pub(super) grantees: Vec<String>,
}

/// A caller a row. `own`: its identity policies, or those of the role or user behind it. `boundary`: a managed
/// policy. `more`: the policy of a member's group, what is attached to a user, or the policy of a session.
/// `behind` and `itself`: how a key names the role or user behind a session, and the caller; `allow` and `deny`
/// in its policy, `grant` in a grant. `by`: what lets the caller in.
pub(super) const CALLERS: &str = "
kind      own             boundary   more        behind  itself  by
user      allow           -          -           -       -       identity
user      -               -          -           -       -       nothing
user      -               -          -           -       allow   key
user      -               -          -           -       grant   grant
user      allow,deny      -          -           -       allow   nothing
user      allow           -          -           -       deny    off-the-key
user      deny            -          -           -       grant   nothing
user      allow           allow      -           -       -       identity
user      -               allow      -           -       -       nothing
user      allow           elsewhere  -           -       -       nothing
user      -               elsewhere  -           -       allow   key
user      -               elsewhere  -           -       grant   grant
user      allow           deny       -           -       allow   nothing
user      -               deny       -           -       grant   nothing
attached  -               -          allow       -       -       identity
attached  allow           -          deny        -       allow   nothing
member    -               -          allow       -       -       identity
member    allow           -          deny        -       allow   nothing
token     allow           -          -           -       -       identity
token     -               -          -           -       -       nothing
token     -               -          -           -       allow   key
token     -               -          -           -       grant   grant
token     allow,deny      -          -           -       allow   nothing
token     -               elsewhere  -           -       allow   key
user      mfa             -          -           -       -       nothing
token     mfa             -          -           -       -       nothing
code      mfa             -          -           -       -       identity
user      allow,guard     -          -           -       allow   nothing
token     allow,guard     -          -           -       allow   nothing
code      allow,guard     -          -           -       -       identity
code      -               -          -           -       allow   key
role      allow           -          -           -       -       identity
role      -               -          -           -       -       nothing
role      -               -          -           allow   -       key
role      -               -          -           -       allow   key
role      -               -          -           grant   -       grant
role      -               -          -           -       grant   grant
role      allow,deny      -          -           allow   allow   nothing
role      allow           -          -           deny    -       off-the-key
role      allow           -          -           -       deny    off-the-key
role      allow           allow      -           -       -       identity
role      allow           elsewhere  -           -       -       nothing
role      -               elsewhere  -           allow   -       nothing
role      -               elsewhere  -           -       allow   key
role      -               elsewhere  -           grant   -       nothing
role      -               elsewhere  -           -       grant   grant
role      allow           deny       -           allow   allow   nothing
role      allow           -          allow       -       -       identity
role      allow           -          elsewhere   -       -       nothing
role      -               -          allow       -       -       nothing
role      -               -          allow       allow   -       key
role      -               -          elsewhere   allow   -       nothing
role      -               -          elsewhere   -       allow   key
role      -               -          elsewhere   grant   -       nothing
role      -               -          elsewhere   -       grant   grant
role      allow           -          deny        allow   allow   nothing
federated federate,allow  -          allow       -       -       identity
federated federate,allow  -          -           -       -       nothing
federated federate,allow  -          elsewhere   -       -       nothing
federated federate        -          allow       -       -       nothing
federated federate        -          -           -       allow   key
federated federate        -          allow       allow   -       key
federated federate        -          -           allow   -       nothing
federated federate        -          -           -       grant   grant
federated federate        -          -           grant   -       nothing
federated federate,deny   -          allow       allow   allow   nothing
federated federate,allow  -          deny        allow   allow   nothing
federated federate,allow  -          allow       -       deny    off-the-key
web       allow           -          -           -       -       identity
web       -               -          -           -       -       nothing
web       -               -          -           allow   -       key
web       -               -          -           -       allow   key
web       -               -          -           grant   -       grant
web       allow,deny      -          -           allow   allow   nothing
web       allow           -          elsewhere   allow   -       nothing
web       allow           elsewhere  -           allow   -       nothing
";

/// The statement that a word of the table stands for.
fn statement(word: &str) -> &'static str {
    match word {
        "allow" => r#"{"Effect":"Allow","Action":"kms:*","Resource":"*"}"#,
        "deny" => r#"{"Effect":"Deny","Action":"kms:*","Resource":"*"}"#,
        "elsewhere" => r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#,
        "everything" => r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#,
        "federate" => r#"{"Effect":"Allow","Action":"sts:GetFederationToken","Resource":"*"}"#,
        "mfa" => {
            r#"{"Effect":"Allow","Action":"kms:*","Resource":"*",
                "Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"}}}"#
        }
        "guard" => {
            r#"{"Effect":"Deny","Action":"kms:*","Resource":"*",
                "Condition":{"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}}}"#
        }
        other => panic!("no statement {other}"),
    }
}

/// A policy of the words of a cell; none for `-`.
pub(super) fn own(words: &str) -> Option<String> {
    let statements: Vec<_> = words
        .split(',')
        .map(statement_or_none)
        .collect::<Option<_>>()?;
    Some(document(&statements))
}

fn statement_or_none(word: &str) -> Option<&'static str> {
    (word != "-").then(|| statement(word))
}

/// The same for what limits: beside its Deny it allows everything.
pub(super) fn limit(word: &str) -> Option<String> {
    match word {
        "deny" => own("everything,deny"),
        word => own(word),
    }
}

fn document(statements: &[&str]) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{}]}}"#,
        statements.join(",")
    )
}

impl Cast {
    /// The policy that every key has: it leaves the account's policies to decide, allows some
    /// callers by itself and denies others.
    pub(super) fn key_policy(&self) -> String {
        let statement = |effect: &str, names: &[String]| {
            json!({"Effect": effect, "Principal": {"AWS": names}, "Action": "kms:*",
                "Resource": "*"})
        };
        let account = statement("Allow", &[ROOT.to_owned()]);
        let allowed = statement("Allow", &self.allowed_by_key);
        let denied = statement("Deny", &self.denied_by_key);
        json!({"Version": "2012-10-17", "Statement": [account, allowed, denied]}).to_string()
    }
}
