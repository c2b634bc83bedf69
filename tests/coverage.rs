//! Every operation of the table, sent to the built server unsigned, wrongly signed, by somebody
//! whom nothing allows, by somebody who may, and on a disabled key. An operation that is added to
//! the table does not compile here until it has a request; what a case cannot ask of it stands in
//! `coverage-exceptions.txt`, with the reason.

#[path = "coverage/callers.rs"]
mod callers;
#[path = "coverage/cast.rs"]
mod cast;
#[path = "coverage/director.rs"]
mod director;
#[path = "coverage/errors.rs"]
mod errors;
#[path = "coverage/states.rs"]
mod states;

use std::collections::BTreeSet;
use std::fs;

use kms_core::api::{Blob, EncryptionAlgorithm, KeySpec, KeyState, Operation, Resource};
use kms_core::crypto::asymmetric::{self, PublicKey};
use kms_core::crypto::random::SystemRandom;
use kms_tests::{Connection, Credentials, Home, Reply, Server, Signer};
use serde_json::{Value, json};

const ROOT: &str = "arn:aws:iam::111122223333:root";

const OTHER_REGION: &str = "eu-central-1";

const CASES: &[&str] = &[
    "unsigned",
    "wrongly-signed",
    "denied",
    "allowed",
    "disabled-key",
];

/// A server with a root user and a user whom nothing allows anything.
struct World {
    server: Server,
    root: Signer,
    nobody: Signer,
    home: Home,
}

/// What a request is about, made anew for each request that may change it.
struct Things {
    key: String,
    alias: String,
    blob: String,
    grant: String,
    token: String,
}

impl World {
    fn new() -> Self {
        Self::configured("")
    }

    /// With a configuration file.
    fn configured(text: &str) -> Self {
        Self::at(Home::new(), text)
    }

    /// The same, in a home that has files of its own.
    fn at(home: Home, text: &str) -> Self {
        let file = home.scratch("kms-server.toml");
        fs::write(&file, text).unwrap();
        let config = ["--config", file.to_str().unwrap()];
        let regions = ["--other-region", OTHER_REGION];
        let server = Server::start(&home.path(), &[config, regions].concat());
        let host = server.address().to_string();
        let root = Signer::new(&home.root_credentials(), &host);
        let nobody = Signer::new(&home.user("nobody"), &host);
        Self {
            server,
            root,
            nobody,
            home,
        }
    }

    /// The server's address and port.
    fn address(&self) -> String {
        self.server.address().to_string()
    }

    /// What a request of the query protocol, which has to succeed, is answered.
    fn query(&self, action: &str, request: &[u8]) -> String {
        let reply = self.send(request);
        let text = String::from_utf8(reply.body).unwrap();
        assert_eq!(reply.status, 200, "{action}: {text}");
        text
    }

    fn send(&self, request: &[u8]) -> Reply {
        let mut connection = Connection::open(self.server.address()).unwrap();
        let reply = connection.exchange(request).unwrap();
        assert!(
            reply.header("x-amzn-requestid").is_some(),
            "an answer without a request id"
        );
        reply
    }

    /// A request of the root user that has to succeed.
    fn done(&self, operation: &str, body: &Value) -> Value {
        let reply = self.send(&self.root.request(operation, body));
        assert_eq!(
            reply.status,
            200,
            "{operation}: {} {}",
            reply.code(),
            reply.message()
        );
        reply.json()
    }

    fn replicate(&self, key: &str) {
        let body = json!({"KeyId": key, "ReplicaRegion": OTHER_REGION});
        self.done("ReplicateKey", &body);
    }

    fn things(&self, operation: Operation) -> Things {
        self.things_on(operation, &key_kind(operation))
    }

