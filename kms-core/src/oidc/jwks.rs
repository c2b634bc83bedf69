//! JSON Web Key Sets, RFC 7517: the public keys of a provider.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value;

use crate::crypto::jws::{JwsAlgorithm, JwsCurve, JwsKey};

/// The longest key set that is read, in bytes.
pub const MAX_KEY_SET: usize = 128 * 1024;
const MOST_KEYS: usize = 100;
const LONGEST_NAME: usize = 512;

/// Bytes that are no key set, or one that cannot be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a JSON Web Key Set")]
pub struct InvalidKeySet;

#[derive(Deserialize)]
struct Document {
    keys: Vec<Jwk>,
}

/// The members that matter; one that is there twice makes no set.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    d: Option<Value>,
}

#[derive(Debug)]
struct Named {
    /// The one algorithm that the key is for, where the set says so.
    algorithm: Option<JwsAlgorithm>,
    key: JwsKey,
}

/// The public keys of a provider that verify signatures, by their names.
#[derive(Debug, Default)]
pub struct KeySet(BTreeMap<String, Named>);

impl KeySet {
    /// Reads a key set.
    ///
    /// Keys of other kinds, for other uses and without a name are left out, as RFC 7517 §5 has it.
    ///
    /// # Errors
    /// [`InvalidKeySet`] for what is no set; and for one that holds a private key, two keys of one
    /// name, or a key of a kind that is known and in itself not valid: somebody made a mistake
    /// there.
    pub fn parse(json: &[u8]) -> Result<Self, InvalidKeySet> {
        if json.len() > MAX_KEY_SET {
            return Err(InvalidKeySet);
        }
        let document: Document = serde_json::from_slice(json).map_err(|_| InvalidKeySet)?;
        if document.keys.len() > MOST_KEYS {
            return Err(InvalidKeySet);
        }
        let mut keys = BTreeMap::new();
        for jwk in &document.keys {
            if jwk.d.is_some() {
                return Err(InvalidKeySet);
            }
            let Some(name) = jwk.kid.as_ref().filter(|_| jwk.verifies()) else {
                continue;
            };
            let Some(key) = jwk.named()? else { continue };
            let fits = !name.is_empty() && name.len() <= LONGEST_NAME;
            if !fits || keys.insert(name.clone(), key).is_some() {
                return Err(InvalidKeySet);
            }
        }
        Ok(Self(keys))
    }

    /// Whether there is a key of that name.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The key of that name, for that algorithm.
    pub(super) fn key(&self, name: &str, algorithm: JwsAlgorithm) -> Option<&JwsKey> {
        let named = self.0.get(name)?;
        let fits = named.algorithm.is_none_or(|own| own == algorithm);
        fits.then_some(&named.key)
    }
}

impl Jwk {
    fn verifies(&self) -> bool {
        let usage = self.usage.as_deref().is_none_or(|usage| usage == "sig");
        let operations = self.key_ops.as_ref();
        usage && operations.is_none_or(|ops| ops.iter().any(|op| op == "verify"))
    }

    /// The key; `None` where it is of a kind that is not used here.
    fn named(&self) -> Result<Option<Named>, InvalidKeySet> {
        let algorithm = match self.alg.as_deref().map(JwsAlgorithm::from_name) {
            Some(None) => return Ok(None),
            Some(named) => named,
            None => None,
        };
        let key = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => JwsKey::rsa(&bytes(&self.n)?, &bytes(&self.e)?),
            ("EC", Some(name)) => {
                let curve = match name {
                    "P-256" => JwsCurve::P256,
                    "P-384" => JwsCurve::P384,
                    "P-521" => JwsCurve::P521,
                    _ => return Ok(None),
                };
                JwsKey::ec(curve, &bytes(&self.x)?, &bytes(&self.y)?)
            }
            ("OKP", Some("Ed25519")) => JwsKey::ed25519(&bytes(&self.x)?),
            _ => return Ok(None),
        };
        let key = key.map_err(|_| InvalidKeySet)?;
        Ok(Some(Named { algorithm, key }))
    }
}

fn bytes(text: &Option<String>) -> Result<Vec<u8>, InvalidKeySet> {
    let text = text.as_ref().ok_or(InvalidKeySet)?;
    URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidKeySet)
}
