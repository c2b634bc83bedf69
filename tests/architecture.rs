//! The house keeps its shape: layers, sizes, one cryptographic room, a fuzz target for every
//! parser. Each rule names the place that breaks it.

#[path = "architecture/source.rs"]
mod source;

use std::collections::BTreeSet;
use std::fs;

use kms_tests::workspace;
use source::{Source, entries, manifest, names_crate, none, relative, rooms_named, sources};
use toml::Value;

/// The crates that users get.
const PRODUCT: [&str; 4] = ["kms-core", "kms-cli", "kms-server", "kms-object-store"];
/// Their code.
const PRODUCT_SOURCES: [&str; 4] = [
    "kms-core/src",
    "kms-cli/src",
    "kms-server/src",
    "kms-object-store/src",
];

/// What the object store may use of kms-core: the room of messages, and what its arguments are.
const ROOMS_OF_THE_OBJECT_STORE: &[&str] = &["ciphertext", "crypto", "envelope", "secret"];

/// The rooms of kms-core. A room uses rooms of lines above its own, and rooms to its left.
const LAYERS: &[&[&str]] = &[
    &["ids", "secret", "time"],
    &["api"],
    &["crypto"],
    &[
        "ciphertext",
        "keys",
        "caller",
        "grants",
        "sigv4",
        "attestation",
    ],
    &[
        "policy",
        "identity",
        "oidc",
        "seed",
        "principals_file",
        "xks",
        "envelope",
    ],
    &["audit"],
    &["root"],
    &["store"],
    &["error"],
    &["service"],
];

/// The last layer whose rooms are pure functions of their arguments.
const LAST_PURE_LAYER: &str = "envelope";

/// What a pure room does not name.
const IMPURE: &[&str] = &[
    "std::fs",
    "TcpStream",
    "TcpListener",
    "UdpSocket",
    "ToSocketAddrs",
    "std::env",
    "std::thread",
    "std::process",
    "std::io::stdin",
    "SystemTime::now",
    "Instant::now",
    "Zoned::now",
    "Timestamp::now",
    "async fn",
    "tokio::",
    "tempfile::",
    "rusqlite::",
    "rustix::",
];

/// Libraries of cryptography: named in `kms-core/src/crypto` only.
const CRYPTOGRAPHIC: &[&str] = &[
    "aes",
    "aes_gcm",
    "argon2",
    "aws_lc_rs",
    "aws_lc_sys",
    "blake2",
    "blake3",
    "ed25519_dalek",
    "getrandom",
    "ghash",
    "hkdf",
    "hmac",
    "k256",
    "md5",
    "ml_dsa",
    "openssl",
    "p256",
    "p384",
    "pbkdf2",
    "rand",
    "rand_core",
    "ring",
    "rsa",
    "scrypt",
    "sha1",
    "sha2",
    "sm2",
    "sm3",
    "subtle",
    "webpki",
    "x25519_dalek",
    "x509_cert",
];

/// Where a name of [`CRYPTOGRAPHIC`] may stand outside that room, and why.
const CRYPTOGRAPHIC_EXCEPTIONS: &[(&str, &str)] = &[];

/// Files that name `zeroize`, which wipes and does no cryptography.
const WIPING: &[&str] = &[
    "kms-cli/src/",
    "kms-core/src/api/blob.rs",
    "kms-core/src/secret.rs",
    "kms-core/src/envelope/",
    "kms-core/src/crypto/",
];

/// A fuzz target for every parser of bytes or text from outside.
const FUZZ_TARGETS: &[&str] = &[
    "api_request",
    "attestation_document",
    "audit_segment",
    "ciphertext_blob",
    "client_certificate",
    "condition_value",
    "encryption_context",
    "envelope_message",
    "import_token",
    "key_reference",
    "key_set",
    "policy_case",
    "policy_document",
    "principals_file",
    "public_key",
    "query_request",
    "random_access",
    "sealed_record",
    "seed_file",
    "server_config",
    "session_token",
    "sigv4_request",
    "sm2_ciphertext",
    "web_identity_token",
    "wildcard_pattern",
    "xks_message",
];

const MOST_LINES_OF_A_FILE: usize = 600;
const MOST_LINES_OF_MAIN: usize = 30;

