//! The constraints of AWS's model, and AWS's words when one is not satisfied.

use std::fmt;

use super::blob::Blob;
use super::tags::RequestTag;
use crate::ids::has_form_of_region;
use crate::secret::SecretBytes;

/// How many violations one answer lists; a request can hold far more than a reader wants.
const MAX_LISTED: usize = 100;

/// The members of a request that do not satisfy their constraints: AWS's `ValidationException`,
/// whose message is the `Display` of this. Never empty.
///
/// AWS repeats the offending value, so the message holds text of the request; binary members show
/// their length only, and secret ones nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValidationErrors(Vec<String>);

impl ValidationErrors {
    /// One sentence for each violation.
    #[must_use]
    pub fn violations(&self) -> &[String] {
        &self.0
    }
}

impl fmt::Display for ValidationErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.len();
        let plural = if count == 1 { "" } else { "s" };
        write!(f, "{count} validation error{plural} detected: ")?;
        for (position, violation) in self.0.iter().enumerate() {
            if position > 0 {
                f.write_str("; ")?;
            }
            f.write_str(violation)?;
        }
        Ok(())
    }
}

impl std::error::Error for ValidationErrors {}

/// A pattern of the model: its text as AWS prints it, and a matcher of the whole value.
#[derive(Clone, Copy)]
pub(super) struct Pattern {
    text: &'static str,
    matches: fn(&str) -> bool,
}

/// A length in Unicode characters and a pattern.
#[derive(Clone, Copy)]
pub(super) struct TextRule {
    min: usize,
    max: usize,
    pattern: Option<Pattern>,
}

impl TextRule {
    const fn length(min: usize, max: usize) -> Self {
        Self {
            min,
            max,
            pattern: None,
        }
    }

    const fn matching(self, text: &'static str, matches: fn(&str) -> bool) -> Self {
        Self {
            pattern: Some(Pattern { text, matches }),
            ..self
        }
    }
}

/// `KeyIdType`
pub(super) const KEY_ID: TextRule = TextRule::length(1, 2048);
/// `DescriptionType`
pub(super) const DESCRIPTION: TextRule = TextRule::length(0, 8192);
/// `CustomKeyStoreIdType`
pub(super) const CUSTOM_KEY_STORE_ID: TextRule = TextRule::length(1, 64);
/// `GrantTokenType`
pub(super) const GRANT_TOKEN: TextRule = TextRule::length(1, 8192);
/// `GrantIdType`
pub(super) const GRANT_ID: TextRule = TextRule::length(1, 128);
/// `GrantNameType`
pub(super) const GRANT_NAME: TextRule =
    TextRule::length(1, 256).matching("^[a-zA-Z0-9:/_-]+$", |text| one_or_more(text, ":/_-"));
/// `PrincipalIdType`
pub(super) const PRINCIPAL_ID: TextRule =
    TextRule::length(1, 256).matching("^[\\w+=,.@:/-]+$", |text| one_or_more(text, "_+=,.@:/-"));
/// `KeyMaterialDescriptionType`
pub(super) const KEY_MATERIAL_DESCRIPTION: TextRule = TextRule::length(0, 256)
    .matching("^[a-zA-Z0-9:/_\\s.-]+$", |text| {
        one_or_more(text, ":/_.- \t\n\u{b}\u{c}\r")
    });
/// `BackingKeyIdType`
pub(super) const KEY_MATERIAL_ID: TextRule = TextRule::length(64, 64)
    .matching("^[a-f0-9]+$", |text| {
        !text.is_empty() && text.bytes().all(|b| matches!(b, b'a'..=b'f' | b'0'..=b'9'))
    });
/// `TagKeyType`
pub(super) const TAG_KEY: TextRule = TextRule::length(1, 128);
/// `TagValueType`
pub(super) const TAG_VALUE: TextRule = TextRule::length(0, 256);
/// `AliasNameType`
pub(super) const ALIAS_NAME: TextRule =
    TextRule::length(1, 256).matching("^[a-zA-Z0-9:/_-]+$", |text| one_or_more(text, ":/_-"));
