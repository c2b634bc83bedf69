//! Whatever the store, `root.sealed` or a seal held: it is refused, or it is what was written.

use std::sync::LazyLock;

use kms_core::crypto::random::SystemRandom;
use kms_core::ids::{KeyId, KeyMaterialId};
use kms_core::root::barrier::OVERHEAD;
use kms_core::root::seal::ProviderKind;
use kms_core::root::{Barrier, Place, RecordKind, RootKeyRing, TokenPurpose};

static BARRIER: LazyLock<Barrier> = LazyLock::new(|| {
    let ring = RootKeyRing::generate([7; 16], &SystemRandom).expect("randomness");
    Barrier::new(&ring).expect("a fresh ring")
});

/// As the head of this file says.
pub fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let kind = RecordKind::of_path(&text).unwrap_or(RecordKind::Key);
    let place = Place {
        path: &text,
        revision: 1,
        kind,
    };

    // No stranger's bytes open.
    assert!(BARRIER.open(place, data).is_err());
    let material_id: KeyMaterialId = "a".repeat(64).parse().expect("64 digits");
    let key = KeyId::uuid_from_random(1);
    assert!(BARRIER.unwrap_material(&key, &material_id, data).is_err());
    for purpose in [TokenPurpose::Grant, TokenPurpose::Import] {
        assert!(BARRIER.open_token(purpose, data).is_err());
    }
    let _ = ProviderKind::of(data);

    // A ring has one encoding.
    if let Ok(ring) = RootKeyRing::parse(data) {
        assert_eq!(ring.to_bytes().expect("a parsed ring").expose(), data);
    }

    // What is sealed opens, and with one altered byte it does not.
    let mut sealed = BARRIER
        .seal(place, data, &SystemRandom)
        .expect("a short record");
    assert_eq!(sealed.len(), data.len() + OVERHEAD);
    assert_eq!(
        BARRIER.open(place, &sealed).expect("just sealed").expose(),
        data
    );
    let position = data.iter().fold(data.len(), |sum, byte| {
        sum * 31 % 65_521 + usize::from(*byte)
    });
    let position = position % sealed.len();
    sealed[position] ^= 1 << (data.len() % 8);
    assert!(BARRIER.open(place, &sealed).is_err());
}