    /// As [`World::things`], on a key of another kind.
    fn things_on(&self, operation: Operation, kind: &Value) -> Things {
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        let made = self.done("CreateKey", kind);
        let key = text(&made["KeyMetadata"]["KeyId"]);
        let external = made["KeyMetadata"]["Origin"] == "EXTERNAL";
        let spec = text(&made["KeyMetadata"]["KeySpec"]).parse().unwrap();
        let imported = external.then(|| self.import(&key, spec));
        let nothing = || ("eA==".to_owned(), "eA==".to_owned());
        let (token, wrapped) = imported.unwrap_or_else(nothing);
        if operation == Operation::UpdatePrimaryRegion {
            self.replicate(&key);
        }
        let alias = format!("alias/{key}");
        if operation != Operation::CreateAlias {
            let body = json!({"AliasName": alias, "TargetKeyId": key});
            self.done("CreateAlias", &body);
        }
        let grant = self.done(
            "CreateGrant",
            &json!({"KeyId": key, "GranteePrincipal": ROOT, "Operations": ["DescribeKey"]}),
        );
        let blob = if external && imports(operation) {
            wrapped
        } else {
            text(&self.blob(operation, &key))
        };
        Things {
            key,
            alias,
            blob,
            grant: text(&grant["GrantId"]),
            token,
        }
    }

    /// Gives a key its material; the token and the material, both of which can come again.
    fn import(&self, key: &str, spec: KeySpec) -> (String, String) {
        let material = asymmetric::generate(spec, &SystemRandom)
            .map_or_else(|_| vec![7; 32], |pair| pair.private.expose().to_vec());
        let (token, wrapped) = self.wrapped(key, &material);
        self.done("ImportKeyMaterial", &importing(key, &token, &wrapped));
        (token, wrapped)
    }

    /// An import token for a key, and material wrapped for it.
    fn wrapped(&self, key: &str, material: &[u8]) -> (String, String) {
        let asked = json!({"KeyId": key, "WrappingAlgorithm": "RSAES_OAEP_SHA_256",
            "WrappingKeySpec": "RSA_2048"});
        let parameters = self.done("GetParametersForImport", &asked);
        let public: Blob = serde_json::from_value(parameters["PublicKey"].clone()).unwrap();
        let public = PublicKey::open(KeySpec::Rsa2048, public.as_slice()).unwrap();
        let wrapped = public.encrypt(
            EncryptionAlgorithm::RsaesOaepSha256,
            material,
            &SystemRandom,
        );
        let wrapped = serde_json::to_value(Blob::from(wrapped.unwrap())).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&parameters["ImportToken"]), text(&wrapped))
    }

    /// What the request of an operation brings along that the key made.
    fn blob(&self, operation: Operation, key: &str) -> Value {
        let ask = |name: &str, body: Value| self.done(name, &body);
        match operation {
            Operation::Sign | Operation::GetPublicKey | Operation::DeriveSharedSecret => {
                ask("GetPublicKey", json!({"KeyId": key}))["PublicKey"].clone()
            }
            Operation::Verify => ask("Sign", signing(key))["Signature"].clone(),
            Operation::GenerateMac | Operation::VerifyMac => {
                ask("GenerateMac", authenticating(key))["Mac"].clone()
            }
            Operation::Decrypt | Operation::ReEncrypt => {
                let sealed = ask("Encrypt", json!({"KeyId": key, "Plaintext": "eA=="}));
                sealed["CiphertextBlob"].clone()
            }
            _ => json!("eA=="),
        }
    }
}

/// Whether an operation is one on keys of imported material.
fn imports(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::GetParametersForImport
            | Operation::ImportKeyMaterial
            | Operation::DeleteImportedKeyMaterial
    )
}

/// The kind of key that an operation needs.
fn key_kind(operation: Operation) -> Value {
    match operation {
        Operation::Sign | Operation::Verify | Operation::GetPublicKey => {
            json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"})
        }
        Operation::DeriveSharedSecret => {
            json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT"})
        }
        Operation::GenerateMac | Operation::VerifyMac => {
            json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"})
        }
        Operation::ReplicateKey | Operation::UpdatePrimaryRegion => json!({"MultiRegion": true}),
        operation if imports(operation) => json!({"Origin": "EXTERNAL"}),
        _ => json!({}),
    }
}

fn importing(key: &str, token: &str, wrapped: &str) -> Value {
    json!({"KeyId": key, "ImportToken": token, "EncryptedKeyMaterial": wrapped,
        "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"})
}

fn signing(key: &str) -> Value {
    json!({"KeyId": key, "Message": "eA==", "SigningAlgorithm": "ECDSA_SHA_256"})
}

fn authenticating(key: &str) -> Value {
    json!({"KeyId": key, "Message": "eA==", "MacAlgorithm": "HMAC_SHA_256"})
}

