//! C2SP signed notes with Ed25519, and the checkpoint of a tree (`tlog-checkpoint`) in one.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::crypto::Failed;
use crate::crypto::digest::{Sha256Digest, sha256_of};
use crate::crypto::sign::{Ed25519PrivateKey, verify_ed25519};

/// The signature type of Ed25519 in a signed note.
const ED25519: u8 = 0x01;
const SIGNATURE_PREFIX: &str = "\u{2014} ";
const MAX_NAME: usize = 128;

/// A text that is not a verifier key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a verifier key of the form name+hash+base64 with Ed25519")]
pub struct InvalidVerifierKey;

/// The name and the Ed25519 public key that a ledger's checkpoints are verified with.
///
/// Its text form is the verifier key of C2SP signed notes: `name+keyid+base64`, where `keyid` is
/// eight hexadecimal digits. A name has 1 to 128 printable ASCII characters without `+`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    public_key: [u8; 32],
}

impl VerifierKey {
    /// From its parts.
    ///
    /// # Errors
    /// [`InvalidVerifierKey`] when `name` cannot name a key.
    pub fn new(name: &str, public_key: [u8; 32]) -> Result<Self, InvalidVerifierKey> {
        let fits = (1..=MAX_NAME).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_graphic() && b != b'+');
        if !fits {
            return Err(InvalidVerifierKey);
        }
        Ok(Self {
            name: name.to_owned(),
            public_key,
        })
    }

    /// The ledger's name: the origin of its checkpoints.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> [u8; 4] {
        let hash = sha256_of(&[self.name.as_bytes(), b"\n", &[ED25519], &self.public_key]);
        let [a, b, c, d, ..] = hash;
        [a, b, c, d]
    }

    /// The text of a note that this key, and nobody else, has signed; `None` for anything else.
    pub(super) fn open<'a>(&self, note: &'a str) -> Option<&'a str> {
        let (text, signature) = note.rsplit_once('\n')?.0.rsplit_once("\n\n")?;
        if !note.ends_with('\n') {
            return None;
        }
        let encoded = signature
            .strip_prefix(SIGNATURE_PREFIX)?
            .strip_prefix(self.name.as_str())?
            .strip_prefix(' ')?;
        let decoded = STANDARD.decode(encoded).ok()?;
        let signature = decoded.strip_prefix(&self.id())?;
        let text = note.get(..text.len().checked_add(1)?)?;
        verify_ed25519(&self.public_key, text.as_bytes(), signature).ok()?;
        Some(text)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u32::from_be_bytes(self.id());
        let mut typed = vec![ED25519];
        typed.extend_from_slice(&self.public_key);
        write!(f, "{}+{id:08x}+{}", self.name, STANDARD.encode(typed))
    }
}

impl FromStr for VerifierKey {
    type Err = InvalidVerifierKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, rest) = text.split_once('+').ok_or(InvalidVerifierKey)?;
        let (_, key) = rest.split_once('+').ok_or(InvalidVerifierKey)?;
        let typed = STANDARD.decode(key).map_err(|_| InvalidVerifierKey)?;
        let public_key = typed.strip_prefix(&[ED25519]).ok_or(InvalidVerifierKey)?;
        let public_key = public_key.try_into().map_err(|_| InvalidVerifierKey)?;
        let parsed = Self::new(name, public_key)?;
        // Also checks the key id and that nothing is written in a second way.
        if parsed.to_string() != text {
            return Err(InvalidVerifierKey);
        }
        Ok(parsed)
    }
}

/// The private key of a ledger, with its name.
#[derive(Debug)]
pub(super) struct Signer {
    key: Ed25519PrivateKey,
    verifier: VerifierKey,
}

impl Signer {
    pub(super) fn new(key: Ed25519PrivateKey, name: &str) -> Result<Self, InvalidVerifierKey> {
        let public_key = key.public_key().map_err(|Failed| InvalidVerifierKey)?;
        Ok(Self {
            verifier: VerifierKey::new(name, public_key)?,
            key,
        })
    }

