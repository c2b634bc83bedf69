//! The contract against AWS's own description of it: botocore's service model of KMS.
//!
//! The model is not part of this repository: it is the one of the pinned boto3 that the end-to-end
//! tests use, or the file that `KMS_BOTOCORE_MODEL` names. What AWS has added to it that this service
//! does not have stands in `model/later.rs`.

#[path = "model/cases.rs"]
mod cases;
#[path = "model/errors.rs"]
mod errors;
#[path = "model/later.rs"]
mod later;
#[path = "model/page.rs"]
mod page;
#[path = "model/responses.rs"]
mod responses;

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use cases::{Model, bad_values, good_values, wrong_type};
use kms_core::api::{self, ErrorCode, MalformedRequest, Operation, Request, parse};
use serde_json::{Map, Value};

/// The model as far as this service follows it.
static MODEL: LazyLock<Model> = LazyLock::new(|| {
    let named = std::env::var_os("KMS_BOTOCORE_MODEL");
    let text = match &named {
        Some(path) => fs::read_to_string(path).unwrap(),
        None => kms_tests::service_model(),
    };
    let mut model = Model::new(&text);
    let absent = later::take_out(&mut model);
    assert!(
        named.is_some() || absent.is_empty(),
        "the model has none of {absent:?}"
    );
    model
});

/// What the body comes to: unreadable, or the message of its violations, empty for none.
fn outcome<R: Request>(body: &[u8]) -> Result<String, MalformedRequest> {
    let request: R = parse(body)?;
    Ok(request
        .validate()
        .map_or_else(|errors| errors.to_string(), |()| String::new()))
}

macro_rules! outcome_of {
    ($operation:expr, $body:expr, $($name:ident $request:ident)*) => {
        match $operation {
            $(Operation::$name => {
                assert_eq!(api::$request::OPERATION, $operation);
                outcome::<api::$request>($body)
            })*
        }
    };
}

fn ask(operation: Operation, members: &Map<String, Value>) -> Result<String, MalformedRequest> {
    let body = serde_json::to_vec(members).unwrap();
    outcome_of!(operation, &body,
        CreateKey CreateKeyRequest
        DescribeKey DescribeKeyRequest
        ListKeys ListKeysRequest
        EnableKey EnableKeyRequest
        DisableKey DisableKeyRequest
        ScheduleKeyDeletion ScheduleKeyDeletionRequest
        CancelKeyDeletion CancelKeyDeletionRequest
        UpdateKeyDescription UpdateKeyDescriptionRequest
        ReplicateKey ReplicateKeyRequest
        UpdatePrimaryRegion UpdatePrimaryRegionRequest
        CreateAlias CreateAliasRequest
        UpdateAlias UpdateAliasRequest
        DeleteAlias DeleteAliasRequest
        ListAliases ListAliasesRequest
        TagResource TagResourceRequest
        UntagResource UntagResourceRequest
        ListResourceTags ListResourceTagsRequest
        GetKeyPolicy GetKeyPolicyRequest
        PutKeyPolicy PutKeyPolicyRequest
        ListKeyPolicies ListKeyPoliciesRequest
        CreateGrant CreateGrantRequest
        ListGrants ListGrantsRequest
        ListRetirableGrants ListRetirableGrantsRequest
        RetireGrant RetireGrantRequest
        RevokeGrant RevokeGrantRequest
        EnableKeyRotation EnableKeyRotationRequest
        DisableKeyRotation DisableKeyRotationRequest
        GetKeyRotationStatus GetKeyRotationStatusRequest
        GetKeyLastUsage GetKeyLastUsageRequest
        RotateKeyOnDemand RotateKeyOnDemandRequest
        ListKeyRotations ListKeyRotationsRequest
        GetParametersForImport GetParametersForImportRequest
        ImportKeyMaterial ImportKeyMaterialRequest
        DeleteImportedKeyMaterial DeleteImportedKeyMaterialRequest
        Encrypt EncryptRequest
        Decrypt DecryptRequest
        ReEncrypt ReEncryptRequest
        GenerateDataKey GenerateDataKeyRequest
        GenerateDataKeyWithoutPlaintext GenerateDataKeyWithoutPlaintextRequest
        GenerateDataKeyPair GenerateDataKeyPairRequest
        GenerateDataKeyPairWithoutPlaintext GenerateDataKeyPairWithoutPlaintextRequest
        Sign SignRequest
        Verify VerifyRequest
        GetPublicKey GetPublicKeyRequest
        DeriveSharedSecret DeriveSharedSecretRequest
        GenerateMac GenerateMacRequest
        VerifyMac VerifyMacRequest
        GenerateRandom GenerateRandomRequest
        CreateCustomKeyStore CreateCustomKeyStoreRequest
        DescribeCustomKeyStores DescribeCustomKeyStoresRequest
        UpdateCustomKeyStore UpdateCustomKeyStoreRequest
        DeleteCustomKeyStore DeleteCustomKeyStoreRequest
        ConnectCustomKeyStore ConnectCustomKeyStoreRequest
        DisconnectCustomKeyStore DisconnectCustomKeyStoreRequest
    )
}

/// A request with the required members only, each with its first good value.
fn smallest(model: &Model, operation: Operation) -> Map<String, Value> {
    let shape = model.input(operation);
    model
        .required(shape)
        .into_iter()
        .map(|name| {
            let member = model.member(shape, &name);
            let value = good_values(model, &member)[0].clone();
            (name, value)
        })
        .collect()
}

