//! Signatures of JSON Web Tokens (RFC 7515, RFC 7518, RFC 8037): verifying, with public keys alone.
//!
//! A key takes the algorithms of its own type and no other, so that nobody can have a signature
//! checked as something that it is not. `none` and the algorithms with shared secrets do not exist
//! here.

use std::fmt;

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED, ED25519,
    EcdsaVerificationAlgorithm, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
};

use super::Failed;

macro_rules! algorithms {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// An algorithm of a signature: one of those that are accepted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum JwsAlgorithm {
            $($(#[$doc])* $name,)*
        }

        impl JwsAlgorithm {
            /// The algorithm that `alg` names, spelt exactly so; `None` for every other.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($text => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

algorithms! {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256 = "RS256";
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    Rs384 = "RS384";
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    Rs512 = "RS512";
    /// RSASSA-PSS with SHA-256.
    Ps256 = "PS256";
    /// RSASSA-PSS with SHA-384.
    Ps384 = "PS384";
    /// RSASSA-PSS with SHA-512.
    Ps512 = "PS512";
    /// ECDSA on P-256 with SHA-256.
    Es256 = "ES256";
    /// ECDSA on P-384 with SHA-384.
    Es384 = "ES384";
    /// ECDSA on P-521 with SHA-512.
    Es512 = "ES512";
    /// Ed25519.
    EdDsa = "EdDSA";
}

/// A curve of public keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JwsCurve {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
}

impl JwsCurve {
    /// The length of a coordinate in bytes.
    #[must_use]
    pub const fn coordinate(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    const fn algorithm(self) -> (JwsAlgorithm, &'static EcdsaVerificationAlgorithm) {
        match self {
            Self::P256 => (JwsAlgorithm::Es256, &ECDSA_P256_SHA256_FIXED),
            Self::P384 => (JwsAlgorithm::Es384, &ECDSA_P384_SHA384_FIXED),
            Self::P521 => (JwsAlgorithm::Es512, &ECDSA_P521_SHA512_FIXED),
        }
    }
}

/// Moduli of RSA: 2,048 to 8,192 bits.
const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=1024;
/// The longest public exponent, in bytes.
const MOST_EXPONENT_BYTES: usize = 4;

enum Key {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Ec(JwsAlgorithm, ParsedPublicKey),
    Ed25519(ParsedPublicKey),
}

/// A public key that verifies tokens.
pub struct JwsKey(Key);

impl fmt::Debug for JwsKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JwsKey(…)")
    }
}

impl JwsKey {
    /// An RSA key of a modulus and an exponent, both without leading zeros.
    ///
    /// # Errors
    /// [`Failed`] for a modulus that is not of 2,048 to 8,192 bits, an exponent that is even, below
    /// 3 or longer than 32 bits, and any with leading zeros.
    pub fn rsa(n: &[u8], e: &[u8]) -> Result<Self, Failed> {
        let minimal = |number: &[u8]| number.first().is_some_and(|first| *first != 0);
        let odd = |number: &[u8]| number.last().is_some_and(|last| last & 1 == 1);
        let fits = RSA_BYTES.contains(&n.len()) && e.len() <= MOST_EXPONENT_BYTES;
        let one = e == [1];
        if !fits || one || ![n, e].iter().all(|number| minimal(number) && odd(number)) {
            return Err(Failed);
        }
        Ok(Self(Key::Rsa {
            n: n.to_vec(),
            e: e.to_vec(),
        }))
    }

    /// A point on a curve, by its coordinates.
    ///
    /// # Errors
    /// [`Failed`] for coordinates of another length, and what is no point on the curve.
    pub fn ec(curve: JwsCurve, x: &[u8], y: &[u8]) -> Result<Self, Failed> {
        if x.len() != curve.coordinate() || y.len() != curve.coordinate() {
            return Err(Failed);
        }
        let point = [&[4], x, y].concat();
        let (name, algorithm) = curve.algorithm();
        let key = ParsedPublicKey::new(algorithm, point).map_err(|_| Failed)?;
        Ok(Self(Key::Ec(name, key)))
    }

    /// An Ed25519 key of 32 bytes.
    ///
    /// # Errors
    /// [`Failed`] for any other length.
    pub fn ed25519(x: &[u8]) -> Result<Self, Failed> {
        let x: &[u8; 32] = x.try_into().map_err(|_| Failed)?;
        let key = ParsedPublicKey::new(&ED25519, x).map_err(|_| Failed)?;
        Ok(Self(Key::Ed25519(key)))
    }

    /// Checks a signature. That of ECDSA is `r ‖ s`, each as long as the curve's coordinates.
    ///
    /// # Errors
    /// [`Failed`] when it is not one of the key over the message, and for an algorithm that is not
    /// of the key's type.
    pub fn verify(
        &self,
        algorithm: JwsAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), Failed> {
        match &self.0 {
            Key::Rsa { n, e } => RsaPublicKeyComponents { n, e }
                .verify(rsa_parameters(algorithm)?, message, signature)
                .map_err(|_| Failed),
            Key::Ec(own, key) if *own == algorithm => {
                key.verify_sig(message, signature).map_err(|_| Failed)
            }
            Key::Ed25519(key) if algorithm == JwsAlgorithm::EdDsa => {
                key.verify_sig(message, signature).map_err(|_| Failed)
            }
            Key::Ec(..) | Key::Ed25519(_) => Err(Failed),
        }
    }
}

fn rsa_parameters(algorithm: JwsAlgorithm) -> Result<&'static RsaParameters, Failed> {
    Ok(match algorithm {
        JwsAlgorithm::Rs256 => &RSA_PKCS1_2048_8192_SHA256,
        JwsAlgorithm::Rs384 => &RSA_PKCS1_2048_8192_SHA384,
        JwsAlgorithm::Rs512 => &RSA_PKCS1_2048_8192_SHA512,
        JwsAlgorithm::Ps256 => &RSA_PSS_2048_8192_SHA256,
        JwsAlgorithm::Ps384 => &RSA_PSS_2048_8192_SHA384,
        JwsAlgorithm::Ps512 => &RSA_PSS_2048_8192_SHA512,
        JwsAlgorithm::Es256 | JwsAlgorithm::Es384 | JwsAlgorithm::Es512 | JwsAlgorithm::EdDsa => {
            return Err(Failed);
        }
    })
}