    pub(super) fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// A note over `text`, which ends with a newline.
    pub(super) fn sign(&self, text: &str) -> Result<String, Failed> {
        let mut signature = self.verifier.id().to_vec();
        signature.extend_from_slice(&self.key.sign(text.as_bytes())?);
        let name = &self.verifier.name;
        let encoded = STANDARD.encode(signature);
        Ok(format!("{text}\n{SIGNATURE_PREFIX}{name} {encoded}\n"))
    }
}

/// What a checkpoint states: the first `size` records hash to `root`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// How many records the tree has.
    pub size: u64,
    /// The root of the tree, RFC 6962 §2.1 with SHA-256.
    pub root: Sha256Digest,
}

impl Checkpoint {
    pub(super) fn sign(&self, signer: &Signer) -> Result<String, Failed> {
        let name = signer.verifier().name();
        let root = STANDARD.encode(self.root);
        signer.sign(&format!("{name}\n{}\n{root}\n", self.size))
    }

    /// The checkpoint in a signed note of `key`; `None` for anything else.
    pub(super) fn open(note: &str, key: &VerifierKey) -> Option<Self> {
        let mut lines = key.open(note)?.strip_suffix('\n')?.split('\n');
        if lines.next()? != key.name() {
            return None;
        }
        let size = parse_number(lines.next()?)?;
        let root = parse_hash(lines.next()?)?;
        lines.next().is_none().then_some(Self { size, root })
    }
}

/// A decimal number without a sign or leading zeros.
pub(super) fn parse_number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// A hash in base64.
pub(super) fn parse_hash(text: &str) -> Option<Sha256Digest> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

/// A hash in base64.
pub(super) fn hash_text(hash: &Sha256Digest) -> String {
    STANDARD.encode(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> Signer {
        Signer::new(
            Ed25519PrivateKey::from_seed(&[7; 32]).unwrap(),
            "kms.example/ledger",
        )
        .unwrap()
    }

    #[test]
    fn a_verifier_key_is_read_as_it_is_written() {
        let key = signer().verifier().clone();
        assert_eq!(key.to_string().parse::<VerifierKey>(), Ok(key.clone()));
        let text = key.to_string();
        for i in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[i] ^= 1;
            let changed = String::from_utf8(bytes).unwrap();
            assert_ne!(changed.parse::<VerifierKey>(), Ok(key.clone()), "{i}");
        }
    }

    #[test]
    fn the_published_verifier_key_of_the_go_checksum_database_is_read() {
        let text = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
        assert_eq!(
            text.parse::<VerifierKey>().unwrap().name(),
            "sum.golang.org"
        );
    }

    #[test]
    fn a_checkpoint_opens_with_its_key_only() {
        let checkpoint = Checkpoint {
            size: 42,
            root: [9; 32],
        };
        let note = checkpoint.sign(&signer()).unwrap();
        assert_eq!(
            Checkpoint::open(&note, signer().verifier()),
            Some(checkpoint)
        );
        let other = Signer::new(
            Ed25519PrivateKey::from_seed(&[8; 32]).unwrap(),
            "kms.example/ledger",
        )
        .unwrap();
        assert_eq!(Checkpoint::open(&note, other.verifier()), None);
    }

    #[test]
    fn no_byte_of_a_checkpoint_can_change() {
        let checkpoint = Checkpoint {
            size: 42,
            root: [9; 32],
        };
        let note = checkpoint.sign(&signer()).unwrap().into_bytes();
        for i in 0..note.len() {
            for bit in 0..8 {
                let mut changed = note.clone();
                changed[i] ^= 1 << bit;
                if let Ok(text) = std::str::from_utf8(&changed) {
                    assert_eq!(Checkpoint::open(text, signer().verifier()), None);
                }
            }
        }
        for length in 0..note.len() {
            if let Ok(text) = std::str::from_utf8(&note[..length]) {
                assert_eq!(Checkpoint::open(text, signer().verifier()), None);
            }
        }
    }

    #[test]
    fn a_name_with_a_space_a_plus_or_a_line_break_is_refused() {
        for name in ["", "a b", "a+b", "a\n", "ü", &"a".repeat(129)] {
            assert_eq!(
                VerifierKey::new(name, [0; 32]),
                Err(InvalidVerifierKey),
                "{name}"
            );
        }
    }
}