fn with(mut body: Value, member: &str, value: &str) -> Value {
    body[member] = Value::from(value);
    body
}

/// A request of each operation that succeeds on an enabled key.
fn body(operation: Operation, things: &Things) -> Value {
    use Operation::{
        CancelKeyDeletion, ConnectCustomKeyStore, CreateAlias, CreateCustomKeyStore, CreateGrant,
        CreateKey, Decrypt, DeleteAlias, DeleteCustomKeyStore, DeleteImportedKeyMaterial,
        DeriveSharedSecret, DescribeCustomKeyStores, DescribeKey, DisableKey, DisableKeyRotation,
        DisconnectCustomKeyStore, EnableKey, EnableKeyRotation, Encrypt, GenerateDataKey,
        GenerateDataKeyPair, GenerateDataKeyPairWithoutPlaintext, GenerateDataKeyWithoutPlaintext,
        GenerateMac, GenerateRandom, GetKeyLastUsage, GetKeyPolicy, GetKeyRotationStatus,
        GetParametersForImport, GetPublicKey, ImportKeyMaterial, ListAliases, ListGrants,
        ListKeyPolicies, ListKeyRotations, ListKeys, ListResourceTags, ListRetirableGrants,
        PutKeyPolicy, ReEncrypt, ReplicateKey, RetireGrant, RevokeGrant, RotateKeyOnDemand,
        ScheduleKeyDeletion, Sign, TagResource, UntagResource, UpdateAlias, UpdateCustomKeyStore,
        UpdateKeyDescription, UpdatePrimaryRegion, Verify, VerifyMac,
    };
    let Things {
        key,
        alias,
        blob,
        grant,
        token,
    } = things;
    match operation {
        CreateKey | ListKeys | ListAliases => json!({}),
        DescribeKey
        | EnableKey
        | DisableKey
        | ScheduleKeyDeletion
        | CancelKeyDeletion
        | ListResourceTags
        | GetKeyPolicy
        | ListKeyPolicies
        | EnableKeyRotation
        | ListGrants
        | DisableKeyRotation
        | GetKeyRotationStatus
        | GetKeyLastUsage
        | RotateKeyOnDemand
        | ListKeyRotations
        | GetPublicKey
        | DeleteImportedKeyMaterial => {
            json!({"KeyId": key})
        }
        ReplicateKey => json!({"KeyId": key, "ReplicaRegion": OTHER_REGION}),
        UpdatePrimaryRegion => json!({"KeyId": key, "PrimaryRegion": OTHER_REGION}),
        UpdateKeyDescription => json!({"KeyId": key, "Description": "described"}),
        CreateAlias | UpdateAlias => json!({"AliasName": alias, "TargetKeyId": key}),
        CreateGrant => {
            json!({"KeyId": key, "GranteePrincipal": ROOT, "Operations": ["DescribeKey"]})
        }
        ListRetirableGrants => json!({"RetiringPrincipal": ROOT}),
        RetireGrant | RevokeGrant => json!({"KeyId": key, "GrantId": grant}),
        DeleteAlias => json!({"AliasName": alias}),
        TagResource => json!({"KeyId": key, "Tags": [{"TagKey": "a", "TagValue": "b"}]}),
        UntagResource => json!({"KeyId": key, "TagKeys": ["a"]}),
        PutKeyPolicy => json!({"KeyId": key, "Policy": key_policy()}),
        Encrypt => json!({"KeyId": key, "Plaintext": "eA=="}),
        Decrypt => json!({"CiphertextBlob": blob}),
        ReEncrypt => json!({"CiphertextBlob": blob, "DestinationKeyId": key}),
        GenerateDataKey | GenerateDataKeyWithoutPlaintext => {
            json!({"KeyId": key, "KeySpec": "AES_256"})
        }
        GenerateDataKeyPair | GenerateDataKeyPairWithoutPlaintext => {
            json!({"KeyId": key, "KeyPairSpec": "ECC_NIST_P256"})
        }
        GetParametersForImport => json!({"KeyId": key,
            "WrappingAlgorithm": "RSA_AES_KEY_WRAP_SHA_256", "WrappingKeySpec": "RSA_2048"}),
        ImportKeyMaterial => importing(key, token, blob),
        Sign => signing(key),
        Verify => with(signing(key), "Signature", blob),
        DeriveSharedSecret => {
            json!({"KeyId": key, "KeyAgreementAlgorithm": "ECDH", "PublicKey": blob})
        }
        GenerateMac => authenticating(key),
        VerifyMac => with(authenticating(key), "Mac", blob),
        GenerateRandom => json!({"NumberOfBytes": 16}),
        CreateCustomKeyStore => json!({"CustomKeyStoreName": "safe",
            "CustomKeyStoreType": "EXTERNAL_KEY_STORE", "XksProxyConnectivity": "PUBLIC_ENDPOINT",
            "XksProxyUriEndpoint": "https://xks.example.com", "XksProxyUriPath": "/kms/xks/v1",
            "XksProxyAuthenticationCredential": {
                "AccessKeyId": "A".repeat(20), "RawSecretAccessKey": "s".repeat(43)}}),
        DescribeCustomKeyStores => json!({}),
        UpdateCustomKeyStore => {
            json!({"CustomKeyStoreId": NO_STORE, "NewCustomKeyStoreName": "safer"})
        }
        DeleteCustomKeyStore | ConnectCustomKeyStore | DisconnectCustomKeyStore => {
            json!({"CustomKeyStoreId": NO_STORE})
        }
    }
}

