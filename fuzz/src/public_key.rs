//! Public keys and signatures from outside.

use std::sync::LazyLock;

use kms_core::api::{KeySpec, SigningAlgorithm};
use kms_core::crypto::asymmetric::{Message, PrivateKey, PublicKey, generate};
use kms_core::crypto::random::SystemRandom;

const CURVES: [(KeySpec, SigningAlgorithm, usize); 5] = [
    (KeySpec::EccNistP256, SigningAlgorithm::EcdsaSha256, 32),
    (KeySpec::EccNistP384, SigningAlgorithm::EcdsaSha384, 48),
    (KeySpec::EccNistP521, SigningAlgorithm::EcdsaSha512, 66),
    (KeySpec::EccSecgP256k1, SigningAlgorithm::EcdsaSha256, 32),
    (KeySpec::Sm2, SigningAlgorithm::Sm2dsa, 32),
];

static KEYS: LazyLock<Vec<(PrivateKey, PublicKey)>> = LazyLock::new(|| {
    let pair = |(spec, ..): &(KeySpec, _, _)| {
        let pair = generate(*spec, &SystemRandom).expect("a key pair");
        let private = PrivateKey::open(*spec, pair.private.expose()).expect("its private key");
        let public = PublicKey::open(*spec, &pair.public).expect("its public key");
        (private, public)
    };
    CURVES.iter().map(pair).collect()
});

/// A public key is agreed with or refused; a secret is as long as the field; the bytes are never a
/// signature of a key that signed nothing.
pub fn run(data: &[u8]) {
    for ((spec, algorithm, length), (private, public)) in CURVES.iter().zip(KEYS.iter()) {
        if let Ok(secret) = private.agree(data) {
            assert_eq!(secret.len(), *length);
            assert!(PublicKey::open(*spec, data).is_ok());
        }
        let forged = public.verify(*algorithm, Message::Raw(b"message"), data);
        assert!(forged.is_err());
    }
}
