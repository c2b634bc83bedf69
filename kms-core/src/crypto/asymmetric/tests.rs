use sha2::{Digest, Sha256, Sha384, Sha512};

use super::*;
use crate::crypto::random::SystemRandom;
use SigningAlgorithm as S;

const PAIRS: &[(KeySpec, &[S])] = &[
    (
        KeySpec::Rsa2048,
        &[
            S::RsassaPssSha256,
            S::RsassaPssSha384,
            S::RsassaPssSha512,
            S::RsassaPkcs1V15Sha256,
            S::RsassaPkcs1V15Sha384,
            S::RsassaPkcs1V15Sha512,
        ],
    ),
    (KeySpec::EccNistP256, &[S::EcdsaSha256]),
    (KeySpec::EccNistP384, &[S::EcdsaSha384]),
    (KeySpec::EccNistP521, &[S::EcdsaSha512]),
    (KeySpec::EccSecgP256k1, &[S::EcdsaSha256]),
    (KeySpec::Sm2, &[S::Sm2dsa]),
    (
        KeySpec::EccNistEdwards25519,
        &[S::Ed25519Sha512, S::Ed25519PhSha512],
    ),
    (KeySpec::MlDsa44, &[S::MlDsaShake256]),
    (KeySpec::MlDsa65, &[S::MlDsaShake256]),
    (KeySpec::MlDsa87, &[S::MlDsaShake256]),
];

fn opened(spec: KeySpec) -> (PrivateKey, PublicKey, NewKeyPair) {
    let pair = generate(spec, &SystemRandom).unwrap();
    let private = PrivateKey::open(spec, pair.private.expose()).unwrap();
    let public = PublicKey::open(spec, &pair.public).unwrap();
    (private, public, pair)
}

/// The digest of a message by an independent implementation.
fn digest(algorithm: S, message: &[u8]) -> Option<Vec<u8>> {
    match algorithm {
        S::RsassaPssSha256 | S::RsassaPkcs1V15Sha256 | S::EcdsaSha256 => {
            Some(Sha256::digest(message).to_vec())
        }
        S::RsassaPssSha384 | S::RsassaPkcs1V15Sha384 | S::EcdsaSha384 => {
            Some(Sha384::digest(message).to_vec())
        }
        S::RsassaPssSha512 | S::RsassaPkcs1V15Sha512 | S::EcdsaSha512 | S::Ed25519PhSha512 => {
            Some(Sha512::digest(message).to_vec())
        }
        S::Ed25519Sha512 | S::MlDsaShake256 | S::Sm2dsa => None,
    }
}

fn refuses_what_was_changed(
    public: &PublicKey,
    algorithm: S,
    message: Message<'_>,
    signature: &[u8],
) {
    for at in [0, signature.len() / 2, signature.len() - 1] {
        let mut changed = signature.to_vec();
        changed[at] ^= 1;
        assert!(public.verify(algorithm, message, &changed).is_err(), "{at}");
    }
    let longer = [signature, &[0]].concat();
    assert!(public.verify(algorithm, message, &longer).is_err());
    assert!(public.verify(algorithm, message, &[]).is_err());
}

#[test]
fn a_signature_is_of_its_key_message_algorithm_and_nothing_else() {
    for (spec, algorithms) in PAIRS {
        let (private, public, _) = opened(*spec);
        let (_, other, _) = opened(*spec);
        for algorithm in *algorithms {
            let digest = digest(*algorithm, b"message");
            let (message, another) = match (&digest, algorithm) {
                (Some(digest), S::Ed25519PhSha512) => {
                    (Message::Digest(digest), Message::Digest(&[1; 64]))
                }
                _ => (Message::Raw(b"message"), Message::Raw(b"massage")),
            };
            let signature = private.sign(*algorithm, message).unwrap();
            public.verify(*algorithm, message, &signature).unwrap();
            assert!(other.verify(*algorithm, message, &signature).is_err());
            assert!(public.verify(*algorithm, another, &signature).is_err());
            refuses_what_was_changed(&public, *algorithm, message, &signature);
            for wrong in SigningAlgorithm::ALL.iter().filter(|a| *a != algorithm) {
                assert!(
                    public.verify(*wrong, message, &signature).is_err(),
                    "{spec} {algorithm} {wrong}"
                );
            }
        }
    }
}

#[test]
fn a_digest_and_its_message_have_the_same_signatures() {
    for (spec, algorithms) in PAIRS {
        let (private, public, _) = opened(*spec);
        for algorithm in *algorithms {
            let Some(digest) = digest(*algorithm, b"message") else {
                assert!(private.sign(*algorithm, Message::Digest(&[0; 64])).is_err());
                continue;
            };
            let hashed = Message::Digest(&digest);
            let signature = private.sign(*algorithm, hashed).unwrap();
            let whole = public.verify(*algorithm, Message::Raw(b"message"), &signature);
            // Ed25519ph takes digests alone.
            assert_eq!(whole.is_err(), *algorithm == S::Ed25519PhSha512);
            for length in [0, 16, digest.len() - 1] {
                let cut = Message::Digest(&digest[..length]);
                assert!(private.sign(*algorithm, cut).is_err());
            }
        }
    }
}

macro_rules! mu {
    ($set:ty, $spki:expr, $length:expr) => {{
        let raw = &$spki[$spki.len() - $length..];
        let key = ::ml_dsa::VerifyingKey::<$set>::decode(&raw.try_into().unwrap());
        let absorb = |hash: &mut _| {
            sha2::digest::Update::update(hash, b"message");
            Ok(())
        };
        key.compute_mu(absorb, &[]).unwrap().to_vec()
    }};
}