fn message(violations: &[String]) -> String {
    let plural = if violations.len() == 1 { "" } else { "s" };
    format!(
        "{} validation error{plural} detected: {}",
        violations.len(),
        violations.join("; ")
    )
}

#[test]
fn the_model_has_every_operation_under_our_target() {
    let model = &*MODEL;
    assert_eq!(format!("{}.", model.target_prefix()), api::TARGET_PREFIX);
    let modelled = model.operations();
    for operation in Operation::ALL {
        assert!(modelled.contains(operation.as_str()), "{operation}");
    }
}

#[test]
fn the_table_agrees_with_the_model_on_dry_runs_and_grant_tokens() {
    let model = &*MODEL;
    for operation in Operation::ALL {
        let members = model.members(model.input(*operation));
        let has = |name: &str| members.contains(name);
        assert_eq!(operation.accepts_dry_run(), has("DryRun"), "{operation}");
        assert_eq!(
            operation.accepts_grant_tokens(),
            has("GrantTokens"),
            "{operation}"
        );
    }
}

#[test]
fn every_member_of_a_request_is_taken_and_must_have_its_json_type() {
    let model = &*MODEL;
    for operation in Operation::ALL {
        let shape = model.input(*operation);
        for name in model.members(shape) {
            let mut request = smallest(model, *operation);
            request.insert(name.clone(), wrong_type(model, &model.member(shape, &name)));
            assert_eq!(
                ask(*operation, &request),
                Err(MalformedRequest),
                "{operation}.{name} is ignored or takes the wrong type"
            );
        }
    }
}

#[test]
fn every_good_value_of_the_model_is_taken() {
    let model = &*MODEL;
    for operation in Operation::ALL {
        let shape = model.input(*operation);
        for name in model.members(shape) {
            for value in good_values(model, &model.member(shape, &name)) {
                let mut request = smallest(model, *operation);
                request.insert(name.clone(), value);
                assert_eq!(
                    ask(*operation, &request).as_deref(),
                    Ok(""),
                    "{operation}.{name}"
                );
            }
        }
    }
}

#[test]
fn a_missing_member_is_told_in_aws_s_words() {
    let model = &*MODEL;
    let mut checked = 0;
    for operation in Operation::ALL {
        for name in model.required(model.input(*operation)) {
            for missing in [None, Some(Value::Null)] {
                let mut request = smallest(model, *operation);
                request.remove(&name);
                request.extend(missing.map(|null| (name.clone(), null)));
                let expected = message(&[cases::null_violation(&cases::camel_case(&name))]);
                assert_eq!(
                    ask(*operation, &request),
                    Ok(expected),
                    "{operation}.{name}"
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 40, "{checked} required members");
}

#[test]
fn every_constraint_of_the_model_is_kept_in_aws_s_words() {
    let model = &*MODEL;
    let mut checked = 0;
    for operation in Operation::ALL {
        let shape = model.input(*operation);
        for name in model.members(shape) {
            let member = model.member(shape, &name);
            for (value, violations) in bad_values(model, &member, &cases::camel_case(&name)) {
                let mut request = smallest(model, *operation);
                request.insert(name.clone(), value);
                let expected = message(&violations);
                let found = ask(*operation, &request).expect("readable");
                assert!(
                    found == expected,
                    "{operation}.{name}: {:.300}\nexpected: {:.300}",
                    found,
                    expected
                );
                checked += 1;
            }
        }
    }
    assert!(checked > 150, "{checked} constraints");
}

#[test]
fn every_error_of_the_model_has_its_code_and_status() {
    let model = &*MODEL;
    for operation in Operation::ALL {
        for error in model.errors(*operation) {
            let code = ErrorCode::ALL
                .iter()
                .find(|code| code.as_str() == error)
                .unwrap_or_else(|| panic!("{operation}: no code {error}"));
            assert_eq!(code.is_fault(), model.is_fault(&error), "{error}");
            match model.http_status(&error) {
                Some(status) => assert_eq!(u64::from(code.http_status()), status, "{error}"),
                None if !code.is_fault() => assert_eq!(code.http_status(), 400, "{error}"),
                None => {}
            }
        }
    }
}

#[test]
fn a_response_has_only_members_of_the_model_each_of_its_type() {
    let model = &*MODEL;
    for operation in Operation::ALL {
        let body = responses::fullest(*operation);
        match model.output(operation.as_str()) {
            None => assert!(body.is_empty(), "{operation} answers nothing"),
            Some(shape) => {
                let value: Value = serde_json::from_slice(&body).unwrap();
                model.assert_of_shape(&value, shape, operation.as_str());
            }
        }
    }
}

#[test]
fn the_actions_are_those_of_aws_s_authorization_reference() {
    let directory = std::env::var_os("KMS_TEST_DATA").map(PathBuf::from);
    let path = directory.map(|directory| directory.join("aws/kms_actions.json"));
    let Some(text) = path.and_then(|path| fs::read_to_string(path).ok()) else {
        eprintln!("skipped: aws/kms_actions.json is not in KMS_TEST_DATA");
        return;
    };
    let reference: Value = serde_json::from_str(&text).unwrap();
    for operation in Operation::ALL {
        for action in operation.actions() {
            let entry = &reference["actions"][action.trim_start_matches("kms:")];
            assert_eq!(entry["apiOperation"], operation.as_str(), "{action}");
            // The reference has none for `ListRetirableGrants`, whose principal is the caller's.
            let cross_account = entry["crossAccount"].as_bool().unwrap_or(false);
            assert_eq!(cross_account, operation.allows_cross_account(), "{action}");
        }
    }
}