/// The id of no custom key store: a store needs a proxy, and `e2e/external_key_stores.py` has one.
const NO_STORE: &str = "cks-00000000000000000";

/// The request with grant tokens.
fn with_tokens(mut body: Value, tokens: &[&str]) -> Value {
    body["GrantTokens"] = json!(tokens);
    body
}

fn key_policy() -> String {
    json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
        "Action": "kms:*", "Resource": "*"}]})
    .to_string()
}

/// The exceptions file: (operation, case) pairs.
fn exceptions() -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for line in include_str!("coverage-exceptions.txt").lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut words = line.splitn(3, ' ');
        let [operation, case, reason] = std::array::from_fn(|_| words.next().unwrap_or_default());
        assert!(
            operation.parse::<Operation>().is_ok(),
            "no operation: {line}"
        );
        assert!(
            CASES.contains(&case) && reason.len() > 8,
            "no case or no reason: {line}"
        );
        assert!(
            found.insert((operation.to_owned(), case.to_owned())),
            "twice: {line}"
        );
    }
    found
}

/// The operations that `case` asks something of.
fn operations(case: &str) -> Vec<Operation> {
    let exceptions = exceptions();
    let excepted = |operation: &Operation| {
        exceptions.contains(&(operation.as_str().to_owned(), case.to_owned()))
    };
    let asked: Vec<_> = Operation::ALL
        .iter()
        .copied()
        .filter(|o| !excepted(o))
        .collect();
    assert!(
        asked.len() * 2 > Operation::ALL.len(),
        "{case} asks too little"
    );
    asked
}

fn assert_refused(operation: Operation, reply: &Reply, code: &str) {
    assert_eq!(reply.status, 400, "{operation}");
    assert_eq!(reply.code(), code, "{operation}: {}", reply.message());
    let members: Vec<String> = reply.json().as_object().unwrap().keys().cloned().collect();
    let expected = |name: &str| ["__type", "message", "Message"].contains(&name);
    assert!(
        members.iter().all(|name| expected(name)),
        "{operation} lets out {members:?}"
    );
}

#[test]
fn nothing_is_done_for_an_unsigned_request() {
    let world = World::new();
    for operation in operations("unsigned") {
        let body = body(operation, &world.things(operation));
        let host = world.server.address().to_string();
        let request = Signer::unsigned(&host, operation.as_str(), &body);
        let reply = world.send(&request);
        assert_refused(operation, &reply, "MissingAuthenticationTokenException");
    }
}

#[test]
fn nothing_is_done_for_a_wrong_signature() {
    let world = World::new();
    let host = world.server.address().to_string();
    let root = world.home.root_credentials();
    let impostor = Credentials {
        id: root.id,
        secret: "w".repeat(root.secret.len()),
    };
    let impostor = Signer::new(&impostor, &host);
    for operation in operations("wrongly-signed") {
        let body = body(operation, &world.things(operation));
        let reply = world.send(&impostor.request(operation.as_str(), &body));
        assert_refused(operation, &reply, "InvalidSignatureException");
        let elsewhere = world.root.clone().in_region("eu-west-1");
        let reply = world.send(&elsewhere.request(operation.as_str(), &body));
        assert_refused(operation, &reply, "InvalidSignatureException");
    }
}

