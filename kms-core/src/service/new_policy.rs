//! What must hold before a key gets a new policy: `CreateKey`, `ReplicateKey` and `PutKeyPolicy`.

use std::sync::Arc;

use super::key_entry::KeyEntry;
use super::operation::{Authorization, On, Step, Target};
use super::principals::{bindings, exists};
use super::values::Specific;
use crate::Error;
use crate::api::limits::MAX_POLICY;
use crate::ids::AliasName;
use crate::keys::Key;
use crate::policy::KeyPolicy;

/// Checks the document as such.
pub(super) fn check_document(text: &str) -> Result<(), Error> {
    if text.len() > MAX_POLICY {
        return Err(Error::LimitExceeded(format!(
            "The key policy exceeds the limit of {MAX_POLICY} bytes."
        )));
    }
    KeyPolicy::parse(text)
        .map_err(|malformed| Error::MalformedPolicyDocument(malformed.to_string()))?;
    Ok(())
}

/// Checks what the policy of `key` would do: that it names only principals that exist and,
/// unless that is bypassed, that the caller could still change it. Keeps with the key whom the
/// policy means.
pub(super) fn check_effect(
    step: &Step<'_>,
    key: &mut Key,
    aliases: &[AliasName],
    bypass_lockout_check: bool,
) -> Result<(), Error> {
    let policy = KeyPolicy::parse(&key.policy).map_err(Error::internal)?;
    let meant = bindings(policy.principals(), step.state);
    let meant = meant.iter().map(|(arn, id)| (arn.to_owned(), id.clone()));
    key.policy_principals = meant.collect();
    let entry = KeyEntry::new(key.clone())?;
    policy
        .check_new()
        .map_err(|malformed| Error::MalformedPolicyDocument(malformed.to_string()))?;
    if policy
        .principals()
        .any(|principal| !exists(&principal, step.state))
    {
        return Err(Error::MalformedPolicyDocument(
            "Policy contains a statement with one or more invalid principals.".to_owned(),
        ));
    }
    if bypass_lockout_check {
        return Ok(());
    }
    let target = Target {
        key: Arc::new(entry),
        alias: None,
        aliases: aliases.to_vec(),
        by_ciphertext: false,
        grant: None,
    };
    let later = Authorization::new("kms:PutKeyPolicy", On::Key(&target)).with(Specific {
        region: Some(&key.arn.region),
        ..Specific::default()
    });
    match step
        .engine
        .authorize(&later, step.state, step.call, step.now)
    {
        Ok(_) => Ok(()),
        Err(Error::AccessDenied(_)) => Err(Error::MalformedPolicyDocument(
            "The new key policy will not allow you to update the key policy in the future."
                .to_owned(),
        )),
        Err(other) => Err(other),
    }
}
