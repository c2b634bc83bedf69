//! The built `kms` at a shell: streams, files, administration, refusals, exit codes.

mod administration;
mod edit;
mod endpoint;
mod environment;
mod explain;
mod files;
mod ledger;
mod messages;
mod multi_region;
mod packages;
mod policy;
mod principals;
mod recipients;
mod seed;
mod several;
mod shells;
mod signing;
mod store;
mod streams;
mod terminal;

use std::process::Output;

use kms_tests::{Home, Kms};

/// The exit codes, as the help documents them.
const FAILED: i32 = 1;
const USAGE: i32 = 2;
const NOT_FOUND: i32 = 3;
const DENIED: i32 = 4;
const UNAVAILABLE: i32 = 5;
const INTEGRITY: i32 = 6;

/// A store with one key, `alias/k`.
fn store_with_key() -> (Home, Kms) {
    let home = Home::initialised();
    let kms = home.kms();
    kms.done(["key", "create", "--alias", "alias/k"]);
    (home, kms)
}

/// Requires the exit code, one line on standard error that says `words`, and returns that line.
#[track_caller]
fn refused(output: &Output, code: i32, words: &str) -> String {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with("kms: "), "{said}");
    assert!(said.contains(words), "{said}");
    said
}

/// Requires success without a word on standard error, and returns standard output.
#[track_caller]
fn quietly(output: Output) -> Vec<u8> {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}");
    output.stdout
}

/// Bytes of which no part is like another.
fn bytes(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 56) as u8
    };
    (0..length).map(|_| next()).collect()
}
