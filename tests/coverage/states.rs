//! Which operation succeeds in which state of a key, and what AWS says where it does not: every
//! cell, as AWS's developer guide has it under "Key states of AWS KMS keys".

use std::collections::BTreeMap;

use kms_core::api::{KeyState, Operation, Resource};
use kms_tests::Reply;
use serde_json::{Value, json};

use super::{World, assert_refused, body, key_kind};

/// The answer of each operation on a key of the kind that it is for; the import's operations are
/// for keys of imported material. A key is `PendingImport` when its material is imported and gone.
/// `-`: there is no such key.
const STATES: &str = "
                                     Enabled   Disabled  PendingDeletion PendingImport Unavailable  Creating  Updating  PendingReplicaDeletion
DescribeKey                          done      done      done            done          done         done      done      done
EnableKey                            done      done      deleting        importing     done         creating  updating  deleting
DisableKey                           done      done      deleting        importing     done         creating  updating  deleting
ScheduleKeyDeletion                  done      done      deleting        done          done         done      updating  deleting
CancelKeyDeletion                    staying   staying   done            staying       staying      staying   staying   done
UpdateKeyDescription                 done      done      deleting        done          done         done      done      deleting
ReplicateKey                         done      disabled  deleting        importing     -            creating  updating  deleting
UpdatePrimaryRegion                  done      disabled  -               importing     -            creating  done      deleting
CreateAlias                          done      done      deleting        done          done         done      done      deleting
UpdateAlias                          done      done      deleting        done          done         done      done      deleting
DeleteAlias                          done      done      done            done          done         done      done      done
TagResource                          done      done      deleting        done          done         done      done      deleting
UntagResource                        done      done      deleting        done          done         done      done      deleting
ListResourceTags                     done      done      done            done          done         done      done      done
GetKeyPolicy                         done      done      done            done          done         done      done      done
PutKeyPolicy                         done      done      done            done          done         done      done      done
ListKeyPolicies                      done      done      done            done          done         done      done      done
CreateGrant                          done      disabled  deleting        importing     done         creating  done      deleting
ListGrants                           done      done      done            done          done         done      done      done
RetireGrant                          done      done      done            done          done         done      done      done
RevokeGrant                          done      done      done            done          done         done      done      done
EnableKeyRotation                    done      disabled  deleting        origin        origin       creating  done      deleting
DisableKeyRotation                   done      disabled  deleting        origin        origin       creating  done      deleting
GetKeyRotationStatus                 done      done      done            origin        origin       done      done      done
RotateKeyOnDemand                    done      disabled  deleting        importing     origin       creating  done      deleting
ListKeyRotations                     done      done      done            done          done         done      done      done
GetKeyLastUsage                      done      done      done            done          done         done      done      done
GetParametersForImport               done      done      deleting        done          -            creating  updating  deleting
ImportKeyMaterial                    done      done      deleting        done          -            creating  done      deleting
DeleteImportedKeyMaterial            done      done      done            done          -            creating  updating  done
Encrypt                              done      disabled  deleting        importing     unavailable  creating  done      deleting
Decrypt                              done      disabled  deleting        importing     unavailable  creating  done      deleting
ReEncrypt                            done      disabled  deleting        importing     unavailable  creating  done      deleting
GenerateDataKey                      done      disabled  deleting        importing     unavailable  creating  done      deleting
GenerateDataKeyWithoutPlaintext      done      disabled  deleting        importing     unavailable  creating  done      deleting
GenerateDataKeyPair                  done      disabled  deleting        importing     unavailable  creating  done      deleting
GenerateDataKeyPairWithoutPlaintext  done      disabled  deleting        importing     unavailable  creating  done      deleting
Sign                                 done      disabled  deleting        importing     -            creating  done      deleting
Verify                               done      disabled  deleting        importing     -            creating  done      deleting
GetPublicKey                         done      disabled  deleting        importing     -            creating  done      deleting
DeriveSharedSecret                   done      disabled  deleting        importing     -            creating  done      deleting
GenerateMac                          done      disabled  deleting        importing     -            creating  done      deleting
VerifyMac                            done      disabled  deleting        importing     -            creating  done      deleting
";