/// `XksKeyIdType`
pub(super) const XKS_KEY_ID: TextRule =
    TextRule::length(1, 128).matching("^[a-zA-Z0-9-_.]+$", |text| one_or_more(text, "-_."));
/// `PolicyNameType`
pub(super) const POLICY_NAME: TextRule =
    TextRule::length(1, 128).matching("[\\w]+", |text| one_or_more(text, "_"));
/// `PolicyType`
pub(super) const POLICY: TextRule =
    TextRule::length(1, 131_072).matching("[\\u0009\\u000A\\u000D\\u0020-\\u00FF]+", |text| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}'))
    });
/// `RegionType`
pub(super) const REGION: TextRule =
    TextRule::length(1, 32).matching("^([a-z]+-){2,3}\\d+$", has_form_of_region);
/// `MarkerType`
pub(super) const MARKER: TextRule = TextRule::length(1, 1024)
    .matching("[\\u0020-\\u00FF]*", |text| {
        text.chars().all(|c| matches!(c, '\u{20}'..='\u{ff}'))
    });

/// `CustomKeyStoreNameType`
pub(super) const CUSTOM_KEY_STORE_NAME: TextRule = TextRule::length(1, 256);
/// `CloudHsmClusterIdType`
pub(super) const CLOUD_HSM_CLUSTER_ID: TextRule =
    TextRule::length(19, 24).matching("cluster-[2-7a-zA-Z]{11,16}", |text| {
        text.strip_prefix("cluster-").is_some_and(|id| {
            (11..=16).contains(&id.len())
                && id
                    .bytes()
                    .all(|b| matches!(b, b'2'..=b'7' | b'a'..=b'z' | b'A'..=b'Z'))
        })
    });
/// `TrustAnchorCertificateType`
pub(super) const TRUST_ANCHOR_CERTIFICATE: TextRule = TextRule::length(1, 5000);
/// `KeyStorePasswordType`
pub(super) const KEY_STORE_PASSWORD: TextRule = TextRule::length(7, 32);
/// `XksProxyUriEndpointType`
pub(super) const XKS_PROXY_URI_ENDPOINT: TextRule =
    TextRule::length(10, 128).matching("^https://[a-zA-Z0-9.-]+$", |text| {
        text.strip_prefix("https://")
            .is_some_and(|host| one_or_more(host, ".-"))
    });
/// `XksProxyUriPathType`
pub(super) const XKS_PROXY_URI_PATH: TextRule = TextRule::length(10, 128).matching(
    "^(/[a-zA-Z0-9\\/_-]+/kms/xks/v\\d{1,2})$|^(/kms/xks/v\\d{1,2})$",
    is_xks_path,
);
/// `XksProxyVpcEndpointServiceNameType`
pub(super) const XKS_PROXY_VPC_ENDPOINT_SERVICE_NAME: TextRule = TextRule::length(20, 64).matching(
    "^(com|eu)\\.amazonaws\\.vpce\\.([a-z]+-){2,3}\\d+\\.vpce-svc-[0-9a-z]+$",
    is_vpc_endpoint_service,
);
/// `AccountIdType`
pub(super) const ACCOUNT_ID: TextRule = TextRule::length(12, 12).matching("[0-9]{12}", |text| {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
});
/// `XksProxyAuthenticationAccessKeyIdType`
pub(super) const XKS_PROXY_ACCESS_KEY_ID: TextRule = TextRule::length(20, 30)
    .matching("^[A-Z2-7]+$", |text| {
        !text.is_empty() && text.bytes().all(|b| matches!(b, b'A'..=b'Z' | b'2'..=b'7'))
    });
/// `XksProxyAuthenticationRawSecretAccessKeyType`
pub(super) const XKS_PROXY_RAW_SECRET_ACCESS_KEY: TextRule =
    TextRule::length(43, 64).matching("^[a-zA-Z0-9\\/+=]+$", |text| one_or_more(text, "/+="));

