//! What conditions may ask of a request: AWS's global keys and those of AWS KMS.

pub(super) mod session;

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::api::{
    AlgorithmSpec, DataKeyPairSpec, EncryptionAlgorithm, ExpirationModelType, GrantOperation,
    KeyAgreementAlgorithm, MacAlgorithm, MessageType, MultiRegionKeyType, Origin, SigningAlgorithm,
    WrappingKeySpec,
};
use crate::attestation::Attestation;
use crate::caller::Principal;
use crate::ciphertext::EncryptionContext;
use crate::grants::Constraint;
use crate::identity::PolicyType;
use crate::ids::{AccountId, PolicyArn, Region};
use crate::keys::KeyKind;
use crate::policy::{ConditionKey, ConditionValues, Value};
use crate::service::context::CallContext;
use crate::service::operation::{On, Target};
use crate::service::organizations::Organizations;
use crate::service::recipient;
use crate::service::usage::KeyUsage;
use crate::time::Timestamp;

const MILLIS_PER_DAY: i64 = 24 * 60 * 60 * 1000;

/// The values that belong to one operation.
#[derive(Clone, Debug, Default)]
pub struct Specific<'a> {
    /// The encryption context of this side of the operation.
    pub encryption_context: Option<&'a EncryptionContext>,
    /// The algorithm, also when the request left it out.
    pub encryption_algorithm: Option<&'static str>,
    /// For `ReEncrypt`: whether both sides are one key.
    pub reencrypt_on_same_key: Option<bool>,
    /// Present only when the request had it.
    pub bypass_policy_lockout_safety_check: Option<bool>,
    /// Days.
    pub rotation_period_in_days: Option<u32>,
    /// Days.
    pub pending_window_in_days: Option<u32>,
    /// Whether conditions may ask how long the key was not used; the operation then has to
    /// [ask for the use of keys](crate::service::operation::Operation::ASKS_FOR_KEY_USAGE).
    pub tells_days_without_key_usage: bool,
    /// The tags of the request.
    pub request_tags: Option<&'a BTreeMap<String, String>>,
    /// The tag keys of the request, where it has keys alone.
    pub tag_keys: Option<&'a [String]>,
    /// The tags of the IAM entity that the operation is about.
    pub entity_tags: Option<&'a BTreeMap<String, String>>,
    /// The permissions boundary that an entity has, or shall have.
    pub permissions_boundary: Option<&'a PolicyArn>,
    /// The managed policy that is attached or detached.
    pub policy_arn: Option<&'a PolicyArn>,
    /// The type of policy that a request to Organizations is about.
    pub organization_policy_type: Option<PolicyType>,
    /// How a message is signed.
    pub signing_algorithm: Option<SigningAlgorithm>,
    /// What is signed, also when the request left it out.
    pub message_type: Option<MessageType>,
    /// How a message is authenticated.
    pub mac_algorithm: Option<MacAlgorithm>,
    /// How a secret is agreed on.
    pub key_agreement_algorithm: Option<KeyAgreementAlgorithm>,
    /// The kind of a data key pair.
    pub data_key_pair_spec: Option<DataKeyPairSpec>,
    /// How a material will be wrapped on its way.
    pub wrapping: Option<(AlgorithmSpec, WrappingKeySpec)>,
    /// Whether an imported material expires; present only when the request had it.
    pub expiration_model: Option<ExpirationModelType>,
    /// When an imported material expires.
    pub valid_to: Option<Timestamp>,
    /// Where the material of a key comes from that does not exist yet.
    pub creates_origin: Option<Origin>,
    /// The part that a key will play that does not exist yet; none if it is single-Region.
    pub creates_multi_region: Option<MultiRegionKeyType>,
    /// The Region that the permission is asked in, where that is not the request's.
    pub region: Option<&'a Region>,
    /// Where a replica shall be.
    pub replica_region: Option<&'a Region>,
    /// Where the primary shall be.
    pub primary_region: Option<&'a Region>,
    /// A key that does not exist yet: what it will be.
    pub creates_key: Option<KeyKind>,
    /// Whether an alias that named the key counts as `kms:RequestAlias`.
    pub counts_request_alias: bool,
    /// Whom the answer is encrypted to; set by the walk, once it is verified.
    pub attestation: Option<&'a Attestation>,
    /// What the operation has to do with a grant.
    pub grant: Option<GrantValues<'a>>,
}

