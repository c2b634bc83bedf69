//! The ciphertext blob of double encryption, suite 2 of `docs/spec/ciphertext-blob.md`: a blob of
//! suite 1 that an external key manager encrypted once more.

use crate::crypto::Failed;
use crate::crypto::aead::TAG_LENGTH;
use crate::crypto::digest::sha256;
use crate::ids::KeyId;

use super::EncryptionContext;
use super::blob::{
    CiphertextBlob, FORMAT, InvalidCiphertext, MAX_PLAINTEXT, MaterialTag, OVERHEAD, key_of, kind,
};

/// The suite's number.
pub(super) const SUITE: u8 = 2;

/// Bytes that say what the blob is of.
const NAME: usize = 27;

/// The longest metadata of the key manager, in bytes.
const MAX_METADATA: usize = 20;

/// What an external key manager made of an inner blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OuterLayer {
    /// What it wants back: at most 20 bytes.
    pub metadata: Vec<u8>,
    /// 12 or 16 bytes.
    pub initialization_vector: Vec<u8>,
    /// 16 bytes.
    pub tag: Vec<u8>,
    /// As long as the inner blob.
    pub ciphertext: Vec<u8>,
}

/// A well-formed blob of suite 2: what it says of itself, before anything is known to be true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoubleBlob {
    name: Name,
    layer: OuterLayer,
}

/// Which key and material a blob says that it is of: its first 27 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// The key.
    pub key: KeyId,
    /// The short form of the key material's id.
    pub material: MaterialTag,
}

impl Name {
    fn to_bytes(self) -> [u8; NAME] {
        let mut bytes = [0; NAME];
        let parts = [FORMAT, SUITE, kind(self.key)].into_iter();
        let parts = parts
            .chain(self.key.bits().to_be_bytes())
            .chain(self.material);
        for (slot, byte) in bytes.iter_mut().zip(parts) {
            *slot = byte;
        }
        bytes
    }

    /// What the external key manager authenticates besides the inner blob: the name, and a digest of
    /// the encryption context, which it need not learn.
    ///
    /// # Errors
    /// [`Failed`] when the context exceeds 65,535 bytes.
    pub fn authenticated(self, context: &EncryptionContext) -> Result<Vec<u8>, Failed> {
        let context = context.serialise().map_err(|_| Failed)?;
        Ok([&self.to_bytes()[..], &sha256(&context)].concat())
    }
}

impl DoubleBlob {
    /// Whether the bytes say that they are of this suite.
    #[must_use]
    pub fn is_named(bytes: &[u8]) -> bool {
        bytes.get(..2) == Some(&[FORMAT, SUITE])
    }

    /// The blob of an outer layer; `None` when the layer is not in its bounds.
    #[must_use]
    pub fn new(name: Name, layer: OuterLayer) -> Option<Self> {
        let inner = OVERHEAD + 1..=OVERHEAD + MAX_PLAINTEXT;
        let fits = layer.metadata.len() <= MAX_METADATA
            && matches!(layer.initialization_vector.len(), 12 | 16)
            && layer.tag.len() == TAG_LENGTH
            && inner.contains(&layer.ciphertext.len());
        fits.then_some(Self { name, layer })
    }