#[test]
fn an_external_mu_signs_what_the_message_signs() {
    for spec in [KeySpec::MlDsa44, KeySpec::MlDsa65, KeySpec::MlDsa87] {
        let (private, public, pair) = opened(spec);
        let mu = match spec {
            KeySpec::MlDsa44 => mu!(::ml_dsa::MlDsa44, pair.public, 1312),
            KeySpec::MlDsa65 => mu!(::ml_dsa::MlDsa65, pair.public, 1952),
            _ => mu!(::ml_dsa::MlDsa87, pair.public, 2592),
        };
        // The message goes through one library and its μ through the other.
        let (whole, external) = (Message::Raw(b"message"), Message::ExternalMu(&mu));
        for (signed, verified) in [(whole, external), (external, whole), (external, external)] {
            let signature = private.sign(S::MlDsaShake256, signed).unwrap();
            public
                .verify(S::MlDsaShake256, verified, &signature)
                .unwrap();
            refuses_what_was_changed(&public, S::MlDsaShake256, verified, &signature);
            let other = Message::ExternalMu(&[0; 64]);
            assert!(public.verify(S::MlDsaShake256, other, &signature).is_err());
        }
        let short = Message::ExternalMu(&mu[..63]);
        assert!(private.sign(S::MlDsaShake256, short).is_err());
    }
}

#[test]
fn two_keys_of_a_curve_agree_and_others_do_not() {
    for spec in [
        KeySpec::EccNistP256,
        KeySpec::EccNistP384,
        KeySpec::EccNistP521,
        KeySpec::Sm2,
    ] {
        let (alice, _, alices) = opened(spec);
        let (bob, _, bobs) = opened(spec);
        let secret = alice.agree(&bobs.public).unwrap();
        assert_eq!(secret.expose(), bob.agree(&alices.public).unwrap().expose());
        let (_, _, elsewhere) = opened(KeySpec::EccSecgP256k1);
        assert!(alice.agree(&elsewhere.public).is_err());
        assert!(alice.agree(b"InvalidPublicKey").is_err());
        // A bare point is not the structure that is asked for.
        let point = bobs.public.iter().position(|byte| *byte == 4).unwrap();
        assert!(alice.agree(&bobs.public[point..]).is_err());
    }
}

#[test]
fn rsa_decrypts_what_it_encrypted_up_to_its_length() {
    use EncryptionAlgorithm as E;
    let (private, public, _) = opened(KeySpec::Rsa2048);
    for (algorithm, other, longest) in [
        (E::RsaesOaepSha1, E::RsaesOaepSha256, 214),
        (E::RsaesOaepSha256, E::RsaesOaepSha1, 190),
    ] {
        for length in [1, 32, longest] {
            let plaintext = vec![7; length];
            let ciphertext = public
                .encrypt(algorithm, &plaintext, &SystemRandom)
                .unwrap();
            assert_eq!(ciphertext.len(), 256);
            let opened = private.decrypt(algorithm, &ciphertext).unwrap();
            assert_eq!(opened.expose(), plaintext);
            assert!(private.decrypt(other, &ciphertext).is_err());
            let mut changed = ciphertext.clone();
            changed[100] ^= 1;
            assert!(private.decrypt(algorithm, &changed).is_err());
            assert!(private.decrypt(algorithm, &ciphertext[1..]).is_err());
        }
        let longer = vec![7; longest + 1];
        assert!(public.encrypt(algorithm, &longer, &SystemRandom).is_err());
    }
}

#[test]
fn a_key_opens_as_its_own_kind_only() {
    let specs: Vec<KeySpec> = PAIRS.iter().map(|(spec, _)| *spec).collect();
    for spec in &specs {
        let pair = generate(*spec, &SystemRandom).unwrap();
        for other in specs.iter().filter(|other| *other != spec) {
            assert!(PublicKey::open(*other, &pair.public).is_err());
            let ml_dsa = |spec: &KeySpec| spec.as_str().starts_with("ML_DSA");
            // A seed is a seed of all three parameter sets.
            let private = PrivateKey::open(*other, pair.private.expose());
            assert_eq!(private.is_ok(), ml_dsa(spec) && ml_dsa(other));
        }
        let cut = &pair.private.expose()[1..];
        assert!(PrivateKey::open(*spec, cut).is_err());
        assert!(PublicKey::open(*spec, &pair.public[1..]).is_err());
    }
}

#[test]
fn a_private_key_from_outside_is_taken_over_with_its_public_key() {
    let specs = [
        KeySpec::Rsa2048,
        KeySpec::EccNistP256,
        KeySpec::EccNistP384,
        KeySpec::EccNistP521,
        KeySpec::EccSecgP256k1,
        KeySpec::Sm2,
        KeySpec::EccNistEdwards25519,
    ];
    for spec in specs {
        let pair = generate(spec, &SystemRandom).unwrap();
        let taken = import(spec, pair.private.expose()).unwrap();
        assert_eq!(taken.public, pair.public, "{spec}");
        assert_eq!(taken.private.expose(), pair.private.expose(), "{spec}");
        for other in specs.into_iter().filter(|other| *other != spec) {
            assert!(
                import(other, pair.private.expose()).is_err(),
                "{spec} {other}"
            );
        }
        assert!(import(spec, &pair.public).is_err(), "{spec}");
        let short = &pair.private.expose()[..pair.private.len() - 1];
        assert!(import(spec, short).is_err(), "{spec}");
    }
    let pair = generate(KeySpec::MlDsa44, &SystemRandom).unwrap();
    assert!(import(KeySpec::MlDsa44, pair.private.expose()).is_err());
}
