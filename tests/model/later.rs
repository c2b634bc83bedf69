//! What AWS has added to its model that this service does not have.

use serde_json::Value;

use super::cases::Model;

/// Whole operations.
pub const OPERATIONS: &[&str] = &["Decapsulate", "Encapsulate"];

/// Members: shape, member.
pub const MEMBERS: &[(&str, &str)] = &[
    ("CreateGrantRequest", "GranteeServicePrincipal"),
    ("CreateGrantRequest", "RetiringServicePrincipal"),
    ("GetPublicKeyResponse", "EncapsulationAlgorithms"),
    ("GrantConstraints", "SourceArn"),
    ("GrantListEntry", "GranteeServicePrincipal"),
    ("GrantListEntry", "RetiringServicePrincipal"),
    ("KeyMetadata", "EncapsulationAlgorithms"),
    ("ListGrantsRequest", "GranteeServicePrincipal"),
    ("ListKeysRequest", "ResourceOwners"),
    ("ListRetirableGrantsRequest", "RetiringServicePrincipal"),
];

/// Values: shape, value.
pub const VALUES: &[(&str, &str)] = &[
    ("DataKeyPairSpec", "ML_KEM_1024"),
    ("DataKeyPairSpec", "ML_KEM_512"),
    ("DataKeyPairSpec", "ML_KEM_768"),
    ("GrantOperation", "Decapsulate"),
    ("GrantOperation", "Encapsulate"),
    ("KeyLastUsageTrackingOperation", "Decapsulate"),
    ("KeyLastUsageTrackingOperation", "Encapsulate"),
    ("KeySpec", "ML_KEM_1024"),
    ("KeySpec", "ML_KEM_512"),
    ("KeySpec", "ML_KEM_768"),
    ("KeyUsageType", "ENCAPSULATE_DECAPSULATE"),
];

/// Members that are required as long as those that could take their place are not there.
const REQUIRED: &[(&str, &str)] = &[
    ("CreateGrantRequest", "GranteePrincipal"),
    ("ListRetirableGrantsRequest", "RetiringPrincipal"),
];

/// Takes all of it out of a model; what the model did not have.
pub fn take_out(model: &mut Model) -> Vec<&'static str> {
    let mut absent = Vec::new();
    let mut taken = |name, was_there: bool| {
        if !was_there {
            absent.push(name);
        }
    };
    for name in OPERATIONS {
        let operations = model.0["operations"].as_object_mut().unwrap();
        taken(*name, operations.remove(*name).is_some());
    }
    let shapes = &mut model.0["shapes"];
    for (shape, name) in MEMBERS {
        let members = shapes[*shape]["members"].as_object_mut().unwrap();
        taken(*name, members.remove(*name).is_some());
    }
    for (shape, name) in VALUES {
        let values = shapes[*shape]["enum"].as_array_mut().unwrap();
        let before = values.len();
        values.retain(|value| value != name);
        taken(*name, values.len() < before);
    }
    for (shape, name) in REQUIRED {
        let shape = shapes[*shape].as_object_mut().unwrap();
        let required = shape
            .entry("required")
            .or_insert_with(|| Value::Array(Vec::new()));
        let required = required.as_array_mut().unwrap();
        if !required.iter().any(|other| other == name) {
            required.insert(0, Value::from(*name));
        }
    }
    absent
}
