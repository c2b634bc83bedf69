//! The unmodified AWS CLI, boto3 and AWS Encryption SDK against the built server.

mod external_key_stores;
mod local_callers;
mod principals_file;
mod real_provider;
mod web_identity;

use std::fs;
use std::path::Path;

use kms_tests::{Home, Script, Server};
use rcgen::{
    BasicConstraints, CertificateParams, IsCa, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P384_SHA384,
};

fn passes(script: &str) {
    passes_on(script, &[]);
}

fn passes_on(script: &str, arguments: &[&str]) {
    passes_at(&Home::new(), script, arguments);
}

fn passes_at(home: &Home, script: &str, arguments: &[&str]) {
    let server = Server::start(&home.path(), arguments);
    print!("{}", Script::new(script, home, &server).passes());
    let status = server.terminate();
    assert!(status.success(), "the server ended with {status}");
    home.kms().done(["audit", "verify"]);
}

#[test]
fn keys_live_and_die_as_in_aws() {
    passes("keys.py");
}

#[test]
fn aliases_and_tags_work_as_in_aws() {
    passes("aliases_and_tags.py");
}

#[test]
fn quotas_are_those_of_the_configuration() {
    let home = Home::new();
    let file = home.scratch("kms-server.toml");
    let quotas =
        "[quotas]\nkeys = 2\naliases_per_key = 1\ngrants_per_key = 1\non_demand_rotations = 1";
    std::fs::write(&file, quotas).unwrap();
    passes_at(&home, "quotas.py", &["--config", file.to_str().unwrap()]);
}

#[test]
fn the_last_use_of_a_key_is_told_as_in_aws() {
    passes("key_usage.py");
}

#[test]
fn one_server_serves_several_regions() {
    passes_on("regions.py", &["--other-region", "eu-central-1"]);
}

const SEED: &str = r#"
[[keys]]
id = "1234abcd-12ab-34cd-56ef-1234567890ab"
description = "seeded"
aliases = ["alias/seeded"]
tags = { team = "x" }
material = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="

[[keys]]
id = "1234abcd-12ab-34cd-56ef-000000000000"
region = "eu-central-1"
enabled = false
policy = """{"Version": "2012-10-17", "Statement": [
  {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"},
  {"Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*"}]}"""
"#;

#[test]
fn seeded_keys_work_as_any_and_the_server_starts_with_them_again() {
    let home = Home::new();
    let file = home.scratch("keys.toml");
    std::fs::write(&file, SEED).unwrap();
    let seed = ["--seed", file.to_str().unwrap()];
    let regions = ["--other-region", "eu-central-1"];
    let server = Server::start(&home.path(), &[seed, regions].concat());
    Script::new("seed.py", &home, &server).passes();
    assert!(server.terminate().success());
    let server = Server::start(&home.path(), &[seed, regions].concat());
    assert!(server.terminate().success());
    let production = [&seed[..], &["--production"]].concat();
    let report = Server::try_start(&home.path(), &production).unwrap_err();
    assert!(report.contains("--seed-in-production"), "{report}");
}

#[test]
fn multi_region_keys_work_as_in_aws() {
    let regions = "eu-central-1,ap-southeast-2".split(',');
    let arguments: Vec<&str> = regions.flat_map(|name| ["--other-region", name]).collect();
    passes_on("multi_region.py", &arguments);
}

#[test]
fn rotation_works_as_in_aws() {
    passes("rotation.py");
}

#[test]
fn data_is_encrypted_and_decrypted_as_in_aws() {
    passes("encryption.py");
}

#[test]
fn key_material_is_imported_as_in_aws() {
    passes("import.py");
}

#[test]
fn key_pairs_and_hmac_keys_work_as_in_aws() {
    passes("asymmetric.py");
}

#[test]
fn keys_of_sm2_work_where_they_are_offered() {
    passes_on("sm2.py", &["--sm2"]);
}

#[test]
fn answers_are_encrypted_to_attested_enclaves_as_in_aws() {
    let home = Home::new();
    let (root, key) = (home.scratch("root.pem"), home.scratch("root.key"));
    make_root(&root, &key);
    let file = home.scratch("server.toml");
    fs::write(&file, format!("[attestation]\nroots = [{root:?}]\n")).unwrap();
    let server = Server::start(&home.path(), &["--config", file.to_str().unwrap()]);
    let script = Script::new("attestation.py", &home, &server)
        .env("ATTESTATION_ROOT", &root)
        .env("ATTESTATION_ROOT_KEY", &key);
    print!("{}", script.passes());
    assert!(server.terminate().success());
    home.kms().done(["audit", "verify"]);
}

/// A root like that of Nitro attestation, and its private key.
fn make_root(certificate: &Path, key: &Path) {
    let pair = KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    fs::write(certificate, params.self_signed(&pair).unwrap().pem()).unwrap();
    fs::write(key, pair.serialize_pem()).unwrap();
}

#[test]
fn forms_are_read_and_xml_is_answered_as_in_aws() {
    passes("query_protocol.py");
}

#[test]
fn principals_are_administered_as_in_aws() {
    passes("principals.py");
}

#[test]
fn accounts_are_organized_as_in_aws() {
    passes("organizations.py");
}

#[test]
fn accounts_are_reported_as_in_aws() {
    passes("account_reports.py");
}

#[test]
fn decisions_are_simulated_as_in_aws() {
    passes("simulation.py");
}

#[test]
fn temporary_credentials_work_as_in_aws() {
    passes("temporary_credentials.py");
}

#[test]
fn roles_are_assumed_as_in_aws() {
    passes("roles_assumed.py");
}

#[test]
fn policies_decide_as_in_aws() {
    passes("policies.py");
}

#[test]
fn grants_work_as_in_aws() {
    passes("grants.py");
}

#[test]
fn new_grants_count_late_where_the_configuration_asks_for_it() {
    let home = Home::new();
    let file = home.scratch("kms-server.toml");
    fs::write(&file, "grant_propagation_seconds = 3\n").unwrap();
    let config = ["--config", file.to_str().unwrap()];
    passes_at(&home, "grant_propagation.py", &config);
    // A store that bears the mark of production takes no faults, whatever the file says of it.
    let server = Server::start(&home.path(), &["--production"]);
    assert!(server.terminate().success());
    let report = Server::try_start(&home.path(), &config).unwrap_err();
    assert!(report.contains("not in a store of production"), "{report}");
}

#[test]
fn requests_are_authenticated_as_in_aws() {
    passes("authentication.py");
}

#[test]
fn the_aws_cli_works_by_environment_variables_alone() {
    passes("aws_cli.py");
}

#[test]
fn messages_open_in_the_aws_encryption_sdk_and_the_reverse() {
    passes("esdk_interop.py");
}

#[test]
fn a_store_outlives_its_server() {
    let home = Home::new();
    let server = Server::start(&home.path(), &[]);
    Script::new("outlives.py", &home, &server)
        .env("STEP", "before")
        .passes();
    assert!(server.terminate().success());
    let server = Server::start(&home.path(), &[]);
    Script::new("outlives.py", &home, &server)
        .env("STEP", "after")
        .passes();
    assert!(server.terminate().success());
}

#[test]
fn the_answers_are_those_recorded_from_aws() {
    passes_on("recorded.py", &["--other-region", "ap-southeast-1"]);
}
