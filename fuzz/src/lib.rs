//! The fuzz targets' bodies: one file a parser of bytes or text from outside.
//!
//! `fuzz_targets/` hands them to libFuzzer; `tests/fuzz_smoke.rs` runs them over the checked-in
//! corpora and seeded mutations of these. A body asserts that what is accepted is written back as
//! it was read, and returns quietly from what is refused.

pub mod api_request;
pub mod attestation_document;
pub mod audit_segment;
pub mod ciphertext_blob;
pub mod client_certificate;
pub mod condition_value;
pub mod encryption_context;
pub mod envelope_message;
pub mod import_token;
pub mod key_reference;
pub mod key_set;
pub mod policy_case;
pub mod policy_document;
pub mod principals_file;
pub mod public_key;
pub mod query_request;
pub mod random_access;
pub mod sealed_record;
pub mod seed_file;
pub mod server_config;
pub mod session_token;
pub mod sigv4_request;
pub mod sm2_ciphertext;
pub mod web_identity_token;
pub mod wildcard_pattern;
pub mod xks_message;

/// The name of a folder in `corpus/`, and the body that eats what lies there.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: &[Target] = &[
    ("api_request", api_request::run),
    ("attestation_document", attestation_document::run),
    ("audit_segment", audit_segment::run),
    ("ciphertext_blob", ciphertext_blob::run),
    ("client_certificate", client_certificate::run),
    ("condition_value", condition_value::run),
    ("encryption_context", encryption_context::run),
    ("envelope_message", envelope_message::run),
    ("import_token", import_token::run),
    ("key_reference", key_reference::run),
    ("key_set", key_set::run),
    ("policy_case", policy_case::run),
    ("policy_document", policy_document::run),
    ("principals_file", principals_file::run),
    ("public_key", public_key::run),
    ("query_request", query_request::run),
    ("random_access", random_access::run),
    ("sealed_record", sealed_record::run),
    ("seed_file", seed_file::run),
    ("server_config", server_config::run),
    ("session_token", session_token::run),
    ("sigv4_request", sigv4_request::run),
    ("sm2_ciphertext", sm2_ciphertext::run),
    ("web_identity_token", web_identity_token::run),
    ("wildcard_pattern", wildcard_pattern::run),
    ("xks_message", xks_message::run),
];
