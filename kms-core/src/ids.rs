//! Names, parsed once at the edge: accounts, Regions, keys, aliases, ARNs, users, access keys.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use smol_str::SmolStr;

/// The partition of every ARN made here.
pub const PARTITION: &str = "aws";

/// A name that does not have the form its type asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {kind}")]
pub struct InvalidName {
    kind: &'static str,
}

const fn invalid(kind: &'static str) -> InvalidName {
    InvalidName { kind }
}

macro_rules! serialise_as_text {
    ($type:ty) => {
        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

macro_rules! text_name {
    ($(#[$doc:meta])* $type:ident, $kind:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(SmolStr);

        impl $type {
            /// The name as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl FromStr for $type {
            type Err = InvalidName;
            fn from_str(text: &str) -> Result<Self, InvalidName> {
                let check: fn(&str) -> bool = $check;
                if check(text) { Ok(Self(SmolStr::new(text))) } else { Err(invalid($kind)) }
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        serialise_as_text!($type);
    };
}

mod entity;
mod iam;
mod organizations;

pub use entity::*;
pub use iam::*;
pub use organizations::*;

text_name! {
    /// An AWS account: 12 decimal digits.
    AccountId, "account id", |text| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

text_name! {
    /// A Region such as `us-east-1`: AWS's pattern `^([a-z]+-){2,3}\d+$`, 1–32 characters.
    Region, "Region", |text| text.len() <= 32 && has_form_of_region(text)
}

text_name! {
    /// An alias with its prefix: `alias/NAME`, at most 256 characters of `[a-zA-Z0-9:/_-]`.
    AliasName, "alias name", |text| {
        text.len() <= 256
            && text.strip_prefix("alias/").is_some_and(|name| {
                !name.is_empty()
                    && name.bytes().all(|b| b.is_ascii_alphanumeric() || b":/_-".contains(&b))
            })
    }
}

impl AliasName {
    /// Whether text names an alias of AWS, which nobody may make, point elsewhere or remove.
    #[must_use]
    pub fn is_reserved(text: &str) -> bool {
        text == "alias/aws" || text.starts_with("alias/aws/")
    }
}

text_name! {
    /// A custom key store: `cks-` and 17 lower-case hexadecimal digits.
    CustomKeyStoreId, "custom key store id", |text| {
        text.strip_prefix("cks-").is_some_and(|digits| {
            digits.len() == 17 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        })
    }
}

text_name! {
    /// A key in an external key manager: 1–128 characters of `[a-zA-Z0-9-_.]`.
    XksKeyId, "external key id", |text| {
        (1..=128).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    }
}

text_name! {
    /// The identity of one key material of a key: 64 lower-case hexadecimal characters.
    KeyMaterialId, "key material id", |text| {
        text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    }
}

text_name! {
    /// A grant: 64 lower-case hexadecimal characters.
    GrantId, "grant id", |text| {
        text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    }
}

/// Whether text of any length has the form of a Region.
pub(crate) fn has_form_of_region(text: &str) -> bool {
    let Some((words, number)) = text.rsplit_once('-') else {
        return false;
    };
    let is_word = |word: &[u8]| !word.is_empty() && word.iter().all(u8::is_ascii_lowercase);
    let count = words
        .bytes()
        .filter(|byte| *byte == b'-')
        .count()
        .saturating_add(1);
    (2..=3).contains(&count)
        && words.as_bytes().split(|byte| *byte == b'-').all(is_word)
        && !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_digit())
}

/// The id of a key: a UUID, or `mrk-` and 32 hexadecimal digits for a multi-Region key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyId {
    /// A single-Region key.
    Uuid(u128),
    /// A multi-Region key: the same id in every Region.
    MultiRegion(u128),
}

impl KeyId {
    /// The 128 bits behind either form, big-endian.
    #[must_use]
    pub const fn bits(self) -> u128 {
        match self {
            Self::Uuid(bits) | Self::MultiRegion(bits) => bits,
        }
    }

    /// A version 4 UUID (RFC 9562) from 128 random bits.
    #[must_use]
    pub const fn uuid_from_random(random: u128) -> Self {
        let version = 0x4 << 76;
        let variant = 0b10 << 62;
        Self::Uuid((random & !(0xf << 76) & !(0b11 << 62)) | version | variant)
    }
}

/// Where a UUID (RFC 9562) has its hyphens.
const fn is_hyphen(position: usize) -> bool {
    matches!(position, 8 | 13 | 18 | 23)
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = hex_digits(self.bits());
        if let Self::MultiRegion(_) = self {
            f.write_str("mrk-")?;
            return f.write_str(str::from_utf8(&digits).unwrap_or_default());
        }
        let mut uuid = [b'-'; 36];
        let places = uuid.iter_mut().enumerate();
        let places = places.filter(|(position, _)| !is_hyphen(*position));
        for ((_, place), digit) in places.zip(digits) {
            *place = digit;
        }
        f.write_str(str::from_utf8(&uuid).unwrap_or_default())
    }
}

fn hex_digits(bits: u128) -> [u8; 32] {
    let mut digits = [b'0'; 32];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(bits.to_be_bytes()) {
        pair.copy_from_slice(&[hex_digit(byte >> 4), hex_digit(byte & 0xf)]);
    }
    digits
}

const fn hex_digit(nibble: u8) -> u8 {
    match nibble {
        0..=9 => b'0' + nibble,
        _ => b'a' + nibble - 10,
    }
}

impl FromStr for KeyId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let parsed = match text.strip_prefix("mrk-") {
            Some(digits) => lower_hex(digits.as_bytes()).map(Self::MultiRegion),
            None => uuid_digits(text.as_bytes())
                .and_then(|digits| lower_hex(&digits))
                .map(Self::Uuid),
        };
        parsed.ok_or(invalid("key id"))
    }
}

serialise_as_text!(KeyId);

fn lower_hex(digits: &[u8]) -> Option<u128> {
    let digits: &[u8; 32] = digits.try_into().ok()?;
    digits.iter().try_fold(0, |bits, digit| {
        let nibble = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(bits << 4 | u128::from(nibble))
    })
}

/// The digits of a UUID whose hyphens are where they belong.
fn uuid_digits(text: &[u8]) -> Option<[u8; 32]> {
    let text: &[u8; 36] = text.try_into().ok()?;
    let mut digits = [0; 32];
    let mut places = digits.iter_mut();
    for (position, byte) in text.iter().enumerate() {
        if is_hyphen(position) {
            if *byte != b'-' {
                return None;
            }
        } else {
            *places.next()? = *byte;
        }
    }
    Some(digits)
}

/// What every ARN of this service starts with.
const KMS_ARN: &str = "arn:aws:kms:";

/// `arn:aws:kms:REGION:ACCOUNT:key/KEY-ID`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyArn {
    /// The Region that holds the key.
    pub region: Region,
    /// The account that owns the key.
    pub account: AccountId,
    /// The key.
    pub key: KeyId,
}