#[test]
fn nothing_is_done_for_somebody_whom_nothing_allows() {
    let world = World::new();
    for operation in operations("denied") {
        let body = body(operation, &world.things(operation));
        let reply = world.send(&world.nobody.request(operation.as_str(), &body));
        assert_refused(operation, &reply, "AccessDeniedException");
        let (message, action) = (reply.message(), operation.actions()[0]);
        let start = format!(
            "User: arn:aws:iam::111122223333:user/nobody is not authorized to perform: {action}"
        );
        assert!(message.starts_with(&start), "{operation}: {message}");
    }
}

#[test]
fn a_denial_does_not_depend_on_the_state_of_the_key() {
    let world = World::new();
    for operation in operations("disabled-key") {
        let things = world.things(operation);
        let request = body(operation, &things);
        let enabled = world.send(&world.nobody.request(operation.as_str(), &request));
        world.done("DisableKey", &json!({"KeyId": things.key}));
        let disabled = world.send(&world.nobody.request(operation.as_str(), &request));
        assert_eq!(enabled.body, disabled.body, "{operation}");
    }
}

#[test]
fn everything_is_done_for_the_root_user() {
    let world = World::new();
    for operation in operations("allowed") {
        let things = world.things(operation);
        if operation == Operation::CancelKeyDeletion {
            world.done("ScheduleKeyDeletion", &json!({"KeyId": things.key}));
        }
        world.done(operation.as_str(), &body(operation, &things));
    }
}

#[test]
fn a_disabled_key_refuses_what_the_table_says() {
    let world = World::new();
    for operation in operations("disabled-key") {
        let things = world.things(operation);
        let request = body(operation, &things);
        world.done("DisableKey", &json!({"KeyId": things.key}));
        let reply = world.send(&world.root.request(operation.as_str(), &request));
        match operation.refusal(KeyState::Disabled) {
            Some(code) => assert_refused(operation, &reply, code.as_str()),
            None => assert_eq!(reply.status, 200, "{operation}: {}", reply.message()),
        }
    }
}

#[test]
fn a_grant_token_is_taken_where_aws_takes_one_and_a_forged_one_refused() {
    let world = World::new();
    let mut asked = 0;
    for operation in Operation::ALL.iter().filter(|o| o.accepts_grant_tokens()) {
        let things = world.things(*operation);
        let grant = world.done("CreateGrant", &body(Operation::CreateGrant, &things));
        let genuine = grant["GrantToken"].as_str().unwrap();
        let request = |tokens: &[&str]| with_tokens(body(*operation, &things), tokens);
        world.done(operation.as_str(), &request(&[genuine]));
        let flipped = if &genuine[40..41] == "A" { "B" } else { "A" };
        let forged = format!("{}{flipped}{}", &genuine[..40], &genuine[41..]);
        for token in ["token", "AQ==", &genuine[..genuine.len() - 4], &forged] {
            let tokens = request(&[genuine, token]);
            let reply = world.send(&world.root.request(operation.as_str(), &tokens));
            assert_refused(*operation, &reply, "InvalidGrantTokenException");
        }
        asked += 1;
    }
    assert!(asked > 6, "{asked} operations take grant tokens");
}

#[test]
fn the_exceptions_are_exactly_the_operations_without_a_key() {
    let without_a_key = Operation::ALL
        .iter()
        .filter(|o| o.resource() == Resource::Account);
    let mut expected: BTreeSet<_> = without_a_key
        .map(|operation| (operation.as_str().to_owned(), "disabled-key".to_owned()))
        .collect();
    let on_a_store = Operation::ALL.iter().filter(|operation| {
        operation.as_str().ends_with("CustomKeyStore") && operation.is_mutation()
    });
    expected.extend(on_a_store.map(|one| (one.as_str().to_owned(), "allowed".to_owned())));
    assert_eq!(exceptions(), expected);
}