/// The position of a room: its layer, and its place in it.
fn position(room: &str) -> Option<(usize, usize)> {
    LAYERS.iter().enumerate().find_map(|(layer, rooms)| {
        rooms
            .iter()
            .position(|name| *name == room)
            .map(|place| (layer, place))
    })
}

#[test]
fn a_room_uses_only_rooms_to_its_left() {
    let mut breaches = Vec::new();
    for source in sources(&["kms-core/src"]) {
        let Some(room) = source.room() else { continue };
        let Some(own) = position(room) else {
            breaches.push(format!(
                "{}: the room {room} stands in no layer",
                source.path
            ));
            continue;
        };
        let code: String = source
            .shipped()
            .map(|(_, line)| format!("{line}\n"))
            .collect();
        for used in rooms_named(&code) {
            let used = if used == "Error" {
                "error".to_owned()
            } else {
                used
            };
            if position(&used).is_some_and(|place| place > own) {
                breaches.push(format!("{}: {room} uses {used}", source.path));
            }
        }
    }
    none(&breaches, "a room uses only rooms to its left");
}

#[test]
fn the_object_store_knows_messages_and_nothing_of_the_engine() {
    let mut breaches = Vec::new();
    for source in sources(&["kms-object-store/src"]) {
        for (number, line) in source.shipped() {
            for path in line.split("kms_core::").skip(1) {
                let room: String = path.chars().take_while(|c| c.is_alphanumeric()).collect();
                if !ROOMS_OF_THE_OBJECT_STORE.contains(&room.as_str()) {
                    breaches.push(format!("{}:{number} uses {room}", source.path));
                }
            }
        }
    }
    none(&breaches, "kms-object-store uses the room of messages");
}

#[test]
fn every_room_of_the_table_exists_and_is_listed_in_layer_order() {
    let text = fs::read_to_string(workspace().join("kms-core/src/lib.rs")).unwrap();
    let mut last_layer = 0;
    for line in text.lines() {
        let declared = line
            .strip_prefix("pub mod ")
            .or_else(|| line.strip_prefix("mod "));
        let Some(room) = declared.and_then(|rest| rest.strip_suffix(';')) else {
            continue;
        };
        let (layer, _) = position(room).unwrap_or_else(|| panic!("{room} stands in no layer"));
        assert!(
            layer >= last_layer,
            "lib.rs lists {room} after a room of a later layer"
        );
        last_layer = layer;
    }
    for room in LAYERS.iter().flat_map(|layer| layer.iter()) {
        assert!(
            text.contains(&format!("mod {room};")),
            "lib.rs does not list {room}"
        );
    }
}

#[test]
fn rooms_up_to_envelope_are_pure() {
    let (last, _) = position(LAST_PURE_LAYER).unwrap();
    // The one place that asks the operating system for entropy, the clock's one reading of it, the
    // traits of asynchronous streams, which messages are given and taken by, and the threads that seal
    // a file together, or one message while another is opened, and end before the call returns.
    let exempt = [
        "kms-core/src/crypto/random.rs",
        "kms-core/src/envelope/asynchronous/futures.rs",
        "kms-core/src/envelope/asynchronous/tokio.rs",
        "kms-core/src/envelope/parallel.rs",
        "kms-core/src/envelope/reencrypt.rs",
        "kms-core/src/time.rs",
    ];
    let mut breaches = Vec::new();
    for source in sources(&["kms-core/src"]) {
        let layer = source.room().and_then(position);
        if layer.is_none_or(|(layer, _)| layer > last) || exempt.contains(&source.path.as_str()) {
            continue;
        }
        for (number, line) in source.shipped() {
            for name in IMPURE.iter().filter(|name| line.contains(**name)) {
                breaches.push(format!("{}:{number} names {name}", source.path));
            }
        }
    }
    none(
        &breaches,
        "rooms up to envelope have no I/O, clock, environment or async",
    );
}

/// The libraries of cryptography that a product crate can name at all, as identifiers.
fn cryptographic_dependencies() -> Vec<String> {
    let mut found = Vec::new();
    for package in PRODUCT {
        let manifest = manifest(&format!("{package}/Cargo.toml"));
        let names = manifest["dependencies"].as_table().unwrap().keys();
        found.extend(names.map(|name| name.replace('-', "_")));
    }
    found.retain(|name| CRYPTOGRAPHIC.contains(&name.as_str()));
    found
}