impl fmt::Display for KeyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [
            KMS_ARN,
            self.region.as_str(),
            ":",
            self.account.as_str(),
            ":key/",
        ] {
            f.write_str(part)?;
        }
        self.key.fmt(f)
    }
}

impl FromStr for KeyArn {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        match KeyRef::from_str(text) {
            Ok(KeyRef::Arn(arn)) => Ok(arn),
            _ => Err(invalid("key ARN")),
        }
    }
}

serialise_as_text!(KeyArn);

/// `arn:aws:kms:REGION:ACCOUNT:alias/NAME`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AliasArn {
    /// The Region that holds the alias.
    pub region: Region,
    /// The account that owns the alias.
    pub account: AccountId,
    /// The alias.
    pub alias: AliasName,
}

impl fmt::Display for AliasArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "arn:{PARTITION}:kms:{}:{}:{}",
            self.region, self.account, self.alias
        )
    }
}

impl FromStr for AliasArn {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        match KeyRef::from_str(text) {
            Ok(KeyRef::AliasArn(arn)) => Ok(arn),
            _ => Err(invalid("alias ARN")),
        }
    }
}

serialise_as_text!(AliasArn);

/// What a request may put into `KeyId`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyRef {
    /// `1234abcd-…` or `mrk-…`.
    Id(KeyId),
    /// `arn:aws:kms:…:key/…`.
    Arn(KeyArn),
    /// `alias/NAME`.
    Alias(AliasName),
    /// `arn:aws:kms:…:alias/NAME`.
    AliasArn(AliasArn),
}

