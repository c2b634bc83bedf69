//! ML-DSA, FIPS 204, hedged, with an empty context; over a message or over its μ.

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{
    KeyPair, ML_DSA_44, ML_DSA_44_SIGNING, ML_DSA_65, ML_DSA_65_SIGNING, ML_DSA_87,
    ML_DSA_87_SIGNING, ParsedPublicKey, PqdsaKeyPair, PqdsaSigningAlgorithm,
    PqdsaVerificationAlgorithm,
};
use getrandom::SysRng;
use ml_dsa::{
    EncodedVerifyingKey, ExpandedSigningKey, MlDsa44, MlDsa65, MlDsa87, Seed, Signature,
    VerifyingKey,
};

use super::{Message, NewKeyPair};
use crate::api::SigningAlgorithm;
use crate::crypto::Failed;
use crate::crypto::random::Random;
use crate::secret::SecretBytes;

/// One of the three sizes of FIPS 204 §4.
#[derive(Clone, Copy)]
pub(super) enum ParameterSet {
    MlDsa44,
    MlDsa65,
    MlDsa87,
}

const SEED: usize = 32;

impl ParameterSet {
    const fn signing(self) -> &'static PqdsaSigningAlgorithm {
        match self {
            Self::MlDsa44 => &ML_DSA_44_SIGNING,
            Self::MlDsa65 => &ML_DSA_65_SIGNING,
            Self::MlDsa87 => &ML_DSA_87_SIGNING,
        }
    }

    const fn verification(self) -> &'static PqdsaVerificationAlgorithm {
        match self {
            Self::MlDsa44 => &ML_DSA_44,
            Self::MlDsa65 => &ML_DSA_65,
            Self::MlDsa87 => &ML_DSA_87,
        }
    }
}

pub(super) fn generate(set: ParameterSet, random: &dyn Random) -> Result<NewKeyPair, Failed> {
    let seed = SecretBytes::try_build(SEED, |bytes| random.fill(bytes))?;
    let pair = PqdsaKeyPair::from_seed(set.signing(), seed.expose()).map_err(|_| Failed)?;
    let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).map_err(|_| Failed)?;
    Ok(NewKeyPair {
        private: seed,
        public: public.as_ref().to_vec(),
    })
}

fn algorithm_fits(algorithm: SigningAlgorithm) -> Result<(), Failed> {
    match algorithm {
        SigningAlgorithm::MlDsaShake256 => Ok(()),
        _ => Err(Failed),
    }
}

pub(super) struct PrivateKey {
    set: ParameterSet,
    pair: PqdsaKeyPair,
    /// Expanded anew for each μ: few sign so, and the expanded key is large.
    seed: SecretBytes,
}

impl PrivateKey {
    pub(super) fn open(set: ParameterSet, seed: &[u8]) -> Result<Self, Failed> {
        Ok(Self {
            set,
            pair: PqdsaKeyPair::from_seed(set.signing(), seed).map_err(|_| Failed)?,
            seed: SecretBytes::new(seed.to_vec()),
        })
    }

    pub(super) fn sign(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
    ) -> Result<Vec<u8>, Failed> {
        algorithm_fits(algorithm)?;
        match message {
            Message::Raw(message) => {
                let mut signature = vec![0; self.set.signing().signature_len()];
                let length = self.pair.sign(message, &mut signature);
                signature.truncate(length.map_err(|_| Failed)?);
                Ok(signature)
            }
            Message::ExternalMu(mu) => self.sign_mu(mu),
            Message::Digest(_) => Err(Failed),
        }
    }

    fn sign_mu(&self, mu: &[u8]) -> Result<Vec<u8>, Failed> {
        let seed: &Seed = self.seed.expose().try_into().map_err(|_| Failed)?;
        macro_rules! sign {
            ($set:ty) => {
                ExpandedSigningKey::<$set>::from_seed(seed)
                    .sign_mu_randomized(&mu.try_into().map_err(|_| Failed)?, &mut SysRng)
                    .map_err(|_| Failed)?
                    .encode()
                    .to_vec()
            };
        }
        Ok(match self.set {
            ParameterSet::MlDsa44 => sign!(MlDsa44),
            ParameterSet::MlDsa65 => sign!(MlDsa65),
            ParameterSet::MlDsa87 => sign!(MlDsa87),
        })
    }
}

pub(super) struct PublicKey {
    set: ParameterSet,
    key: ParsedPublicKey,
    raw: Vec<u8>,
}

impl PublicKey {
    pub(super) fn open(set: ParameterSet, spki: &[u8]) -> Result<Self, Failed> {
        let key = ParsedPublicKey::new(set.verification(), spki).map_err(|_| Failed)?;
        // The key is the content of the bit string that ends the structure, RFC 9881 §4.
        let start = spki
            .len()
            .checked_sub(set.signing().public_key_len())
            .ok_or(Failed)?;
        let raw = spki.get(start..).ok_or(Failed)?.to_vec();
        Ok(Self { set, key, raw })
    }

    pub(super) fn verify(
        &self,
        algorithm: SigningAlgorithm,
        message: Message<'_>,
        signature: &[u8],
    ) -> Result<(), Failed> {
        algorithm_fits(algorithm)?;
        match message {
            Message::Raw(message) => self.key.verify_sig(message, signature).map_err(|_| Failed),
            Message::ExternalMu(mu) => self.verify_mu(mu, signature),
            Message::Digest(_) => Err(Failed),
        }
    }

    fn verify_mu(&self, mu: &[u8], signature: &[u8]) -> Result<(), Failed> {
        macro_rules! verify {
            ($set:ty) => {{
                let raw = EncodedVerifyingKey::<$set>::try_from(self.raw.as_slice());
                let key = VerifyingKey::<$set>::decode(&raw.map_err(|_| Failed)?);
                let signature = Signature::<$set>::try_from(signature).map_err(|_| Failed)?;
                key.verify_mu(&mu.try_into().map_err(|_| Failed)?, &signature)
            }};
        }
        let valid = match self.set {
            ParameterSet::MlDsa44 => verify!(MlDsa44),
            ParameterSet::MlDsa65 => verify!(MlDsa65),
            ParameterSet::MlDsa87 => verify!(MlDsa87),
        };
        if valid { Ok(()) } else { Err(Failed) }
    }
}