/// `/kms/xks/v1`, or the same after a prefix of at least one character.
fn is_xks_path(text: &str) -> bool {
    let Some((before, version)) = text.rsplit_once("/kms/xks/v") else {
        return false;
    };
    let is_version =
        (1..=2).contains(&version.len()) && version.bytes().all(|b| b.is_ascii_digit());
    let prefix = before.strip_prefix('/');
    is_version && (before.is_empty() || prefix.is_some_and(|prefix| one_or_more(prefix, "/_-")))
}

fn is_vpc_endpoint_service(text: &str) -> bool {
    let mut parts = text.split('.');
    let mut next = || parts.next().unwrap_or_default();
    let partition = matches!(next(), "com" | "eu");
    let fixed = next() == "amazonaws" && next() == "vpce";
    let (region, service) = (next(), next());
    let words: Vec<&str> = region.split('-').collect();
    let is_region = words.split_last().is_some_and(|(number, names)| {
        (2..=3).contains(&names.len())
            && names
                .iter()
                .all(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase()))
            && !number.is_empty()
            && number.bytes().all(|b| b.is_ascii_digit())
    });
    let is_service = service.strip_prefix("vpce-svc-").is_some_and(|id| {
        !id.is_empty() && id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'z'))
    });
    partition && fixed && is_region && is_service && parts.next().is_none()
}

fn one_or_more(text: &str, besides_alphanumeric: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || besides_alphanumeric.contains(c))
}

/// `LimitType`: the range of `Limit`.
pub(super) const LIMIT: (i32, i32) = (1, 1000);
/// `PendingWindowInDaysType`; the service itself takes less.
pub(super) const PENDING_WINDOW_IN_DAYS: (i32, i32) = (1, 365);
/// `RotationPeriodInDaysType`
pub(super) const ROTATION_PERIOD_IN_DAYS: (i32, i32) = (90, 2560);
/// `NumberOfBytesType`
pub(super) const NUMBER_OF_BYTES: (i32, i32) = (1, 1024);
/// `PlaintextType`, in bytes.
pub(super) const PLAINTEXT: (usize, usize) = (1, 4096);
/// `CiphertextType`, in bytes.
pub(super) const CIPHERTEXT: (usize, usize) = (1, 6144);
/// `PublicKeyType`, in bytes.
pub(super) const PUBLIC_KEY: (usize, usize) = (1, 8192);
/// `AttestationDocumentType`, in bytes.
pub(super) const ATTESTATION_DOCUMENT: (usize, usize) = (1, 262_144);
/// `GrantTokenList`, in elements.
const GRANT_TOKENS: (usize, usize) = (0, 10);

/// Collects the violations of one request. Paths are members as AWS prints them: `keyId`.
#[derive(Default)]
pub(super) struct Checks(Vec<String>);

