//! `CreateGrant`

use std::collections::BTreeMap;

use serde::Serialize;

use super::change::Edit;
use super::context::CallContext;
use super::grant_principal;
use super::operation::{Authorization, Event, Loaded, Lookups, On, Operation, Performed, Step};
use super::parameters::Parameters;
use super::request::{context, end_dry_run, present, validated};
use super::resolve::own_key_ref;
use super::state::State;
use super::values::{GrantValues, Specific};
use crate::Error;
use crate::api::limits::{MAX_CONSTRAINT_PAIRS, MAX_CONSTRAINT_VALUE, Quotas};
use crate::api::{
    self, CreateGrantRequest, CreateGrantResponse, EncryptionContextMap, GrantConstraints,
    GrantOperation, KeyUsage,
};
use crate::crypto::random;
use crate::grants::{Constraint, Grant, GrantPrincipal};
use crate::ids::{GrantId, KeyRef};
use crate::keys::KeyKind;

/// A checked `CreateGrantRequest`.
#[derive(Debug)]
pub struct CreateGrant {
    key: KeyRef,
    grantee: String,
    retiring: Option<String>,
    operations: Vec<GrantOperation>,
    constraint: Option<Constraint>,
    name: Option<String>,
    dry_run: Option<bool>,
}

/// What the ledger keeps of a constraint, by CloudTrail's names.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RecordedConstraints<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    encryption_context_subset: Option<&'a BTreeMap<String, String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    encryption_context_equals: Option<&'a BTreeMap<String, String>>,
}

/// Each operation once, in the order of the request.
fn operations(names: &[String]) -> Result<Vec<GrantOperation>, Error> {
    let mut operations = Vec::new();
    for name in names {
        let operation = name.parse().map_err(Error::internal)?;
        if !operations.contains(&operation) {
            operations.push(operation);
        }
    }
    match operations.as_slice() {
        [] => Err(Error::Validation(
            "Grants must contain at least one operation.".to_owned(),
        )),
        [GrantOperation::CreateGrant] => Err(Error::Validation(
            "Grants must not contain only the CreateGrant operation.".to_owned(),
        )),
        _ => Ok(operations),
    }
}

fn constraint(asked: Option<GrantConstraints>) -> Result<Option<Constraint>, Error> {
    let asked = asked.unwrap_or_default();
    match (
        asked.encryption_context_equals,
        asked.encryption_context_subset,
    ) {
        (None, None) => Ok(None),
        (Some(pairs), None) => {
            let pairs = context(Some(within_limits(pairs)?))?;
            Ok(Some(Constraint::EncryptionContextEquals(pairs)))
        }
        (None, Some(pairs)) => {
            let pairs = context(Some(within_limits(pairs)?))?;
            Ok(Some(Constraint::EncryptionContextSubset(pairs)))
        }
        (Some(_), Some(_)) => Err(Error::Validation(
            "Only one of EncryptionContextEquals and EncryptionContextSubset can be specified."
                .to_owned(),
        )),
    }
}

fn within_limits(pairs: EncryptionContextMap) -> Result<EncryptionContextMap, Error> {
    if pairs.0.len() > MAX_CONSTRAINT_PAIRS {
        return Err(Error::Validation(format!(
            "A grant constraint can have at most {MAX_CONSTRAINT_PAIRS} encryption context pairs."
        )));
    }
    let too_long = |value: &String| value.chars().count() > MAX_CONSTRAINT_VALUE;
    if pairs.0.values().any(too_long) {
        return Err(Error::Validation(format!(
            "A value in a grant constraint can have at most {MAX_CONSTRAINT_VALUE} characters."
        )));
    }
    Ok(pairs)
}

/// The principal that an ARN names, bound to what it is now.
fn principal(text: &str, state: &State) -> Result<GrantPrincipal, Error> {
    let name = text.parse().ok();
    let found = name.and_then(|name| grant_principal::bind(name, state));
    found.ok_or_else(|| grant_principal::invalid(text))
}