/// Why a `KeyId` names nothing; the two cases have different words in AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeyRef {
    /// Starts with `arn:` but is no KMS ARN of a key or an alias.
    #[error("not a key ARN or alias ARN")]
    Arn,
    /// Is neither an id, an ARN nor an alias.
    #[error("not a key id, key ARN, alias name or alias ARN")]
    Id,
}

impl FromStr for KeyRef {
    type Err = InvalidKeyRef;

    fn from_str(text: &str) -> Result<Self, InvalidKeyRef> {
        if text.starts_with("arn:") {
            return parse_arn(text).ok_or(InvalidKeyRef::Arn);
        }
        if text.starts_with("alias/") {
            return text.parse().map(Self::Alias).map_err(|_| InvalidKeyRef::Id);
        }
        text.parse().map(Self::Id).map_err(|_| InvalidKeyRef::Id)
    }
}

fn parse_arn(text: &str) -> Option<KeyRef> {
    let mut parts = text.splitn(6, ':');
    if parts.next()? != "arn" || parts.next()? != PARTITION || parts.next()? != "kms" {
        return None;
    }
    let region: Region = parts.next()?.parse().ok()?;
    let account: AccountId = parts.next()?.parse().ok()?;
    let resource = parts.next()?;
    if let Some(key) = resource.strip_prefix("key/") {
        let key = key.parse().ok()?;
        return Some(KeyRef::Arn(KeyArn {
            region,
            account,
            key,
        }));
    }
    let alias = resource.parse().ok()?;
    Some(KeyRef::AliasArn(AliasArn {
        region,
        account,
        alias,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const UUID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";

    #[test]
    fn a_key_id_prints_as_it_was_written() {
        for text in [UUID, "mrk-1234abcd12ab34cd56ef1234567890ab"] {
            assert_eq!(text.parse::<KeyId>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_key_id_has_one_spelling() {
        for text in [
            "1234ABCD-12ab-34cd-56ef-1234567890ab",
            "1234abcd12ab34cd56ef1234567890ab",
            "+234abcd-12ab-34cd-56ef-1234567890ab",
            "mrk-1234",
            "",
        ] {
            assert!(text.parse::<KeyId>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_generated_key_id_is_a_version_4_uuid() {
        assert_eq!(
            KeyId::uuid_from_random(0).to_string(),
            "00000000-0000-4000-8000-000000000000"
        );
        assert_eq!(
            KeyId::uuid_from_random(u128::MAX).to_string(),
            "ffffffff-ffff-4fff-bfff-ffffffffffff"
        );
    }

    #[test]
    fn a_key_reference_takes_all_four_forms() {
        let arn = format!("arn:aws:kms:us-east-1:111122223333:key/{UUID}");
        let alias_arn = "arn:aws:kms:us-east-1:111122223333:alias/a/b";
        assert!(matches!(UUID.parse(), Ok(KeyRef::Id(_))));
        assert!(matches!(arn.parse(), Ok(KeyRef::Arn(found)) if found.to_string() == arn));
        assert!(matches!("alias/a".parse(), Ok(KeyRef::Alias(_))));
        assert!(
            matches!(alias_arn.parse(), Ok(KeyRef::AliasArn(found)) if found.to_string() == alias_arn)
        );
    }

    #[test]
    fn a_malformed_arn_and_a_malformed_id_are_told_apart() {
        for text in [
            "arn:aws:kms",
            "arn:aws:s3:us-east-1:111122223333:key/x",
            "arn:",
        ] {
            assert_eq!(text.parse::<KeyRef>(), Err(InvalidKeyRef::Arn), "{text}");
        }
        for text in ["", "fake", "alias/", "alias/a b"] {
            assert_eq!(text.parse::<KeyRef>(), Err(InvalidKeyRef::Id), "{text}");
        }
    }

    #[test]
    fn regions_follow_the_model_s_pattern() {
        for text in ["us-east-1", "us-gov-west-1", "cn-north-12"] {
            assert!(text.parse::<Region>().is_ok(), "{text}");
        }
        for text in [
            "us-1",
            "US-east-1",
            "us-east-",
            "us-east-1a",
            "",
            "a-b-c-d-1",
        ] {
            assert!(text.parse::<Region>().is_err(), "{text}");
        }
    }
}