    /// Takes the blob apart without opening it.
    ///
    /// # Errors
    /// [`InvalidCiphertext`] unless the bytes are what [`DoubleBlob::to_bytes`] could have written.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidCiphertext> {
        let mut rest = bytes;
        let mut take = |count: usize| {
            let (taken, left) = rest.split_at_checked(count).ok_or(InvalidCiphertext)?;
            rest = left;
            Ok(taken)
        };
        let name = take(NAME)?;
        let (head, name) = name.split_first_chunk::<3>().ok_or(InvalidCiphertext)?;
        let (key, material) = name.split_first_chunk::<16>().ok_or(InvalidCiphertext)?;
        let [FORMAT, SUITE, kind] = *head else {
            return Err(InvalidCiphertext);
        };
        let name = Name {
            key: key_of(kind, u128::from_be_bytes(*key)).ok_or(InvalidCiphertext)?,
            material: material.try_into().map_err(|_| InvalidCiphertext)?,
        };
        let length = |taken: &[u8]| taken.first().copied().map_or(0, usize::from);
        let count = length(take(1)?);
        let metadata = take(count)?.to_vec();
        let count = length(take(1)?);
        let initialization_vector = take(count)?.to_vec();
        let tag = take(TAG_LENGTH)?.to_vec();
        let layer = OuterLayer {
            metadata,
            initialization_vector,
            tag,
            ciphertext: rest.to_vec(),
        };
        Self::new(name, layer).ok_or(InvalidCiphertext)
    }

    /// The blob as it is answered: at most 4,284 bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let layer = &self.layer;
        let length = |bytes: &[u8]| u8::try_from(bytes.len()).unwrap_or(u8::MAX);
        let mut bytes = self.name.to_bytes().to_vec();
        bytes.push(length(&layer.metadata));
        bytes.extend_from_slice(&layer.metadata);
        bytes.push(length(&layer.initialization_vector));
        bytes.extend_from_slice(&layer.initialization_vector);
        bytes.extend_from_slice(&layer.tag);
        bytes.extend_from_slice(&layer.ciphertext);
        bytes
    }

    /// What the blob says that it is of.
    #[must_use]
    pub fn name(&self) -> Name {
        self.name
    }

    /// What the external key manager made.
    #[must_use]
    pub fn into_layer(self) -> OuterLayer {
        self.layer
    }
}

impl Name {
    /// Reads what the external key manager made of an outer layer: a blob of suite 1 of the same key
    /// and material.
    ///
    /// # Errors
    /// [`InvalidCiphertext`] for anything else.
    pub fn inner(self, bytes: &[u8]) -> Result<CiphertextBlob, InvalidCiphertext> {
        let inner = CiphertextBlob::parse(bytes)?;
        if inner.key() == self.key && inner.material() == self.material {
            Ok(inner)
        } else {
            Err(InvalidCiphertext)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: Name = Name {
        key: KeyId::Uuid(0x1234_abcd_12ab_34cd_56ef_1234_5678_90ab),
        material: [7; 8],
    };

    fn layer(metadata: usize, vector: usize, inner: usize) -> OuterLayer {
        OuterLayer {
            metadata: vec![1; metadata],
            initialization_vector: vec![2; vector],
            tag: vec![3; 16],
            ciphertext: vec![4; inner],
        }
    }

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        for (metadata, vector, inner) in [(0, 12, 108), (20, 16, 4203), (13, 12, 139)] {
            let blob = DoubleBlob::new(NAME, layer(metadata, vector, inner)).unwrap();
            let bytes = blob.to_bytes();
            assert!(DoubleBlob::is_named(&bytes) && bytes.len() <= 4284);
            assert!(CiphertextBlob::parse(&bytes).is_err());
            assert_eq!(DoubleBlob::parse(&bytes).unwrap(), blob);
            for length in 0..NAME.to_bytes().len() + 3 {
                assert!(DoubleBlob::parse(&bytes[..length]).is_err(), "{length}");
            }
        }
    }

    #[test]
    fn layers_out_of_bounds_are_refused() {
        for (metadata, vector, inner) in [
            (21, 12, 139),
            (0, 11, 139),
            (0, 13, 139),
            (0, 0, 139),
            (0, 17, 139),
            (0, 12, 107),
            (0, 12, 0),
            (0, 16, 4204),
        ] {
            let layer = layer(metadata, vector, inner);
            assert!(DoubleBlob::new(NAME, layer.clone()).is_none());
            let written = DoubleBlob { name: NAME, layer }.to_bytes();
            assert!(
                DoubleBlob::parse(&written).is_err(),
                "{metadata} {vector} {inner}"
            );
        }
    }

    #[test]
    fn the_context_and_the_name_are_authenticated() {
        let context: EncryptionContext = [("a".to_owned(), "b".to_owned())].into_iter().collect();
        let empty = EncryptionContext::new();
        let other = Name {
            material: [8; 8],
            ..NAME
        };
        let authenticated = NAME.authenticated(&context).unwrap();
        assert_eq!(authenticated.len(), 59);
        assert_ne!(authenticated, NAME.authenticated(&empty).unwrap());
        assert_ne!(authenticated, other.authenticated(&context).unwrap());
    }
}
