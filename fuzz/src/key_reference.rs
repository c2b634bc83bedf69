//! Names in requests: key ids, ARNs, aliases, Regions, accounts, users, grants and their
//! principals.

use kms_core::grants::PrincipalName;
use kms_core::ids::{AccountId, AliasName, GrantId, KeyArn, KeyId, KeyRef, Region, UserName};

/// What is accepted has one spelling.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let written = match text.parse::<KeyRef>() {
        Ok(KeyRef::Id(id)) => Some(id.to_string()),
        Ok(KeyRef::Arn(arn)) => Some(arn.to_string()),
        Ok(KeyRef::Alias(alias)) => Some(alias.to_string()),
        Ok(KeyRef::AliasArn(arn)) => Some(arn.to_string()),
        Err(_) => None,
    };
    assert!(written.is_none_or(|written| written == text));
    same(text, text.parse::<KeyId>());
    same(text, text.parse::<KeyArn>());
    same(text, text.parse::<AliasName>());
    same(text, text.parse::<AccountId>());
    same(text, text.parse::<Region>());
    same(text, text.parse::<UserName>());
    same(text, text.parse::<GrantId>());
    same(text, text.parse::<PrincipalName>());
}

fn same<T: ToString, E>(text: &str, parsed: Result<T, E>) {
    assert!(parsed.map_or(true, |name| name.to_string() == text));
}