impl Checks {
    pub(super) fn finish(self) -> Result<(), ValidationErrors> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(ValidationErrors(self.0))
        }
    }

    /// `shown` is the value as AWS shows it, with a space before it.
    fn violation(&mut self, shown: &str, path: &str, constraint: &str) {
        if self.0.len() < MAX_LISTED {
            self.0.push(format!(
                "Value{shown} at '{path}' failed to satisfy constraint: Member must {constraint}"
            ));
        }
    }

    /// The member must be there.
    pub(super) fn required<T>(&mut self, path: &str, value: Option<&T>) {
        if value.is_none() {
            self.violation(" null", path, "not be null");
        }
    }

    /// Length and pattern of a text.
    pub(super) fn text(&mut self, path: &str, value: Option<&String>, rule: &TextRule) {
        let Some(value) = value else { return };
        for constraint in text_violations(value, rule) {
            self.violation(&quoted(value), path, &constraint);
        }
    }

    /// A value of a closed set.
    pub(super) fn one_of(&mut self, path: &str, value: Option<&String>, values: &[&str]) {
        let Some(value) = value else { return };
        if !values.contains(&value.as_str()) {
            self.violation(&quoted(value), path, &enum_constraint(values));
        }
    }

    /// A number in a range.
    pub(super) fn number(&mut self, path: &str, value: Option<i32>, (min, max): (i32, i32)) {
        let Some(value) = value else { return };
        let shown = quoted(&value.to_string());
        if value < min {
            let constraint = format!("have value greater than or equal to {min}");
            self.violation(&shown, path, &constraint);
        }
        if value > max {
            let constraint = format!("have value less than or equal to {max}");
            self.violation(&shown, path, &constraint);
        }
    }

    /// Length of a binary member, which is shown as the Java buffer that AWS shows.
    pub(super) fn blob(&mut self, path: &str, value: Option<&Blob>, range: (usize, usize)) {
        let Some(length) = value.map(Blob::len) else {
            return;
        };
        let shown = format!(" 'java.nio.HeapByteBuffer[pos=0 lim={length} cap={length}]'");
        self.length(&shown, path, length, range);
    }

    /// Length of a secret member, of which nothing is shown.
    pub(super) fn secret(
        &mut self,
        path: &str,
        value: Option<&SecretBytes>,
        range: (usize, usize),
    ) {
        let Some(length) = value.map(SecretBytes::len) else {
            return;
        };
        self.length("", path, length, range);
    }

    /// Length and pattern of a sensitive text, of which nothing is shown.
    pub(super) fn sensitive(&mut self, path: &str, value: Option<&str>, rule: &TextRule) {
        let Some(value) = value else { return };
        for constraint in text_violations(value, rule) {
            self.violation("", path, &constraint);
        }
    }

    fn length(&mut self, shown: &str, path: &str, length: usize, range: (usize, usize)) {
        if let Some(constraint) = length_violation(length, range) {
            self.violation(shown, path, &constraint);
        }
    }

    /// Length and pattern of each element.
    pub(super) fn texts(&mut self, path: &str, values: Option<&Vec<String>>, rule: &TextRule) {
        let Some(values) = values else { return };
        if values
            .iter()
            .any(|value| !text_violations(value, rule).is_empty())
        {
            let mut constraints = vec![
                format!("Member must have length less than or equal to {}", rule.max),
                format!(
                    "Member must have length greater than or equal to {}",
                    rule.min
                ),
            ];
            constraints.extend(rule.pattern.map(|pattern| {
                format!(
                    "Member must satisfy regular expression pattern: {}",
                    pattern.text
                )
            }));
            let constraint = format!("satisfy constraint: [{}]", constraints.join(", "));
            self.violation(&quoted(&java_list(values)), path, &constraint);
        }
    }

    /// Each element is a value of a closed set.
    pub(super) fn each_one_of(
        &mut self,
        path: &str,
        values: Option<&Vec<String>>,
        allowed: &[&str],
    ) {
        let Some(values) = values else { return };
        if values
            .iter()
            .any(|value| !allowed.contains(&value.as_str()))
        {
            let constraint = format!(
                "satisfy constraint: [Member must {}]",
                enum_constraint(allowed)
            );
            self.violation(&quoted(&java_list(values)), path, &constraint);
        }
    }

    /// `KeyId`, which most requests must have.
    pub(super) fn required_key_id(&mut self, value: Option<&String>) {
        self.required("keyId", value);
        self.text("keyId", value, &KEY_ID);
    }

    /// `GrantTokens`: how many, and each.
    pub(super) fn grant_tokens(&mut self, values: Option<&Vec<String>>) {
        let Some(tokens) = values else { return };
        if let Some(constraint) = length_violation(tokens.len(), GRANT_TOKENS) {
            self.violation(&quoted(&java_list(tokens)), "grantTokens", &constraint);
        }
        self.texts("grantTokens", values, &GRANT_TOKEN);
    }

    /// `Limit` and `Marker`.
    pub(super) fn page(&mut self, limit: Option<i32>, marker: Option<&String>) {
        self.number("limit", limit, LIMIT);
        self.text("marker", marker, &MARKER);
    }

    /// `Tags`, counted from 1.
    pub(super) fn tags(&mut self, tags: Option<&Vec<RequestTag>>) {
        for (position, tag) in tags.into_iter().flatten().enumerate() {
            if self.0.len() >= MAX_LISTED {
                return;
            }
            let member = format!("tags.{}.member", position.saturating_add(1));
            let (key, value) = (format!("{member}.tagKey"), format!("{member}.tagValue"));
            self.required(&key, tag.tag_key.as_ref());
            self.text(&key, tag.tag_key.as_ref(), &TAG_KEY);
            self.required(&value, tag.tag_value.as_ref());
            self.text(&value, tag.tag_value.as_ref(), &TAG_VALUE);
        }
    }
}

