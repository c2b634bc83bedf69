//! Names of IAM: entities, their paths, unique ids and ARNs, access keys, sessions.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::SmolStr;

use super::{AccountId, InvalidName, PARTITION, invalid};

text_name! {
    /// An IAM user's name: 1–64 characters of `[\w+=,.@-]`.
    UserName, "user name", |text| text.len() <= 64 && has_form_of_iam_name(text)
}

text_name! {
    /// An IAM role's name: 1–64 characters of `[\w+=,.@-]`.
    RoleName, "role name", |text| text.len() <= 64 && has_form_of_iam_name(text)
}

text_name! {
    /// The name of an IAM group: 1–128 characters of `[\w+=,.@-]`.
    GroupName, "group name", |text| text.len() <= 128 && has_form_of_iam_name(text)
}

text_name! {
    /// The name of a policy, managed or inline: 1–128 characters of `[\w+=,.@-]`.
    PolicyName, "policy name", |text| text.len() <= 128 && has_form_of_iam_name(text)
}

text_name! {
    /// A managed policy: `arn:aws:iam::ACCOUNT:policy/NAME`, with the policy's path before the name;
    /// those that AWS manages have the account `aws`.
    PolicyArn, "policy ARN", |text| policy_arn_parts(text).is_some()
}

impl PolicyArn {
    /// The policy of that name, wherever its path puts it.
    #[must_use]
    pub fn new(account: &AccountId, path: &EntityPath, name: &PolicyName) -> Self {
        Self(SmolStr::new(format!(
            "arn:{PARTITION}:iam::{account}:policy{path}{name}"
        )))
    }

    /// Whose policy it is; `None` for one of those that AWS manages.
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        policy_arn_parts(&self.0)?.0.parse().ok()
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        policy_arn_parts(&self.0).map_or("", |(_, name)| name)
    }
}

/// The account and the name.
fn policy_arn_parts(text: &str) -> Option<(&str, &str)> {
    let (account, resource) = text
        .strip_prefix("arn:")?
        .strip_prefix(PARTITION)?
        .strip_prefix(":iam::")?
        .split_once(':')?;
    let is_account = account == "aws" || account.parse::<AccountId>().is_ok();
    let path = resource.strip_prefix("policy")?;
    let (before, name) = path.split_at_checked(path.rfind('/')?.saturating_add(1))?;
    let well_formed = before.parse::<EntityPath>().is_ok() && name.parse::<PolicyName>().is_ok();
    (is_account && well_formed).then_some((account, name))
}

text_name! {
    /// The name of a session of a role or of a federated user: 2–64 characters of `[\w+=,.@-]`.
    SessionName, "session name", |text| {
        (2..=64).contains(&text.len()) && has_form_of_iam_name(text)
    }
}

text_name! {
    /// The name of a virtual MFA device: 1–226 characters of `[\w+=,.@-]`.
    MfaDeviceName, "MFA device name", |text| text.len() <= 226 && has_form_of_iam_name(text)
}

text_name! {
    /// The path of an IAM entity: `/`, or `/` and 1–510 visible ASCII characters and `/`.
    EntityPath, "path", |text| {
        text == "/"
            || (3..=512).contains(&text.len())
                && text.starts_with('/')
                && text.ends_with('/')
                && text.bytes().all(|b| b.is_ascii_graphic())
    }
}

impl Default for EntityPath {
    fn default() -> Self {
        Self(SmolStr::new_static("/"))
    }
}

text_name! {
    /// What the path of an IAM entity begins with: `/` and at most 511 visible ASCII characters.
    PathPrefix, "path prefix", |text| {
        text.len() <= 512 && text.starts_with('/') && text.bytes().all(|b| b.is_ascii_graphic())
    }
}

text_name! {
    /// An access key id: `AKIA`, or `ASIA` for temporary credentials, and 16 characters of base 32.
    AccessKeyId, "access key id", |text| {
        let number = text.strip_prefix("AKIA").or_else(|| text.strip_prefix("ASIA"));
        number.is_some_and(|number| number.len() == 16 && is_base_32(number))
    }
}

