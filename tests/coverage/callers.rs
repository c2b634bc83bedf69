//! Every operation for every kind of caller: what an identity policy lets do, what the key policy alone,
//! what a grant alone; and that nothing else is done for anybody.

use std::collections::BTreeMap;
use std::thread;

use kms_core::api::{GrantOperation, Operation, Resource};
use kms_tests::{Home, Reply};
use serde_json::json;

use super::cast::{Caller, Cast, Grounds};
use super::director::{Director, provider};
use super::{Things, World, body, exceptions, key_kind};

const THREADS: usize = 6;

/// Whether an operation is done for who has nothing but an identity policy, a key policy that names it,
/// or a grant of that very operation on the key. An alias and what is no key yet have no policy of their
/// own; a related key in another Region has another one; and a grant is retired by whom it names, or by
/// who may retire all of the account.
const TABLE: &str = "
                                     identity  key     grant
CreateKey                            done      -       -
DescribeKey                          done      done    done
ListKeys                             done      -       -
EnableKey                            done      done    -
DisableKey                           done      done    -
ScheduleKeyDeletion                  done      done    -
CancelKeyDeletion                    done      done    -
UpdateKeyDescription                 done      done    -
ReplicateKey                         done      -       -
UpdatePrimaryRegion                  done      -       -
CreateAlias                          done      -       -
UpdateAlias                          done      -       -
DeleteAlias                          done      -       -
ListAliases                          done      -       -
TagResource                          done      done    -
UntagResource                        done      done    -
ListResourceTags                     done      done    -
GetKeyPolicy                         done      done    -
PutKeyPolicy                         done      done    -
ListKeyPolicies                      done      done    -
CreateGrant                          done      done    done
ListGrants                           done      done    -
ListRetirableGrants                  done      -       -
RetireGrant                          done      -       -
RevokeGrant                          done      done    -
EnableKeyRotation                    done      done    -
DisableKeyRotation                   done      done    -
GetKeyRotationStatus                 done      done    -
RotateKeyOnDemand                    done      done    -
ListKeyRotations                     done      done    -
GetKeyLastUsage                      done      done    -
GetParametersForImport               done      done    -
ImportKeyMaterial                    done      done    -
DeleteImportedKeyMaterial            done      done    -
Encrypt                              done      done    done
Decrypt                              done      done    done
ReEncrypt                            done      done    done
GenerateDataKey                      done      done    done
GenerateDataKeyWithoutPlaintext      done      done    done
GenerateDataKeyPair                  done      done    done
GenerateDataKeyPairWithoutPlaintext  done      done    done
Sign                                 done      done    done
Verify                               done      done    done
GetPublicKey                         done      done    done
DeriveSharedSecret                   done      done    done
GenerateMac                          done      done    done
VerifyMac                            done      done    done
GenerateRandom                       done      -       -
CreateCustomKeyStore                 done      -       -
DescribeCustomKeyStores              done      -       -
UpdateCustomKeyStore                 done      -       -
DeleteCustomKeyStore                 done      -       -
ConnectCustomKeyStore                done      -       -
DisconnectCustomKeyStore             done      -       -
";

/// The row of each operation.
fn table() -> BTreeMap<Operation, [bool; 3]> {
    let rows = TABLE.lines().skip(2).map(|line| {
        let mut words = line.split_whitespace();
        let operation: Operation = words.next().unwrap().parse().unwrap();
        let cells = std::array::from_fn(|_| words.next() == Some("done"));
        (operation, cells)
    });
    let table: BTreeMap<_, _> = rows.collect();
    assert_eq!(
        table.len(),
        Operation::ALL.len(),
        "a row for each operation"
    );
    table
}

fn expects(row: [bool; 3], operation: Operation, grounds: Grounds) -> bool {
    let [identity, key, grant] = row;
    match grounds {
        Grounds::Root => true,
        Grounds::Identity => identity,
        Grounds::KeyPolicy => key,
        Grounds::Grant => grant,
        Grounds::OffTheKey => identity && operation.resource() == Resource::Account,
        Grounds::Nothing => false,
    }
}

/// Whether it succeeds once on what it is about, and then something has to be made anew.
fn uses_up(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::ScheduleKeyDeletion
            | Operation::CancelKeyDeletion
            | Operation::ReplicateKey
            | Operation::UpdatePrimaryRegion
            | Operation::CreateAlias
            | Operation::DeleteAlias
            | Operation::PutKeyPolicy
            | Operation::RetireGrant
            | Operation::RevokeGrant
            | Operation::RotateKeyOnDemand
    )
}