/// The values of an operation that makes, shows or ends grants.
#[derive(Clone, Copy, Debug, Default)]
pub struct GrantValues<'a> {
    /// Whether the condition `kms:GrantIsForAWSResource` can be asked; no request here comes from
    /// an AWS service, so that it is false.
    pub says_whom_it_is_for: bool,
    /// The constraint of the grant, which stands for an encryption context.
    pub constraint: Option<&'a Constraint>,
    /// What a new grant shall allow.
    pub operations: &'a [GrantOperation],
    /// Whom a new grant is for, as the request names it.
    pub grantee: Option<&'a str>,
    /// Who may retire a new grant, as the request names it.
    pub retiring: Option<&'a str>,
}

impl<'a> Specific<'a> {
    /// Those of a cryptographic operation of a symmetric key.
    #[must_use]
    pub fn cryptographic(context: &'a EncryptionContext) -> Self {
        Self::encrypting(EncryptionAlgorithm::SymmetricDefault, context)
    }

    /// Those of encrypting and decrypting by `algorithm`.
    #[must_use]
    pub fn encrypting(algorithm: EncryptionAlgorithm, context: &'a EncryptionContext) -> Self {
        Self {
            encryption_context: Some(context),
            encryption_algorithm: Some(algorithm.as_str()),
            counts_request_alias: true,
            ..Self::default()
        }
    }
}

/// All values of one request for one authorization, looked up when a statement asks for them.
#[derive(Debug)]
pub(in crate::service) struct RequestValues<'a> {
    pub(in crate::service) call: &'a CallContext,
    pub(in crate::service) now: Timestamp,
    pub(in crate::service) on: &'a On<'a>,
    pub(in crate::service) specific: &'a Specific<'a>,
    pub(in crate::service) usage: &'a KeyUsage,
    /// The tags of the caller's user or role.
    pub(in crate::service) principal_tags: Option<&'a BTreeMap<String, String>>,
    /// What tells in which organization an account is.
    pub(in crate::service) organizations: &'a Organizations,
}

fn one(text: impl Into<String>) -> Option<Value<'static>> {
    Some(Value::One(Cow::Owned(text.into())))
}

fn fixed(text: &'static str) -> Option<Value<'static>> {
    Some(Value::One(Cow::Borrowed(text)))
}

fn name_of(region: Option<&Region>) -> Option<Value<'_>> {
    Some(Value::One(Cow::Borrowed(region?.as_str())))
}

fn flag(value: bool) -> Option<Value<'static>> {
    fixed(if value { "true" } else { "false" })
}

fn many<'a, T: AsRef<str> + ?Sized + 'a>(texts: impl Iterator<Item = &'a T>) -> Option<Value<'a>> {
    let texts: Vec<Cow<'a, str>> = texts.map(|text| Cow::Borrowed(text.as_ref())).collect();
    (!texts.is_empty()).then_some(Value::Many(texts))
}

/// The value of the pair whose key is the condition key's suffix but for case; two such pairs
/// contradict each other.
fn suffixed<'a>(
    key: &ConditionKey,
    pairs: impl Iterator<Item = (&'a String, &'a String)>,
) -> Option<Value<'a>> {
    let mut found = pairs
        .filter(|(name, _)| key.suffix_is(name))
        .map(|(_, value)| value);
    let first = found.next()?;
    Some(match found.next() {
        None => Value::One(Cow::Borrowed(first)),
        Some(_) => Value::Ambiguous,
    })
}