impl AccessKeyId {
    /// Whether it belongs to temporary credentials, which come with a session token.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.as_str().starts_with("ASIA")
    }
}

text_name! {
    /// A unique id of an IAM entity that is never used again: `AIDA` (user), `AROA` (role), `AGPA`
    /// (group) or `ANPA` (managed policy) and 17 characters of base 32.
    UniqueId, "unique id", |text| {
        let kinds = ["AIDA", "AROA", "AGPA", "ANPA"];
        let number = kinds.iter().find_map(|kind| text.strip_prefix(kind));
        number.is_some_and(|number| number.len() == 17 && is_base_32(number))
    }
}

fn has_form_of_iam_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@-".contains(&b);
    !text.is_empty() && text.bytes().all(allowed)
}

fn is_base_32(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_uppercase() || (b'2'..=b'7').contains(&b))
}

/// `arn:aws:iam::ACCOUNT:root`, which names the account and everybody it delegates to.
#[must_use]
pub fn account_root_arn(account: &AccountId) -> String {
    format!("arn:{PARTITION}:iam::{account}:root")
}

/// `arn:aws:iam::ACCOUNT:user/NAME`, with the user's path before the name.
#[must_use]
pub fn user_arn(account: &AccountId, path: &EntityPath, user: &UserName) -> String {
    format!("arn:{PARTITION}:iam::{account}:user{path}{user}")
}

/// `arn:aws:iam::ACCOUNT:group/NAME`, with the group's path before the name.
#[must_use]
pub fn group_arn(account: &AccountId, path: &EntityPath, group: &GroupName) -> String {
    format!("arn:{PARTITION}:iam::{account}:group{path}{group}")
}

/// `arn:aws:iam::ACCOUNT:role/NAME`, with the role's path before the name.
#[must_use]
pub fn role_arn(account: &AccountId, path: &EntityPath, role: &RoleName) -> String {
    format!("arn:{PARTITION}:iam::{account}:role{path}{role}")
}

/// `arn:aws:iam::ACCOUNT:mfa/NAME`, with the device's path before the name.
#[must_use]
pub fn mfa_arn(account: &AccountId, path: &EntityPath, device: &MfaDeviceName) -> String {
    format!("arn:{PARTITION}:iam::{account}:mfa{path}{device}")
}

/// `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`: the role's path is not in it.
#[must_use]
pub fn assumed_role_arn(account: &AccountId, role: &RoleName, session: &SessionName) -> String {
    format!("arn:{PARTITION}:sts::{account}:assumed-role/{role}/{session}")
}

/// `arn:aws:sts::ACCOUNT:federated-user/NAME`.
#[must_use]
pub fn federated_user_arn(account: &AccountId, name: &SessionName) -> String {
    format!("arn:{PARTITION}:sts::{account}:federated-user/{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_arn_tells_its_account_and_name() {
        let arn: PolicyArn = "arn:aws:iam::111122223333:policy/a/b/p".parse().unwrap();
        assert_eq!(
            (arn.account().unwrap().as_str(), arn.name()),
            ("111122223333", "p")
        );
        let made = PolicyArn::new(
            &"111122223333".parse().unwrap(),
            &"/a/b/".parse().unwrap(),
            &"p".parse().unwrap(),
        );
        assert_eq!(made, arn);
        let of_aws: PolicyArn = "arn:aws:iam::aws:policy/ReadOnlyAccess".parse().unwrap();
        assert_eq!((of_aws.account(), of_aws.name()), (None, "ReadOnlyAccess"));
        for text in [
            "",
            "p",
            "arn:aws:iam::111122223333:policy/",
            "arn:aws:iam::111122223333:policyp",
            "arn:aws:iam::111122223333:policy//",
            "arn:aws:iam::1:policy/p",
            "arn:aws:iam::111122223333:role/p",
            "arn:aws-cn:iam::111122223333:policy/p",
            "arn:aws:iam::111122223333:policy/a b",
        ] {
            assert!(text.parse::<PolicyArn>().is_err(), "{text}");
        }
    }
}
