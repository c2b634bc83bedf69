//! What a key is and what it may be used for: both are fixed when it is made.

use serde::{Deserialize, Serialize};

use crate::api::{
    EncryptionAlgorithm, KeyAgreementAlgorithm, KeySpec, KeyUsage, MacAlgorithm, SigningAlgorithm,
};

/// A key spec together with a usage that it can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyKind {
    /// The kind of key material.
    pub spec: KeySpec,
    /// What it may be used for.
    pub usage: KeyUsage,
}

/// What AWS KMS makes when it is asked for nothing else.
impl Default for KeyKind {
    fn default() -> Self {
        Self {
            spec: KeySpec::SymmetricDefault,
            usage: KeyUsage::EncryptDecrypt,
        }
    }
}

const RSA_SIGNING: &[SigningAlgorithm] = &[
    SigningAlgorithm::RsassaPkcs1V15Sha256,
    SigningAlgorithm::RsassaPkcs1V15Sha384,
    SigningAlgorithm::RsassaPkcs1V15Sha512,
    SigningAlgorithm::RsassaPssSha256,
    SigningAlgorithm::RsassaPssSha384,
    SigningAlgorithm::RsassaPssSha512,
];
const RSA_ENCRYPTION: &[EncryptionAlgorithm] = &[
    EncryptionAlgorithm::RsaesOaepSha1,
    EncryptionAlgorithm::RsaesOaepSha256,
];

impl KeyKind {
    /// The kind, if keys of that spec can have that usage.
    #[must_use]
    pub fn new(spec: KeySpec, usage: KeyUsage) -> Option<Self> {
        let kind = Self { spec, usage };
        let usable = match usage {
            KeyUsage::EncryptDecrypt => !kind.encryption_algorithms().is_empty(),
            KeyUsage::SignVerify => !kind.signing_algorithms().is_empty(),
            KeyUsage::GenerateVerifyMac => kind.mac_algorithm().is_some(),
            KeyUsage::KeyAgreement => !kind.key_agreement_algorithms().is_empty(),
        };
        usable.then_some(kind)
    }

    /// Whether it is the symmetric key that most keys are.
    #[must_use]
    pub fn is_symmetric(&self) -> bool {
        self.spec == KeySpec::SymmetricDefault
    }

    /// Whether it has a public key.
    #[must_use]
    pub fn is_asymmetric(&self) -> bool {
        !self.is_symmetric() && self.usage != KeyUsage::GenerateVerifyMac
    }

    /// Whether its material can come from outside: AWS KMS takes none for ML-DSA.
    #[must_use]
    pub fn is_importable(&self) -> bool {
        !matches!(
            self.spec,
            KeySpec::MlDsa44 | KeySpec::MlDsa65 | KeySpec::MlDsa87
        )
    }