fn quoted(value: &str) -> String {
    format!(" '{value}'")
}

fn java_list(values: &[String]) -> String {
    format!("[{}]", values.join(", "))
}

fn enum_constraint(values: &[&str]) -> String {
    format!("satisfy enum value set: [{}]", values.join(", "))
}

fn length_violation(length: usize, (min, max): (usize, usize)) -> Option<String> {
    if length < min {
        return Some(format!("have length greater than or equal to {min}"));
    }
    (length > max).then(|| format!("have length less than or equal to {max}"))
}

fn text_violations(value: &str, rule: &TextRule) -> Vec<String> {
    let length = length_violation(value.chars().count(), (rule.min, rule.max));
    let pattern = rule
        .pattern
        .filter(|pattern| !(pattern.matches)(value))
        .map(|pattern| format!("satisfy regular expression pattern: {}", pattern.text));
    length.into_iter().chain(pattern).collect()
}

#[cfg(test)]
mod tests {
    use crate::api::{
        CreateAliasRequest, DecryptRequest, EncryptRequest, GenerateRandomRequest, Request,
        TagResourceRequest, parse,
    };

    fn message<R: Request>(body: &str) -> String {
        parse::<R>(body.as_bytes())
            .unwrap()
            .validate()
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn two_violations_are_told_in_one_message() {
        assert_eq!(
            message::<CreateAliasRequest>(r#"{"AliasName":"alias/a b"}"#),
            "2 validation errors detected: Value 'alias/a b' at 'aliasName' failed to satisfy \
             constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$; \
             Value null at 'targetKeyId' failed to satisfy constraint: Member must not be null"
        );
    }

    #[test]
    fn the_words_are_those_recorded_from_aws() {
        assert_eq!(
            message::<GenerateRandomRequest>(r#"{"NumberOfBytes":0}"#),
            "1 validation error detected: Value '0' at 'numberOfBytes' failed to satisfy \
             constraint: Member must have value greater than or equal to 1"
        );
        assert_eq!(
            message::<GenerateRandomRequest>(r#"{"NumberOfBytes":1025}"#),
            "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy \
             constraint: Member must have value less than or equal to 1024"
        );
        let key = "a".repeat(129);
        let body = format!(r#"{{"KeyId":"k","Tags":[{{"TagKey":"{key}","TagValue":""}}]}}"#);
        assert_eq!(
            message::<TagResourceRequest>(&body),
            format!(
                "1 validation error detected: Value '{key}' at 'tags.1.member.tagKey' failed to \
                 satisfy constraint: Member must have length less than or equal to 128"
            )
        );
    }

    #[test]
    fn a_ciphertext_is_told_by_its_length_only() {
        assert_eq!(
            message::<DecryptRequest>(r#"{"CiphertextBlob":""}"#),
            "1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim=0 cap=0]' at \
             'ciphertextBlob' failed to satisfy constraint: Member must have length greater than \
             or equal to 1"
        );
    }

    #[test]
    fn a_plaintext_is_never_repeated() {
        assert_eq!(
            message::<EncryptRequest>(r#"{"KeyId":"k","Plaintext":""}"#),
            "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: \
             Member must have length greater than or equal to 1"
        );
    }

    #[test]
    fn a_long_list_of_violations_is_cut_short() {
        let tags = vec!["{}"; 5000].join(",");
        let body = format!(r#"{{"KeyId":"k","Tags":[{tags}]}}"#);
        assert!(message::<TagResourceRequest>(&body).starts_with("100 validation errors"));
    }
}