/// The answer of operations on a key of a kind that they are not for. AWS tells that a key is
/// disabled before it looks at the kind; of a key that waits for its deletion or its material it
/// looks at the origin first.
const KINDS: &str = "
                                     Enabled   Disabled  PendingDeletion PendingImport
EnableKeyRotation          imported  origin    disabled  origin          origin
DisableKeyRotation         imported  origin    disabled  origin          origin
GetKeyRotationStatus       imported  origin    origin    origin          origin
RotateKeyOnDemand          imported  nothing   disabled  deleting        importing
EnableKeyRotation          pair      kind      disabled  deleting        -
DisableKeyRotation         pair      kind      disabled  deleting        -
GetKeyRotationStatus       pair      kind      kind      kind            -
RotateKeyOnDemand          pair      kind      disabled  deleting        -
ListKeyRotations           pair      kind      kind      kind            -
EnableKeyRotation          mac       kind      disabled  deleting        -
DisableKeyRotation         mac       kind      disabled  deleting        -
GetKeyRotationStatus       mac       kind      kind      kind            -
RotateKeyOnDemand          mac       kind      disabled  deleting        -
ListKeyRotations           mac       kind      kind      kind            -
GetParametersForImport     made      origin    origin    origin          -
ImportKeyMaterial          made      origin    origin    origin          -
DeleteImportedKeyMaterial  made      origin    origin    origin          -
";

/// The state that a key comes into by a proxy alone, and the test in `tests/service` that has one and
/// holds this column.
const BY_A_PROXY: (KeyState, &str) = (
    KeyState::Unavailable,
    "the_keys_of_a_store_that_is_not_connected_are_unavailable",
);

/// The states that no key comes into at all: related keys change in one commit, so that none of
/// them is ever on its way.
const NEVER: &[KeyState] = &[KeyState::Creating, KeyState::Updating];

fn is_reachable(state: KeyState) -> bool {
    !NEVER.contains(&state) && state != BY_A_PROXY.0
}

/// The cells of a table: the words before the answers, the state, the answer.
fn cells(table: &'static str) -> Vec<(Vec<&'static str>, KeyState, &'static str)> {
    let mut lines = table.lines().filter(|line| !line.is_empty());
    let header = lines.next().unwrap();
    let states: Vec<KeyState> = header
        .split_whitespace()
        .map(|state| state.parse().unwrap())
        .collect();
    let mut cells = Vec::new();
    for line in lines {
        let mut words: Vec<&str> = line.split_whitespace().collect();
        let answers = words.split_off(words.len() - states.len());
        let row = states.iter().zip(answers);
        cells.extend(row.map(|(state, answer)| (words.clone(), *state, answer)));
    }
    cells
}

impl World {
    /// Brings an enabled key into a state.
    fn bring(&self, key: &str, state: KeyState) {
        let body = json!({"KeyId": key});
        match state {
            KeyState::Enabled => Value::Null,
            KeyState::Disabled => self.done("DisableKey", &body),
            KeyState::PendingDeletion => self.done("ScheduleKeyDeletion", &body),
            KeyState::PendingImport => self.done("DeleteImportedKeyMaterial", &body),
            KeyState::PendingReplicaDeletion => {
                let keys = &self.done("DescribeKey", &body)["KeyMetadata"];
                let keys = &keys["MultiRegionConfiguration"]["ReplicaKeys"];
                if keys.as_array().unwrap().is_empty() {
                    self.replicate(key);
                }
                self.done("ScheduleKeyDeletion", &body)
            }
            other => panic!("no way to {other} yet"),
        };
        let described = self.done("DescribeKey", &body);
        assert_eq!(described["KeyMetadata"]["KeyState"], state.as_str());
    }

    /// What `operation` answers on a key of `kind` in `state`; and the key.
    fn answer(&self, operation: Operation, kind: &Value, state: KeyState) -> (String, Reply) {
        let things = self.things_on(operation, kind);
        let request = body(operation, &things);
        self.bring(&things.key, state);
        let reply = self.send(&self.root.request(operation.as_str(), &request));
        (things.key, reply)
    }
}

