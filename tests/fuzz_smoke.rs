//! Every fuzz target over its checked-in corpus and a few thousand seeded mutations of it, so that
//! the parsers are shaken in each test run, with no fuzzing engine installed.

#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::collections::BTreeSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use kms_tests::workspace;

const MUTATIONS_OF_A_TARGET: usize = 2400;
const LONGEST: usize = 1 << 16;

/// Bytes that parsers treat as special.
const SPECIAL: &[&[u8]] = &[
    b"\0",
    b"\xff",
    b"\xff\xff",
    b"\0\0\0\0",
    b"\xff\xff\xff\xff",
    b"\"",
    b"\\u0000",
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b"/",
    b"*",
    b"?",
    b"${",
    b"\n",
    b"\r\n",
    b"=",
    b"%",
    b"%2f",
    b"..",
    b"1e999",
    b"-",
    b"null",
    b"\xc3\xa9",
    b"\xf0\x9f\x94\x91",
];

/// Numbers that are the same in every run: SplitMix64.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Uniform enough in `0..limit`; 0 for an empty range.
    fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 8) as usize % limit.max(1)
    }
}

fn mutate(numbers: &mut Numbers, input: &mut Vec<u8>, other: &[u8]) {
    let at = numbers.below(input.len() + 1);
    let length = numbers.below(input.len() - at + 1).min(64);
    match numbers.below(8) {
        0 if at < input.len() => input[at] ^= 1 << numbers.below(8),
        1 if at < input.len() => input[at] = numbers.next() as u8,
        2 => input.truncate(at),
        3 => drop(input.drain(at..at + length)),
        4 => {
            let repeated = input[at..at + length].to_vec();
            drop(input.splice(at..at, repeated));
        }
        5 => {
            let from = numbers.below(other.len());
            drop(input.splice(at..at + length, other[from..].iter().take(64).copied()));
        }
        _ => {
            let special = SPECIAL[numbers.below(SPECIAL.len())];
            drop(input.splice(at..at, special.iter().copied()));
        }
    }
    input.truncate(LONGEST);
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let directory = workspace().join("fuzz/corpus").join(target);
    let listing =
        fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let mut paths: Vec<_> = listing.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", directory.display());
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

fn check(target: &str, run: fn(&[u8]), input: &[u8]) {
    if catch_unwind(AssertUnwindSafe(|| run(input))).is_err() {
        let short: Vec<u8> = input.iter().copied().take(4096).collect();
        panic!(
            "{target} fails on \"{}\" ({} bytes)",
            short.escape_ascii(),
            input.len()
        );
    }
}

#[test]
fn every_target_survives_its_corpus_and_mutations() {
    for (index, (target, run)) in targets::TARGETS.iter().enumerate() {
        let corpus = corpus(target);
        let mut numbers = Numbers(index as u64);
        check(target, *run, b"");
        for entry in &corpus {
            check(target, *run, entry);
            let mut input = entry.clone();
            for round in 0..MUTATIONS_OF_A_TARGET / corpus.len() {
                // Short chains stay near what is accepted, where the interesting refusals are.
                if round % 4 == 0 {
                    input.clone_from(entry);
                }
                let other = &corpus[numbers.below(corpus.len())];
                mutate(&mut numbers, &mut input, other);
                check(target, *run, &input);
            }
        }
        println!("{target}: {} entries", corpus.len());
    }
}

#[test]
fn every_target_is_handed_to_the_fuzzing_engine_and_to_this_test() {
    let listed: BTreeSet<String> = targets::TARGETS
        .iter()
        .map(|(target, _)| (*target).to_owned())
        .collect();
    let directory = workspace().join("fuzz/fuzz_targets");
    let files = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files: BTreeSet<String> = files
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(listed, files);
}
