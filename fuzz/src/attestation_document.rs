//! Attestation documents from outside.

use std::sync::LazyLock;

use kms_core::attestation::{AttestationDocument, RegisterBank, TrustedRoots, verify};
use kms_core::time::Timestamp;

/// The root of the documents in the corpus, and the time at which they were made.
static ROOTS: LazyLock<TrustedRoots> = LazyLock::new(|| {
    let mut roots = TrustedRoots::default();
    let root = include_bytes!("attestation_root.pem");
    roots.add_pem(root).expect("a root");
    roots
});
const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

/// A document is read or refused; one that verifies is one of the two that were signed.
pub fn run(data: &[u8]) {
    let read = AttestationDocument::parse(data);
    if let Ok(attestation) = verify(data, &ROOTS, NOW) {
        assert!(read.is_ok());
        let count = match attestation.bank() {
            RegisterBank::Enclave => 16,
            RegisterBank::NitroTpm => 24,
        };
        let registers = attestation.registers();
        assert!(
            registers
                .map(|(index, value)| (usize::from(index), value))
                .eq((0..count).map(|index| (index, VALUES[index].as_slice())))
        );
    }
    let mut roots = TrustedRoots::default();
    assert_eq!(roots.add_pem(data).is_ok(), !roots.is_empty());
}

/// What each register was signed with.
const VALUES: [[u8; 48]; 24] = {
    let mut values = [[0; 48]; 24];
    let mut index = 0;
    while index < 24 {
        values[index] = [index as u8; 48];
        index += 1;
    }
    values
};