/// What AWS says in an answer of the tables: its code and words.
fn told(answer: &str, key: &str, kind: &Value) -> (&'static str, String) {
    let arn = format!("arn:aws:kms:us-east-1:111122223333:key/{key}");
    let origin = kind["Origin"].as_str().unwrap_or("AWS_KMS");
    let state = "KMSInvalidStateException";
    let unsupported = "UnsupportedOperationException";
    match answer {
        "disabled" => ("DisabledException", format!("{arn} is disabled.")),
        "deleting" => (state, format!("{arn} is pending deletion.")),
        "staying" => (state, format!("{arn} is not pending deletion.")),
        "importing" => (state, format!("{arn} is pending import.")),
        "nothing" => (
            state,
            format!("No available key material pending rotation for the key: {arn}."),
        ),
        "origin" => (
            unsupported,
            format!("{arn} origin is {origin} which is not valid for this operation."),
        ),
        "kind" => (unsupported, String::new()),
        other => panic!("no words for {other}"),
    }
}

fn check(world: &World, operation: Operation, kind: &Value, state: KeyState, answer: &str) {
    let (key, reply) = world.answer(operation, kind, state);
    if answer == "done" {
        let message = reply.message();
        assert_eq!(reply.status, 200, "{operation} {kind} {state}: {message}");
        return;
    }
    let (code, mut words) = told(answer, &key, kind);
    if answer == "deleting" && state == KeyState::PendingReplicaDeletion {
        words = words.replace("pending deletion", "pending replica deletion");
    }
    let context = format!("{operation} {kind} {state}: {}", reply.message());
    assert_eq!(reply.code(), code, "{context}");
    assert_refused(operation, &reply, code);
    assert_eq!(reply.message(), words, "{operation} {kind} {state}");
}

#[test]
fn every_operation_answers_in_every_state_as_in_aws() {
    let world = World::new();
    let mut rows = BTreeMap::new();
    for (words, state, answer) in cells(STATES) {
        let operation: Operation = words[0].parse().unwrap();
        *rows.entry(operation).or_insert(0) += 1;
        if !is_reachable(state) || answer == "-" {
            continue;
        }
        let mut kind = key_kind(operation);
        if state == KeyState::PendingImport {
            kind["Origin"] = json!("EXTERNAL");
        }
        if state == KeyState::PendingReplicaDeletion {
            kind["MultiRegion"] = json!(true);
        }
        check(&world, operation, &kind, state, answer);
    }
    let with_a_key = Operation::ALL
        .iter()
        .filter(|operation| operation.resource() != Resource::Account);
    let columns = KeyState::ALL.len();
    assert_eq!(rows, with_a_key.map(|o| (*o, columns)).collect());
}

#[test]
fn a_key_of_another_kind_is_refused_as_in_aws() {
    let world = World::new();
    for (words, state, answer) in cells(KINDS) {
        let operation = words[0].parse().unwrap();
        let kind = match words[1] {
            "imported" => json!({"Origin": "EXTERNAL"}),
            "pair" => json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}),
            "mac" => json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}),
            _ => json!({}),
        };
        if answer != "-" {
            check(&world, operation, &kind, state, answer);
        }
    }
}

#[test]
fn a_state_that_is_left_out_is_tried_where_there_is_a_proxy() {
    let tests = include_str!("../service/external_keys.rs");
    assert!(tests.contains(&format!("fn {}()", BY_A_PROXY.1)));
}

#[test]
fn the_other_key_of_an_operation_is_asked_as_in_aws() {
    let world = World::new();
    let external = json!({"Origin": "EXTERNAL"});
    for (state, answer) in [
        (KeyState::Disabled, "disabled"),
        (KeyState::PendingDeletion, "deleting"),
        (KeyState::PendingImport, "importing"),
    ] {
        let source = world.things(Operation::ReEncrypt);
        let other = world.things_on(Operation::DescribeKey, &external).key;
        world.bring(&other, state);
        let request = json!({"CiphertextBlob": source.blob, "DestinationKeyId": other});
        let reply = world.send(&world.root.request("ReEncrypt", &request));
        let (code, words) = told(answer, &other, &external);
        assert_refused(Operation::ReEncrypt, &reply, code);
        assert_eq!(reply.message(), words);
        // The key that an alias leaves may be in any state.
        let left = world.things_on(Operation::UpdateAlias, &external);
        world.bring(&left.key, state);
        let request = json!({"AliasName": left.alias, "TargetKeyId": source.key});
        world.done("UpdateAlias", &request);
    }
}
