//! What an import token says, and key material that comes wrapped.

use std::sync::LazyLock;

use kms_core::api::{AlgorithmSpec, EncryptionAlgorithm, KeySpec, WrappingKeySpec};
use kms_core::crypto::asymmetric::{NewKeyPair, PublicKey, generate};
use kms_core::crypto::key_wrap::unwrap_key_material;
use kms_core::crypto::random::SystemRandom;
use kms_core::keys::ImportToken;

const SPEC: WrappingKeySpec = WrappingKeySpec::Rsa2048;

/// A wrapping key pair, and an AES key of 32 times 7 encrypted to it.
static WRAPPING: LazyLock<(NewKeyPair, Vec<u8>)> = LazyLock::new(|| {
    let pair = generate(SPEC.key_spec(), &SystemRandom).expect("a key pair");
    let public = PublicKey::open(KeySpec::Rsa2048, &pair.public).expect("its public key");
    let head = public.encrypt(
        EncryptionAlgorithm::RsaesOaepSha256,
        &[7; 32],
        &SystemRandom,
    );
    (pair, head.expect("short enough"))
});

/// What a token says has one encoding; material under an AES key unwraps or is refused, and is
/// shorter than what it was wrapped in; nothing unwraps that nobody wrapped.
pub fn run(data: &[u8]) {
    if let Ok(token) = ImportToken::parse(data) {
        assert_eq!(token.to_bytes().expose(), data);
    }
    let (pair, head) = &*WRAPPING;
    let unwrap = |algorithm, bytes: &[u8]| {
        unwrap_key_material(algorithm, SPEC, pair.private.expose(), bytes)
    };
    let under_aes = [head, data].concat();
    if let Ok(material) = unwrap(AlgorithmSpec::RsaAesKeyWrapSha256, &under_aes) {
        assert!(material.len() < data.len());
    }
    if data.len() >= head.len() {
        assert!(unwrap(AlgorithmSpec::RsaesOaepSha256, data).is_err());
        assert!(unwrap(AlgorithmSpec::RsaAesKeyWrapSha1, data).is_err());
    }
}
