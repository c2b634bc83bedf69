//! Which `aws-kms` data keys of a message may be decrypted, and by which key: strictly by the keys
//! that are named, or by whatever key is discovered in the message.

use super::keyring::EncryptedDataKey;
use crate::ids::{AccountId, KeyArn, KeyId, Region};

/// A key as the caller names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedKey {
    /// By its id, in whatever account and Region.
    Id(KeyId),
    /// By its ARN.
    Arn(KeyArn),
}

impl NamedKey {
    /// Whether this is the key `arn`, or one related to it: two multi-Region keys are related when
    /// their ARNs differ in nothing but the Region.
    fn is(&self, arn: &KeyArn) -> bool {
        match self {
            Self::Id(id) => *id == arn.key,
            Self::Arn(named) if matches!(arn.key, KeyId::MultiRegion(_)) => {
                (named.key, &named.account) == (arn.key, &arn.account)
            }
            Self::Arn(named) => named == arn,
        }
    }

    /// The Region that it is named in.
    fn region(&self) -> Option<&Region> {
        match self {
            Self::Id(_) => None,
            Self::Arn(arn) => Some(&arn.region),
        }
    }
}

/// Which keys are taken that only the message names; an empty list takes all.
///
/// The partition is always `aws`: no other ARN is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiscoveryFilter {
    /// The accounts whose keys are taken.
    pub accounts: Vec<AccountId>,
    /// The Regions in which keys are used.
    pub regions: Vec<Region>,
}

impl DiscoveryFilter {
    fn takes(&self, arn: &KeyArn) -> bool {
        (self.accounts.is_empty() || self.accounts.contains(&arn.account))
            && (self.regions.is_empty() || self.regions.contains(&arn.region))
    }
}

/// The keys by which data keys of the provider `aws-kms` may be decrypted.
///
/// The ARN in a message is not authenticated before the data key is decrypted: without names and
/// without a filter, whoever wrote the message chooses the key that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AwsKmsKeys {
    /// These and no others.
    Strict(Vec<NamedKey>),
    /// Those that the message names, as far as the filter takes them.
    Discovery(DiscoveryFilter),
}

impl AwsKmsKeys {
    /// The key to ask for `encrypted`; `None` when it is of another provider, names no key ARN, or
    /// its key is not one of these.
    ///
    /// A multi-Region key is asked in `region` where that is given, else where it is named.
    #[must_use]
    pub fn key_for(&self, encrypted: &EncryptedDataKey, region: Option<&Region>) -> Option<KeyArn> {
        let mut arn: KeyArn = encrypted.aws_kms_key_arn()?.parse().ok()?;
        let named = match self {
            Self::Strict(keys) => keys.iter().find(|key| key.is(&arn))?.region(),
            Self::Discovery(_) => None,
        };
        if let (KeyId::MultiRegion(_), Some(region)) = (arn.key, region.or(named)) {
            arn.region = region.clone();
        }
        match self {
            Self::Discovery(filter) if !filter.takes(&arn) => None,
            _ => Some(arn),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SINGLE: &str =
        "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    const MULTI: &str =
        "arn:aws:kms:us-east-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab";

    fn arn(text: &str) -> KeyArn {
        text.parse().unwrap()
    }

    fn elsewhere(text: &str) -> String {
        text.replace("us-east-1", "eu-west-1")
    }

    fn key_for(keys: &AwsKmsKeys, named: &str, region: Option<&str>) -> Option<String> {
        let encrypted = EncryptedDataKey::aws_kms(named, vec![1]);
        let region = region.map(|region| region.parse().unwrap());
        keys.key_for(&encrypted, region.as_ref())
            .map(|arn| arn.to_string())
    }

    #[test]
    fn strictly_only_the_keys_that_are_named_are_asked() {
        let by_arn = AwsKmsKeys::Strict(vec![NamedKey::Arn(arn(SINGLE))]);
        assert_eq!(key_for(&by_arn, SINGLE, None).as_deref(), Some(SINGLE));
        let by_id = AwsKmsKeys::Strict(vec![NamedKey::Id(arn(SINGLE).key)]);
        assert_eq!(key_for(&by_id, SINGLE, None).as_deref(), Some(SINGLE));
        for other in [
            MULTI.to_owned(),
            elsewhere(SINGLE),
            SINGLE.replace("1111", "4444"),
            SINGLE.replace("90ab", "90ac"),
        ] {
            assert_eq!(key_for(&by_arn, &other, None), None, "{other}");
        }
        assert_eq!(key_for(&AwsKmsKeys::Strict(vec![]), SINGLE, None), None);
    }

    #[test]
    fn a_single_region_key_is_never_moved_to_another_region() {
        let keys = AwsKmsKeys::Discovery(DiscoveryFilter::default());
        let asked = key_for(&keys, SINGLE, Some("eu-west-1"));
        assert_eq!(asked.as_deref(), Some(SINGLE));
    }

    #[test]
    fn a_multi_region_key_is_asked_where_it_is_worked_or_where_it_is_named() {
        let strict = AwsKmsKeys::Strict(vec![NamedKey::Arn(arn(&elsewhere(MULTI)))]);
        assert_eq!(key_for(&strict, MULTI, None), Some(elsewhere(MULTI)));
        let asked = key_for(&strict, MULTI, Some("us-east-1"));
        assert_eq!(asked.as_deref(), Some(MULTI));
        let discovery = AwsKmsKeys::Discovery(DiscoveryFilter::default());
        assert_eq!(key_for(&discovery, MULTI, None).as_deref(), Some(MULTI));
        let asked = key_for(&discovery, MULTI, Some("eu-west-1"));
        assert_eq!(asked, Some(elsewhere(MULTI)));
        let other_account = MULTI.replace("1111", "4444");
        assert_eq!(key_for(&strict, &other_account, None), None);
    }

    #[test]
    fn discovery_takes_the_accounts_and_regions_of_its_filter() {
        let filter = |accounts: &[&str], regions: &[&str]| {
            AwsKmsKeys::Discovery(DiscoveryFilter {
                accounts: accounts.iter().map(|id| id.parse().unwrap()).collect(),
                regions: regions.iter().map(|name| name.parse().unwrap()).collect(),
            })
        };
        let taken = |keys: AwsKmsKeys, named: &str| key_for(&keys, named, None).is_some();
        assert!(taken(filter(&["111122223333"], &[]), SINGLE));
        assert!(taken(
            filter(&["444455556666", "111122223333"], &["us-east-1"]),
            SINGLE
        ));
        assert!(!taken(filter(&["444455556666"], &[]), SINGLE));
        assert!(!taken(filter(&[], &["eu-west-1"]), SINGLE));
        // What counts is the Region in which a multi-Region key is asked.
        let here = filter(&[], &["eu-west-1"]);
        let asked = key_for(&here, MULTI, Some("eu-west-1"));
        assert_eq!(asked, Some(elsewhere(MULTI)));
    }

    #[test]
    fn other_providers_and_what_is_no_key_arn_are_passed_over() {
        let keys = AwsKmsKeys::Discovery(DiscoveryFilter::default());
        for named in [
            "",
            "1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:kms:us-east-1:111122223333:alias/name",
            "arn:aws-cn:kms:cn-north-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            "arn:aws:s3:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        ] {
            assert_eq!(key_for(&keys, named, None), None, "{named}");
        }
        let raw = EncryptedDataKey {
            provider_id: "raw".to_owned(),
            provider_info: SINGLE.as_bytes().to_vec(),
            ciphertext: vec![1],
        };
        assert_eq!(keys.key_for(&raw, None), None);
    }
}