#[test]
fn only_the_cryptographic_room_names_a_cryptographic_library() {
    let mut breaches = Vec::new();
    let libraries = cryptographic_dependencies();
    assert!(libraries.contains(&"aws_lc_rs".to_owned()));
    for source in sources(&PRODUCT_SOURCES) {
        let excused = |name: &str| CRYPTOGRAPHIC_EXCEPTIONS.contains(&(source.path.as_str(), name));
        if source.path.starts_with("kms-core/src/crypto/") {
            continue;
        }
        for (number, line) in source.shipped() {
            for name in libraries.iter().filter(|name| names_crate(line, name)) {
                if !excused(name) {
                    breaches.push(format!("{}:{number} names {name}", source.path));
                }
            }
            let wipes = WIPING.iter().any(|place| source.path.starts_with(place));
            if names_crate(line, "zeroize") && !wipes {
                breaches.push(format!("{}:{number} names zeroize", source.path));
            }
        }
    }
    none(
        &breaches,
        "only kms-core/src/crypto names a cryptographic library",
    );
}

#[test]
fn the_programs_do_not_depend_on_a_cryptographic_library() {
    let mut breaches = Vec::new();
    for package in PRODUCT.into_iter().filter(|name| *name != "kms-core") {
        let manifest = manifest(&format!("{package}/Cargo.toml"));
        for name in manifest["dependencies"].as_table().unwrap().keys() {
            if CRYPTOGRAPHIC.contains(&name.replace('-', "_").as_str()) {
                breaches.push(format!("{package}/Cargo.toml: {name}"));
            }
        }
    }
    none(&breaches, "a program reaches cryptography through kms-core");
}