impl<'a> RequestValues<'a> {
    fn target(&self) -> Option<&'a Target> {
        match self.on {
            On::Key(target) => Some(target),
            On::Named(_) | On::Any => None,
        }
    }

    fn global(&self, key: &ConditionKey) -> Option<Value<'_>> {
        let principal = self.call.caller.principal();
        match key.name() {
            "aws:currenttime" => one(self.now.to_rfc3339()),
            "aws:epochtime" => one(self.now.seconds().to_string()),
            "aws:securetransport" => flag(self.call.secure_transport),
            "aws:sourceip" => one(self.call.source_ip?.to_canonical().to_string()),
            "aws:useragent" => Some(Value::One(Cow::Borrowed(&self.call.user_agent))),
            "aws:requestedregion" => name_of(self.specific.region.or(Some(&self.call.region))),
            "aws:principalarn" => one(principal.entity_arn()),
            "aws:principalaccount" => Some(Value::One(Cow::Borrowed(principal.account().as_str()))),
            "aws:principaltype" => match principal {
                Principal::Root { .. } => fixed("Account"),
                Principal::User { .. } => fixed("User"),
                Principal::AssumedRole { .. } => fixed("AssumedRole"),
                Principal::FederatedUser { .. } => fixed("FederatedUser"),
                Principal::Service { .. } => None,
            },
            "aws:username" => match principal {
                Principal::User { name, .. } => Some(Value::One(Cow::Borrowed(name.as_str()))),
                _ => None,
            },
            "aws:userid" => match principal {
                Principal::User { id, .. } => Some(Value::One(Cow::Borrowed(id.as_str()))),
                Principal::Root { account } => Some(Value::One(Cow::Borrowed(account.as_str()))),
                Principal::AssumedRole { id, session, .. } => one(format!("{id}:{session}")),
                Principal::FederatedUser { account, name, .. } => one(format!("{account}:{name}")),
                Principal::Service { .. } => None,
            },
            "aws:principalisawsservice" | "aws:viaawsservice" => flag(false),
            name @ ("aws:tokenissuetime"
            | "aws:multifactorauthpresent"
            | "aws:multifactorauthage"
            | "aws:sourceidentity"
            | "aws:federatedprovider") => session::global(&self.call.caller, name, self.now),
            // A session's tag stands for the one of its role or user with the same key.
            "aws:principaltag" => session::tag(&self.call.caller, key)
                .or_else(|| suffixed(key, self.principal_tags?.iter())),
            "aws:resourceaccount" => one(self.on.account(self.call).as_str()),
            "aws:principalorgid" => self.organization_of(principal.account()),
            "aws:principalorgpaths" => self.path_to(principal.account()),
            "aws:resourceorgid" => self.organization_of(&self.on.account(self.call)),
            "aws:resourceorgpaths" => self.path_to(&self.on.account(self.call)),
            "aws:resourcetag" => match self.target() {
                Some(target) => suffixed(key, target.key.key.tags.iter()),
                None if self.specific.creates_key.is_some() => self.request_tag(key),
                None => suffixed(key, self.specific.entity_tags?.iter()),
            },
            "aws:requesttag" => self.request_tag(key),
            "aws:tagkeys" => match (self.specific.request_tags, self.specific.tag_keys) {
                (Some(tags), _) => many(tags.keys()),
                (None, Some(keys)) => many(keys.iter()),
                (None, None) => None,
            },
            name if name.starts_with("aws:") => None,
            _ => session::claim(&self.call.caller, key),
        }
    }

    /// The id of the organization that an account is in.
    fn organization_of(&self, account: &AccountId) -> Option<Value<'_>> {
        match self.organizations.place(account) {
            Ok(place) => {
                place?;
                let organization = self.organizations.organization()?;
                Some(Value::One(Cow::Borrowed(organization.id.as_str())))
            }
            Err(_) => Some(Value::Ambiguous),
        }
    }

    /// The way to an account in its organization, as a list of one.
    fn path_to(&self, account: &AccountId) -> Option<Value<'_>> {
        match self.organizations.place(account) {
            Ok(place) => Some(Value::Many(vec![Cow::Borrowed(place?.path.as_str())])),
            Err(_) => Some(Value::Ambiguous),
        }
    }

    fn request_tag(&self, key: &ConditionKey) -> Option<Value<'_>> {
        suffixed(key, self.specific.request_tags?.iter())
    }

    /// What the key is, or will be; the deprecated names have the same values.
    fn key_property(&self, name: &str) -> Option<Value<'_>> {
        let kind = match self.target() {
            Some(target) => target.key.key.kind,
            None => self.specific.creates_key?,
        };
        match name {
            "kms:keyspec" | "kms:customermasterkeyspec" => fixed(kind.spec.as_str()),
            "kms:keyusage" | "kms:customermasterkeyusage" => fixed(kind.usage.as_str()),
            "kms:keyorigin" => match self.target() {
                Some(target) => fixed(target.key.key.origin().as_str()),
                None => fixed(self.specific.creates_origin?.as_str()),
            },
            "kms:multiregion" => flag(self.multi_region().is_some()),
            "kms:multiregionkeytype" => fixed(self.multi_region()?.as_str()),
            _ => None,
        }
    }

    fn multi_region(&self) -> Option<MultiRegionKeyType> {
        match self.target() {
            Some(target) => target.key.key.multi_region,
            None => self.specific.creates_multi_region,
        }
    }

    /// The encryption context of the request, or what stands for it in a grant.
    fn context(&self) -> Option<&'a EncryptionContext> {
        let grant = self.specific.grant.as_ref();
        let constraint = grant.and_then(|grant| grant.constraint);
        self.specific
            .encryption_context
            .or_else(|| constraint.map(Constraint::context))
            .filter(|context| !context.is_empty())
    }

    /// The values of [`GrantValues`].
    fn grant(&self, name: &str) -> Option<Value<'_>> {
        let grant = self.specific.grant.as_ref()?;
        match name {
            "kms:grantisforawsresource" if grant.says_whom_it_is_for => flag(false),
            "kms:grantconstrainttype" => fixed(grant.constraint?.kind()),
            "kms:grantoperations" => many(grant.operations.iter().map(|one| one.as_str())),
            "kms:granteeprincipal" => Some(Value::One(Cow::Borrowed(grant.grantee?))),
            "kms:retiringprincipal" => Some(Value::One(Cow::Borrowed(grant.retiring?))),
            _ => None,
        }
    }

    fn kms(&self, key: &ConditionKey) -> Option<Value<'_>> {
        let specific = self.specific;
        let context = self.context();
        match key.name() {
            "kms:calleraccount" => self.global_account(),
            "kms:encryptioncontext" => suffixed(key, context?.iter()),
            "kms:encryptioncontextkeys" => many(context?.iter().map(|(name, _)| name)),
            "kms:encryptionalgorithm" => fixed(specific.encryption_algorithm?),
            "kms:signingalgorithm" => fixed(specific.signing_algorithm?.as_str()),
            "kms:messagetype" => fixed(specific.message_type?.as_str()),
            "kms:macalgorithm" => fixed(specific.mac_algorithm?.as_str()),
            "kms:keyagreementalgorithm" => fixed(specific.key_agreement_algorithm?.as_str()),
            "kms:datakeypairspec" => fixed(specific.data_key_pair_spec?.as_str()),
            "kms:reencryptonsamekey" => flag(specific.reencrypt_on_same_key?),
            "kms:bypasspolicylockoutsafetycheck" => {
                flag(specific.bypass_policy_lockout_safety_check?)
            }
            "kms:rotationperiodindays" => one(specific.rotation_period_in_days?.to_string()),
            "kms:schedulekeydeletionpendingwindowindays" => {
                one(specific.pending_window_in_days?.to_string())
            }
            "kms:trailingdayswithoutkeyusage" if specific.tells_days_without_key_usage => {
                self.days_without_key_usage()
            }
            "kms:wrappingalgorithm" => fixed(specific.wrapping?.0.as_str()),
            "kms:wrappingkeyspec" => fixed(specific.wrapping?.1.as_str()),
            "kms:expirationmodel" => fixed(specific.expiration_model?.as_str()),
            "kms:replicaregion" => name_of(specific.replica_region),
            "kms:primaryregion" => name_of(specific.primary_region),
            "kms:recipientattestation" => {
                one(recipient::condition(specific.attestation?, key.suffix()?)?)
            }
            "kms:validto" => one(specific.valid_to?.to_rfc3339()),
            "kms:requestalias" if specific.counts_request_alias => Some(Value::One(Cow::Borrowed(
                self.target()?.alias.as_ref()?.as_str(),
            ))),
            "kms:resourcealiases" => {
                let aliases = &self.target()?.aliases;
                let names = aliases.iter().map(|alias| Cow::Borrowed(alias.as_str()));
                (!aliases.is_empty()).then(|| Value::Many(names.collect()))
            }
            name if name.starts_with("kms:grant") || name == "kms:retiringprincipal" => {
                self.grant(name)
            }
            name => self.key_property(name),
        }
    }

    fn iam(&self, key: &ConditionKey) -> Option<Value<'_>> {
        let arn = |arn: Option<&'a PolicyArn>| Some(Value::One(Cow::Borrowed(arn?.as_str())));
        match key.name() {
            "iam:policyarn" => arn(self.specific.policy_arn),
            "iam:permissionsboundary" => arn(self.specific.permissions_boundary),
            "iam:resourcetag" => suffixed(key, self.specific.entity_tags?.iter()),
            _ => None,
        }
    }

    /// Whole days since the last use of the key, or since its creation if it was never used. Where
    /// the ledger could not be read there is no telling, and a policy that asks is not met.
    fn days_without_key_usage(&self) -> Option<Value<'_>> {
        let key = &self.target()?.key.key;
        let Ok(used) = self.usage.time_of(&key.arn) else {
            return Some(Value::Ambiguous);
        };
        let idle = self.now.millis_since(used.unwrap_or(key.created));
        one(idle.max(0).div_euclid(MILLIS_PER_DAY).to_string())
    }

    fn global_account(&self) -> Option<Value<'_>> {
        Some(Value::One(Cow::Borrowed(self.call.account().as_str())))
    }
}

impl ConditionValues for RequestValues<'_> {
    fn value(&self, key: &ConditionKey) -> Option<Value<'_>> {
        if key.name().starts_with("kms:") {
            self.kms(key)
        } else if key.name().starts_with("iam:") {
            self.iam(key)
        } else if key.name() == "organizations:policytype" {
            fixed(self.specific.organization_policy_type?.as_str())
        } else {
            self.global(key)
        }
    }
}