    /// How a key of the kind encrypts; none unless that is its usage.
    #[must_use]
    pub fn encryption_algorithms(&self) -> &'static [EncryptionAlgorithm] {
        if self.usage != KeyUsage::EncryptDecrypt {
            return &[];
        }
        match self.spec {
            KeySpec::SymmetricDefault => &[EncryptionAlgorithm::SymmetricDefault],
            KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => RSA_ENCRYPTION,
            KeySpec::Sm2 => &[EncryptionAlgorithm::Sm2pke],
            _ => &[],
        }
    }

    /// How a key of the kind signs; none unless that is its usage.
    #[must_use]
    pub fn signing_algorithms(&self) -> &'static [SigningAlgorithm] {
        if self.usage != KeyUsage::SignVerify {
            return &[];
        }
        match self.spec {
            KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => RSA_SIGNING,
            KeySpec::EccNistP256 | KeySpec::EccSecgP256k1 => &[SigningAlgorithm::EcdsaSha256],
            KeySpec::EccNistP384 => &[SigningAlgorithm::EcdsaSha384],
            KeySpec::EccNistP521 => &[SigningAlgorithm::EcdsaSha512],
            KeySpec::EccNistEdwards25519 => &[
                SigningAlgorithm::Ed25519Sha512,
                SigningAlgorithm::Ed25519PhSha512,
            ],
            KeySpec::MlDsa44 | KeySpec::MlDsa65 | KeySpec::MlDsa87 => {
                &[SigningAlgorithm::MlDsaShake256]
            }
            KeySpec::Sm2 => &[SigningAlgorithm::Sm2dsa],
            KeySpec::SymmetricDefault
            | KeySpec::Hmac224
            | KeySpec::Hmac256
            | KeySpec::Hmac384
            | KeySpec::Hmac512 => &[],
        }
    }

    /// How a key of the kind authenticates messages; none unless that is its usage.
    #[must_use]
    pub fn mac_algorithm(&self) -> Option<MacAlgorithm> {
        if self.usage != KeyUsage::GenerateVerifyMac {
            return None;
        }
        match self.spec {
            KeySpec::Hmac224 => Some(MacAlgorithm::HmacSha224),
            KeySpec::Hmac256 => Some(MacAlgorithm::HmacSha256),
            KeySpec::Hmac384 => Some(MacAlgorithm::HmacSha384),
            KeySpec::Hmac512 => Some(MacAlgorithm::HmacSha512),
            _ => None,
        }
    }

    /// How a key of the kind agrees on secrets; none unless that is its usage.
    #[must_use]
    pub fn key_agreement_algorithms(&self) -> &'static [KeyAgreementAlgorithm] {
        if self.usage != KeyUsage::KeyAgreement {
            return &[];
        }
        match self.spec {
            KeySpec::EccNistP256 | KeySpec::EccNistP384 | KeySpec::EccNistP521 | KeySpec::Sm2 => {
                &[KeyAgreementAlgorithm::Ecdh]
            }
            _ => &[],
        }
    }

    /// The length in bytes of an HMAC key of the kind.
    #[must_use]
    pub fn mac_key_length(&self) -> Option<usize> {
        self.mac_algorithm().map(|algorithm| match algorithm {
            MacAlgorithm::HmacSha224 => 28,
            MacAlgorithm::HmacSha256 => 32,
            MacAlgorithm::HmacSha384 => 48,
            MacAlgorithm::HmacSha512 => 64,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spec_has_the_usages_that_aws_gives_it() {
        use KeyUsage::{EncryptDecrypt, GenerateVerifyMac, KeyAgreement, SignVerify};
        for spec in KeySpec::ALL {
            let usages: Vec<KeyUsage> = KeyUsage::ALL
                .iter()
                .copied()
                .filter(|usage| KeyKind::new(*spec, *usage).is_some())
                .collect();
            let expected: &[KeyUsage] = match spec {
                KeySpec::SymmetricDefault => &[EncryptDecrypt],
                KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => {
                    &[SignVerify, EncryptDecrypt]
                }
                KeySpec::EccNistP256 | KeySpec::EccNistP384 | KeySpec::EccNistP521 => {
                    &[SignVerify, KeyAgreement]
                }
                KeySpec::EccSecgP256k1
                | KeySpec::EccNistEdwards25519
                | KeySpec::MlDsa44
                | KeySpec::MlDsa65
                | KeySpec::MlDsa87 => &[SignVerify],
                KeySpec::Hmac224 | KeySpec::Hmac256 | KeySpec::Hmac384 | KeySpec::Hmac512 => {
                    &[GenerateVerifyMac]
                }
                KeySpec::Sm2 => &[SignVerify, EncryptDecrypt, KeyAgreement],
            };
            assert_eq!(usages, expected, "{spec}");
        }
    }

    #[test]
    fn a_key_has_algorithms_of_its_usage_alone() {
        let kind = KeyKind::new(KeySpec::Rsa2048, KeyUsage::SignVerify).unwrap();
        assert_eq!(kind.signing_algorithms().len(), 6);
        assert!(kind.encryption_algorithms().is_empty());
        let kind = KeyKind::new(KeySpec::Rsa2048, KeyUsage::EncryptDecrypt).unwrap();
        assert_eq!(kind.encryption_algorithms().len(), 2);
        assert!(kind.signing_algorithms().is_empty());
        assert!(kind.is_asymmetric() && !KeyKind::default().is_asymmetric());
    }
}