/// Whether a key of that kind can do it.
fn can(kind: KeyKind, operation: GrantOperation) -> bool {
    let symmetric = kind.is_symmetric();
    match operation {
        GrantOperation::CreateGrant | GrantOperation::RetireGrant | GrantOperation::DescribeKey => {
            true
        }
        GrantOperation::Decrypt
        | GrantOperation::Encrypt
        | GrantOperation::ReEncryptFrom
        | GrantOperation::ReEncryptTo => kind.usage == KeyUsage::EncryptDecrypt,
        GrantOperation::GenerateDataKey
        | GrantOperation::GenerateDataKeyWithoutPlaintext
        | GrantOperation::GenerateDataKeyPair
        | GrantOperation::GenerateDataKeyPairWithoutPlaintext => symmetric,
        GrantOperation::GetPublicKey => kind.is_asymmetric(),
        GrantOperation::Sign | GrantOperation::Verify => kind.usage == KeyUsage::SignVerify,
        GrantOperation::GenerateMac | GrantOperation::VerifyMac => {
            kind.usage == KeyUsage::GenerateVerifyMac
        }
        GrantOperation::DeriveSharedSecret => kind.usage == KeyUsage::KeyAgreement,
    }
}

/// What only the key can tell: that it has the operations and, for a constraint, contexts.
fn supported(grant: &CreateGrant, kind: KeyKind) -> Result<(), Error> {
    let mut operations = grant.operations.iter();
    if let Some(operation) = operations.find(|operation| !can(kind, **operation)) {
        return Err(Error::Validation(format!(
            "The operation {operation} is not supported by a KMS key with key spec {} and key \
             usage {}.",
            kind.spec, kind.usage
        )));
    }
    if grant.constraint.is_some() && !kind.is_symmetric() {
        return Err(Error::Validation(format!(
            "A KMS key with key spec {} does not support encryption context constraints.",
            kind.spec
        )));
    }
    Ok(())
}

/// Whether a key with so many grants takes one more.
fn within_quota(quotas: Quotas, grants: usize, key: &str) -> Result<(), Error> {
    if grants < quotas.grants_per_key {
        return Ok(());
    }
    Err(Error::LimitExceeded(format!(
        "The quota of {} grants is reached for key {key}",
        quotas.grants_per_key
    )))
}

/// Draws a grant id: 256 random bits.
fn new_id(step: &Step<'_>) -> Result<GrantId, Error> {
    let bytes: [u8; 32] = random::array(step.engine.random())?;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    digits.parse().map_err(Error::internal)
}

impl CreateGrant {
    fn grant(self, step: &Step<'_>) -> Result<Grant, Error> {
        let retiring = self.retiring.as_deref();
        Ok(Grant {
            id: new_id(step)?,
            key: step.loaded.primary()?.key.key.arn.clone(),
            created: step.now,
            name: self.name,
            grantee: principal(&self.grantee, step.state)?,
            retiring: retiring
                .map(|text| principal(text, step.state))
                .transpose()?,
            issuing_account: step.call.account().clone(),
            operations: self.operations,
            constraint: self.constraint,
        })
    }
}

impl Operation for CreateGrantRequest {
    type Parsed = CreateGrant;
    type Response = CreateGrantResponse;
    const EVENT: Event = Event::kms(api::Operation::CreateGrant);

    fn parameters(&self, parameters: &mut Parameters) {
        let constraints = self.constraints.as_ref().map(|asked| RecordedConstraints {
            encryption_context_subset: asked.encryption_context_subset.as_ref().map(|map| &map.0),
            encryption_context_equals: asked.encryption_context_equals.as_ref().map(|map| &map.0),
        });
        parameters
            .optional("keyId", self.key_id.as_ref())
            .optional("granteePrincipal", self.grantee_principal.as_ref())
            .optional("retiringPrincipal", self.retiring_principal.as_ref())
            .optional("operations", self.operations.as_ref())
            .optional("constraints", constraints.as_ref())
            .optional("name", self.name.as_ref())
            .optional("dryRun", self.dry_run.as_ref());
    }

    fn grant_tokens(&self) -> Option<&Vec<String>> {
        self.grant_tokens.as_ref()
    }

    fn parse(self) -> Result<CreateGrant, Error> {
        validated(&self)?;
        Ok(CreateGrant {
            key: own_key_ref(&present(self.key_id)?)?,
            grantee: present(self.grantee_principal)?,
            retiring: self.retiring_principal,
            operations: operations(&present(self.operations)?)?,
            constraint: constraint(self.constraints)?,
            name: self.name,
            dry_run: self.dry_run,
        })
    }

    fn lookups(parsed: &CreateGrant) -> Lookups {
        Lookups::named(&parsed.key)
    }