/// What a grant that is to allow the operation, if any can, has to have.
fn granting(operation: Operation) -> Vec<&'static str> {
    let of_grants = operation.actions().iter();
    let of_grants = of_grants.filter_map(|action| GrantOperation::of_action(action));
    let mut operations: Vec<_> = of_grants.map(|operation| operation.as_str()).collect();
    if !operations.contains(&"DescribeKey") {
        operations.push("DescribeKey");
    }
    operations
}

impl World {
    /// What the operation is about, on a key with this policy and grants to these principals.
    fn staged(&self, operation: Operation, policy: &str, grantees: &[String]) -> Things {
        let mut kind = key_kind(operation);
        kind["Policy"] = policy.into();
        let things = self.things_on(operation, &kind);
        for grantee in grantees {
            let grant = json!({"KeyId": things.key, "GranteePrincipal": grantee,
                "Operations": granting(operation)});
            self.done("CreateGrant", &grant);
        }
        if operation == Operation::CancelKeyDeletion {
            self.done("ScheduleKeyDeletion", &json!({"KeyId": things.key}));
        }
        things
    }

    fn ask(&self, operation: Operation, things: &Things, caller: &Caller) -> Reply {
        let mut request = body(operation, things);
        if operation == Operation::PutKeyPolicy {
            // Whoever is allowed by the policy that it takes away would be held to ask somebody else.
            request["BypassPolicyLockoutSafetyCheck"] = true.into();
        }
        self.send(&caller.signer.request(operation.as_str(), &request))
    }
}

/// What is wrong with an answer, if anything is.
fn fault(operation: Operation, caller: &Caller, reply: &Reply, allowed: bool) -> Option<String> {
    let denied = reply.status == 400 && reply.code() == "AccessDeniedException";
    let right = if !allowed {
        let start = format!("User: {} is not authorized to perform: kms:", caller.arn);
        denied && reply.message().starts_with(&start)
    } else if exceptions().contains(&(operation.as_str().to_owned(), "allowed".to_owned())) {
        !denied && reply.code() != "UnrecognizedClientException"
    } else {
        reply.status == 200
    };
    let wanted = if allowed { "allowed" } else { "denied" };
    (!right).then(|| {
        let said = format!("{} {} {}", reply.status, reply.code(), reply.message());
        format!("{operation}, {}, to be {wanted}: {said}", caller.row)
    })
}

/// What is wrong with the answers to one operation.
fn faults(world: &World, cast: &Cast, operation: Operation, row: [bool; 3]) -> Vec<String> {
    let policy = cast.key_policy();
    let (allowed, denied): (Vec<_>, Vec<_>) = cast
        .callers
        .iter()
        .partition(|caller| expects(row, operation, caller.grounds));
    let mut found = Vec::new();
    let mut things = world.staged(operation, &policy, &cast.grantees);
    for caller in denied {
        let reply = world.ask(operation, &things, caller);
        found.extend(fault(operation, caller, &reply, false));
    }
    let mut used_up = false;
    for caller in allowed {
        if used_up {
            things = world.staged(operation, &policy, &[]);
        }
        let reply = world.ask(operation, &things, caller);
        found.extend(fault(operation, caller, &reply, true));
        used_up = uses_up(operation);
    }
    found
}

#[test]
fn every_operation_is_done_for_those_whom_something_allows_and_for_nobody_else() {
    let home = Home::new();
    let (pair, config) = provider(&home);
    let world = World::at(home, &config);
    let cast = Director::new(&world, pair).cast();
    let rows: Vec<_> = table().into_iter().collect();
    let work = |part: &[(Operation, [bool; 3])]| -> Vec<String> {
        let each = part.iter();
        each.flat_map(|(operation, row)| faults(&world, &cast, *operation, *row))
            .collect()
    };
    let parts = rows.chunks(rows.len().div_ceil(THREADS));
    // Most of the time goes by waiting for the disk.
    let found: Vec<String> = thread::scope(|scope| {
        let running: Vec<_> = parts.map(|part| scope.spawn(|| work(part))).collect();
        let ended = running.into_iter();
        ended.flat_map(|thread| thread.join().unwrap()).collect()
    });
    println!("{} operations, {} callers", rows.len(), cast.callers.len());
    assert!(found.is_empty(), "{}: {found:#?}", found.len());
}