#[test]
fn only_the_embedded_store_names_its_engine() {
    let mut breaches = Vec::new();
    for source in sources(&PRODUCT_SOURCES) {
        let own = source.path.starts_with("kms-core/src/store/sqlite");
        for (number, line) in source
            .shipped()
            .filter(|(_, line)| names_crate(line, "rusqlite"))
        {
            if !own {
                breaches.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    none(&breaches, "only kms-core/src/store/sqlite names rusqlite");
}

#[test]
fn files_stay_small() {
    let mut breaches = Vec::new();
    let all = [
        "kms-core",
        "kms-cli",
        "kms-server",
        "kms-object-store",
        "tests",
        "benches",
        "fuzz/src",
    ];
    for source in sources(&all) {
        let lines = source.text.lines().count();
        let is_main = source.path.starts_with("kms-") && source.path.ends_with("src/main.rs");
        let most = if is_main {
            MOST_LINES_OF_MAIN
        } else {
            MOST_LINES_OF_A_FILE
        };
        if lines > most {
            breaches.push(format!("{}: {lines} lines, at most {most}", source.path));
        }
    }
    none(&breaches, "a file that grows past its size misses a room");
}

#[test]
fn every_product_crate_inherits_the_lints() {
    for package in PRODUCT {
        let manifest = manifest(&format!("{package}/Cargo.toml"));
        assert_eq!(
            manifest["lints"]["workspace"].as_bool(),
            Some(true),
            "{package}"
        );
    }
    for package in ["tests", "benches"] {
        let manifest = manifest(&format!("{package}/Cargo.toml"));
        assert_eq!(
            manifest["lints"]["rust"]["unsafe_code"].as_str(),
            Some("forbid"),
            "{package}"
        );
    }
}

#[test]
fn lints_are_expected_with_a_reason_and_never_allowed() {
    let mut breaches = Vec::new();
    for source in sources(&PRODUCT_SOURCES) {
        for (index, line) in source.text.lines().enumerate() {
            let line = line.trim_start();
            if line.starts_with("#[allow(") || line.starts_with("#![allow(") {
                breaches.push(format!("{}:{}: {line}", source.path, index + 1));
            }
        }
    }
    none(&breaches, "#[expect(lint, reason = …)], never #[allow]");
}

#[test]
fn every_dependency_says_what_it_is_for() {
    let text = fs::read_to_string(workspace().join("Cargo.toml")).unwrap();
    let table = text.split("[workspace.dependencies]").nth(1).unwrap();
    let table = table.split("\n[").next().unwrap();
    let mut breaches = Vec::new();
    for line in table
        .lines()
        .filter(|line| line.contains('=') && !line.starts_with('#'))
    {
        let own = line.starts_with("kms-core ");
        let comment = line
            .split_once(" # ")
            .map_or("", |(_, comment)| comment.trim());
        if !own && comment.len() < 8 {
            breaches.push(line.to_owned());
        }
    }
    none(
        &breaches,
        "a dependency has a comment that says what it is for",
    );
}

#[test]
fn members_take_versions_from_the_workspace() {
    let mut breaches = Vec::new();
    for package in PRODUCT.into_iter().chain(["tests", "benches"]) {
        let manifest = manifest(&format!("{package}/Cargo.toml"));
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(dependencies) = manifest.get(table).and_then(Value::as_table) else {
                continue;
            };
            for (name, value) in dependencies {
                if value.get("workspace").and_then(Value::as_bool) != Some(true) {
                    breaches.push(format!("{package}/Cargo.toml: {name}"));
                }
            }
        }
    }
    none(&breaches, "versions stand once, in the root Cargo.toml");
}

#[test]
fn every_parser_has_a_fuzz_target_with_a_corpus() {
    let manifest = manifest("fuzz/Cargo.toml");
    let built: BTreeSet<&str> = manifest["bin"]
        .as_array()
        .unwrap()
        .iter()
        .map(|bin| bin["name"].as_str().unwrap())
        .collect();
    let wanted: BTreeSet<&str> = FUZZ_TARGETS.iter().copied().collect();
    assert_eq!(built, wanted, "the targets of fuzz/Cargo.toml");
    for target in FUZZ_TARGETS {
        let shell = workspace().join(format!("fuzz/fuzz_targets/{target}.rs"));
        assert!(shell.exists(), "no {}", shell.display());
        let corpus = workspace().join(format!("fuzz/corpus/{target}"));
        assert!(
            !entries(&corpus).is_empty(),
            "{} is empty",
            corpus.display()
        );
    }
}

#[test]
fn no_file_names_a_machine_path() {
    // Assembled here, so that this file does not name what it forbids.
    let forbidden: Vec<String> = [["/wo", "rk/"], ["/ro", "ot/"]]
        .iter()
        .map(|parts| parts.concat())
        .collect();
    let mut breaches = Vec::new();
    let mut waiting = vec![workspace().to_owned()];
    while let Some(directory) = waiting.pop() {
        for path in entries(&directory) {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                let skipped = matches!(name.as_str(), ".git" | "target" | "corpus" | "artifacts");
                if !skipped {
                    waiting.push(path);
                }
                continue;
            }
            let Ok(text) = fs::read_to_string(&path) else {
                continue;
            };
            for needle in forbidden.iter().filter(|needle| text.contains(*needle)) {
                breaches.push(format!("{} names {needle}", relative(&path)));
            }
        }
    }
    none(&breaches, "the project stands on its own");
}

#[test]
fn the_two_commands_of_the_readme_are_the_ones_that_are_checked() {
    let has = |path: &str, command: &str| {
        let text = fs::read_to_string(workspace().join(path)).unwrap();
        let code = |line: &str| line.split('#').next().unwrap_or_default().trim() == command;
        text.lines().any(code)
    };
    for command in ["./demo", "cargo test --workspace --locked"] {
        assert!(has("README.md", command), "README.md: {command}");
        assert!(has(".ci/run", command), ".ci/run: {command}");
    }
}

#[test]
fn the_checks_of_this_file_see_what_they_look_for() {
    assert!(names_crate("use sha2::Sha256;", "sha2"));
    assert!(names_crate(
        "let key = aws_lc_rs::aead::LessSafeKey::new(key);",
        "aws_lc_rs"
    ));
    assert!(!names_crate("use crate::crypto::mac::hmac::Key;", "hmac"));
    assert!(!names_crate("fn string::x", "ring"));
    let rooms = rooms_named("use crate::{ids::{A, B}, policy::Document};\ncrate::store::get()");
    assert_eq!(
        rooms.into_iter().collect::<Vec<_>>(),
        ["ids", "policy", "store"]
    );
    let source = Source {
        path: "kms-core/src/ids.rs".to_owned(),
        text: "a\n// b\n#[cfg(test)]\nmod tests {\nuse ring::x;\n}\n".to_owned(),
    };
    assert_eq!(
        source.shipped().map(|(_, line)| line).collect::<Vec<_>>(),
        ["a", ""]
    );
}