    fn authorizations<'a>(
        parsed: &'a CreateGrant,
        loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        let specific = Specific {
            grant: Some(GrantValues {
                says_whom_it_is_for: true,
                constraint: parsed.constraint.as_ref(),
                operations: &parsed.operations,
                grantee: Some(&parsed.grantee),
                retiring: parsed.retiring.as_deref(),
            }),
            ..Specific::default()
        };
        let on = On::Key(loaded.primary()?);
        Ok(vec![
            Authorization::new("kms:CreateGrant", on).with(specific),
        ])
    }

    fn perform(
        parsed: CreateGrant,
        step: &Step<'_>,
    ) -> Result<Performed<CreateGrantResponse>, Error> {
        supported(&parsed, step.loaded.primary()?.key.key.kind)?;
        let dry_run = parsed.dry_run;
        let grant = parsed.grant(step)?;
        let grants = step.state.grants().of_key(&grant.key);
        if let Some(known) = grants.and_then(|grants| grants.repeated(&grant)) {
            end_dry_run(dry_run)?;
            return Ok(answered(known, step)?.with_elements(elements(known)));
        }
        within_quota(
            step.engine.quotas(),
            grants.map_or(0, |grants| grants.len()),
            &step.loaded.primary()?.key.arn,
        )?;
        end_dry_run(dry_run)?;
        let mut performed = answered(&grant, step)?.with_elements(elements(&grant));
        performed.edits = vec![Edit::PutGrant(Box::new(grant))];
        Ok(performed)
    }
}

fn answered(grant: &Grant, step: &Step<'_>) -> Result<Performed<CreateGrantResponse>, Error> {
    Ok(Performed::read(CreateGrantResponse {
        grant_token: step.engine.grant_token(grant)?,
        grant_id: grant.id.clone(),
    }))
}

/// What CloudTrail tells of the answer: never the token.
fn elements(grant: &Grant) -> Parameters {
    let mut elements = Parameters::default();
    elements
        .value("grantId", &grant.id)
        .value("keyId", &grant.key);
    elements
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::KeySpec;

    #[test]
    fn the_quota_is_the_number_that_a_key_can_have() {
        let quotas = Quotas::default();
        assert!(within_quota(quotas, quotas.grants_per_key - 1, "key").is_ok());
        let refused = within_quota(quotas, quotas.grants_per_key, "key").unwrap_err();
        assert_eq!(refused.code().as_str(), "LimitExceededException");
    }

    #[test]
    fn a_key_of_each_kind_has_its_own_operations() {
        let can = |spec, usage| {
            let kind = KeyKind { spec, usage };
            let all = GrantOperation::ALL.iter().copied();
            let able: Vec<&str> = all
                .filter(|operation| can(kind, *operation))
                .map(GrantOperation::as_str)
                .collect();
            able.join(" ")
        };
        assert_eq!(
            can(KeySpec::SymmetricDefault, KeyUsage::EncryptDecrypt),
            "Decrypt Encrypt GenerateDataKey GenerateDataKeyWithoutPlaintext ReEncryptFrom \
             ReEncryptTo CreateGrant RetireGrant DescribeKey GenerateDataKeyPair \
             GenerateDataKeyPairWithoutPlaintext"
        );
        assert_eq!(
            can(KeySpec::Rsa2048, KeyUsage::EncryptDecrypt),
            "Decrypt Encrypt ReEncryptFrom ReEncryptTo GetPublicKey CreateGrant RetireGrant \
             DescribeKey"
        );
        assert_eq!(
            can(KeySpec::EccNistP256, KeyUsage::SignVerify),
            "Sign Verify GetPublicKey CreateGrant RetireGrant DescribeKey"
        );
        assert_eq!(
            can(KeySpec::Hmac256, KeyUsage::GenerateVerifyMac),
            "CreateGrant RetireGrant DescribeKey GenerateMac VerifyMac"
        );
        assert_eq!(
            can(KeySpec::EccNistP256, KeyUsage::KeyAgreement),
            "GetPublicKey CreateGrant RetireGrant DescribeKey DeriveSharedSecret"
        );
    }

    #[test]
    fn an_operation_is_in_a_grant_once_and_never_creating_alone() {
        let names = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            operations(&names(&["Decrypt", "Encrypt", "Decrypt"])).unwrap(),
            [GrantOperation::Decrypt, GrantOperation::Encrypt]
        );
        assert!(operations(&[]).is_err());
        assert_eq!(
            operations(&names(&["CreateGrant"]))
                .unwrap_err()
                .to_string(),
            "Grants must not contain only the CreateGrant operation."
        );
    }
}
