//! The contract against AWS's own description of it: botocore's service model of KMS.
//!
//! The model is not part of this repository. `KMS_TEST_DATA` names a directory that has it as
//! `aws/kms-2014-11-01.service-2.json`, or `KMS_BOTOCORE_MODEL` names the file itself; with
//! neither these tests say that they are skipped.

#[path = "model/cases.rs"]
mod cases;
#[path = "model/responses.rs"]
mod responses;

use std::collections::BTreeSet;
use std::path::PathBuf;

use cases::{Model, bad_values, good_values, wrong_type};
use kms_core::api::{self, ErrorCode, KeyState, MalformedRequest, Operation, Request, parse};
use serde_json::{Map, Value};

fn test_data(name: &str) -> Option<PathBuf> {
    let directory = std::env::var_os("KMS_TEST_DATA")?;
    let path = PathBuf::from(directory).join(name);
    path.is_file().then_some(path)
}

fn read(path: Option<PathBuf>, what: &str) -> Option<String> {
    let Some(path) = path else {
        eprintln!("skipped: {what} is not in KMS_TEST_DATA");
        return None;
    };
    Some(std::fs::read_to_string(path).unwrap())
}

fn model() -> Option<Model> {
    let named = std::env::var_os("KMS_BOTOCORE_MODEL").map(PathBuf::from);
    let path = named.or_else(|| test_data("aws/kms-2014-11-01.service-2.json"));
    let text = read(path, "AWS's service model (or KMS_BOTOCORE_MODEL)")?;
    Some(Model::new(&text))
}

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
    let Some(model) = model() else { return };
    assert_eq!(format!("{}.", model.target_prefix()), api::TARGET_PREFIX);
    let modelled = model.operations();
    for operation in Operation::ALL {
        assert!(modelled.contains(operation.as_str()), "{operation}");
    }
}

#[test]
fn the_table_agrees_with_the_model_on_dry_runs_and_grant_tokens() {
    let Some(model) = model() else { return };
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
    let Some(model) = model() else { return };
    for operation in Operation::ALL {
        let shape = model.input(*operation);
        for name in model.members(shape) {
            let mut request = smallest(&model, *operation);
            request.insert(
                name.clone(),
                wrong_type(&model, &model.member(shape, &name)),
            );
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
    let Some(model) = model() else { return };
    for operation in Operation::ALL {
        let shape = model.input(*operation);
        for name in model.members(shape) {
            for value in good_values(&model, &model.member(shape, &name)) {
                let mut request = smallest(&model, *operation);
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
    let Some(model) = model() else { return };
    let mut checked = 0;
    for operation in Operation::ALL {
        for name in model.required(model.input(*operation)) {
            for missing in [None, Some(Value::Null)] {
                let mut request = smallest(&model, *operation);
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
    let Some(model) = model() else { return };
    let mut checked = 0;
    for operation in Operation::ALL {
        let shape = model.input(*operation);
        for name in model.members(shape) {
            let member = model.member(shape, &name);
            for (value, violations) in bad_values(&model, &member, &cases::camel_case(&name)) {
                let mut request = smallest(&model, *operation);
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
    let Some(model) = model() else { return };
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
    let Some(model) = model() else { return };
    for operation in Operation::ALL {
        let body = responses::fullest(*operation);
        match model.output(*operation) {
            None => assert!(body.is_empty(), "{operation} answers nothing"),
            Some(shape) => {
                let value: Value = serde_json::from_slice(&body).unwrap();
                model.assert_of_shape(&value, shape, operation.as_str());
            }
        }
    }
}

#[test]
fn the_states_of_a_key_refuse_what_aws_s_table_says() {
    let path = test_data("aws/key-states.md");
    let Some(text) = read(path, "aws/key-states.md") else {
        return;
    };
    let columns = [
        KeyState::Enabled,
        KeyState::Disabled,
        KeyState::PendingDeletion,
        KeyState::PendingImport,
        KeyState::Unavailable,
        KeyState::Creating,
        KeyState::Updating,
    ];
    let mut checked = 0;
    for line in text.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).skip(1).collect();
        let Ok(operation) = cells[0].parse::<Operation>() else {
            continue;
        };
        for (state, cell) in columns.into_iter().zip(&cells[1..]) {
            let expected = if cell.starts_with("OK") {
                None
            } else if cell.starts_with("X[1]") || cell.starts_with("X [1]") {
                Some(ErrorCode::DisabledException)
            } else if cell.starts_with('X') {
                Some(ErrorCode::KMSInvalidStateException)
            } else {
                continue;
            };
            assert_eq!(operation.refusal(state), expected, "{operation} {state}");
            checked += 1;
        }
    }
    assert!(checked > 130, "{checked} cells");
}

#[test]
fn the_actions_are_those_of_aws_s_authorization_reference() {
    let path = test_data("aws/kms_actions.json");
    let Some(text) = read(path, "aws/kms_actions.json") else {
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

#[test]
fn the_coverage_page_lists_every_operation() {
    let page = include_str!("../docs/api-coverage.md");
    let rows: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .filter_map(|line| line.split_once('`'))
        .map(|(name, _)| name)
        .collect();
    let operations: BTreeSet<&str> = Operation::ALL.iter().map(|o| o.as_str()).collect();
    assert_eq!(rows, operations);
}

#[test]
fn the_coverage_page_names_every_member_and_error_of_the_model() {
    let Some(model) = model() else { return };
    let page = include_str!("../docs/api-coverage.md");
    for operation in Operation::ALL {
        let row = page
            .lines()
            .find(|line| line.starts_with(&format!("| `{operation}` ")))
            .unwrap_or_else(|| panic!("no row for {operation}"));
        let named: BTreeSet<&str> = row.split('`').skip(1).step_by(2).collect();
        for name in model.members(model.input(*operation)) {
            assert!(named.contains(name.as_str()), "{operation}: {name}");
        }
        for error in model.errors(*operation) {
            let short = error.trim_end_matches("Exception");
            assert!(named.contains(short), "{operation}: {short}");
        }
    }
}
