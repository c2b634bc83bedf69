//! What can go wrong with a message, by who is to blame.

use std::io;

use crate::ciphertext::InvalidContext;
use crate::crypto::Failed;

/// Why a keyring gave no data key: the error of whatever stands behind it, carried unchanged so
/// that the caller can downcast to it.
pub type KeyError = Box<dyn std::error::Error + Send + Sync>;

/// Why nothing, or not everything, was encrypted.
#[derive(Debug, thiserror::Error)]
pub enum EncryptError {
    /// The frame length is 0 or over the bound for writing.
    #[error("the frame length must be from 1 to {max} bytes", max = super::MAX_WRITTEN_FRAME_LENGTH)]
    FrameLength,
    /// The encryption context has a key that starts with `aws-crypto-`.
    #[error("encryption context keys that start with aws-crypto- are reserved")]
    ReservedContextKey,
    /// A key of the encryption context that is not to be stored has no value.
    #[error("the required encryption context key {0:?} is not in the encryption context")]
    RequiredContextKey(String),
    /// The encryption context has no serialised form.
    #[error(transparent)]
    Context(#[from] InvalidContext),
    /// The message would have more encrypted data keys than the options allow.
    #[error("the message would have more than {0} encrypted data keys")]
    TooManyDataKeys(usize),
    /// The header needs another length than the options say.
    #[error("the header does not fit into {0} bytes; use a larger header length")]
    HeaderLength(u32),
    /// The keyring gave no data key.
    #[error("no data key could be generated")]
    Key(#[source] KeyError),
    /// The keyring gave a data key of another length, or encrypted data keys that do not fit a
    /// header.
    #[error("the keyring returned a data key that does not fit the message format")]
    KeyMaterial,
    /// The message has more frames than can be numbered.
    #[error("the message has more than 4294967295 frames; use a larger frame length")]
    TooLong,
    /// A cryptographic operation failed.
    #[error(transparent)]
    Crypto(#[from] Failed),
    /// The plaintext could not be read.
    #[error("the plaintext could not be read")]
    Read(#[source] io::Error),
    /// The message could not be written.
    #[error("the encrypted message could not be written")]
    Write(#[source] io::Error),
}

/// The part of a message that an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Part {
    /// The header.
    #[error("the header")]
    Header,
    /// A frame, by its sequence number from 1.
    #[error("frame {0}")]
    Frame(u32),
    /// The one block of an unframed body.
    #[error("the body")]
    Body,
    /// The signature that ends the message.
    #[error("the signature")]
    Signature,
}

/// Why a message was refused; what was written before is authentic, but not the whole message.
#[derive(Debug, thiserror::Error)]
pub enum DecryptError {
    /// The input does not start like a message.
    #[error("the input is not an encrypted message")]
    NotAMessage,
    /// The input starts like a message in base64.
    #[error("the input is an encrypted message in base64; decode it first")]
    Base64,
    /// The message uses what this reader does not know.
    #[error("the message uses an unknown {0}")]
    Unsupported(&'static str),
    /// The header breaks the format.
    #[error("the header of the message is malformed: {0}")]
    MalformedHeader(&'static str),
    /// The body breaks the format.
    #[error("{part} of the message is malformed: {reason}")]
    MalformedBody {
        /// Where.
        part: Part,
        /// What is wrong.
        reason: &'static str,
    },
    /// The message has more encrypted data keys than the options allow.
    #[error("the message has more than {0} encrypted data keys")]
    TooManyDataKeys(usize),
    /// The suite does not commit to its key, and the options ask for commitment.
    #[error(
        "the message does not commit to its key; allow messages without key commitment to read it"
    )]
    Uncommitted,
    /// The message is signed, and the options do not say what may be released before the
    /// signature is checked.
    #[error(
        "the message is signed and cannot be verified before its end; choose to hold it back or to release it unverified"
    )]
    Signed,
    /// The message is not signed, and only signed ones are asked for.
    #[error("the message is not signed")]
    Unsigned,
    /// Something that must be checked as a whole exceeds what the options allow to be held.
    #[error("{0} is larger than may be held back until it is verified")]
    TooLargeToHold(Part),
    /// The message has no frames, so that no part of it can be read alone.
    #[error("the message is one block without frames and cannot be read in parts")]
    Unframed,
    /// A pair of the encryption context that the caller gave differs from the message's.
    #[error("the message's encryption context differs from the one given")]
    ContextMismatch,
    /// The encryption context has no serialised form.
    #[error(transparent)]
    Context(#[from] InvalidContext),
    /// The keyring gave no data key.
    #[error("none of the message's data keys could be decrypted")]
    Key(#[source] KeyError),
    /// The keyring gave a data key of another length than the suite's.
    #[error("the keyring returned a data key of the wrong length")]
    KeyMaterial,
    /// The data key is not the one that the message commits to.
    #[error("the message does not commit to this data key")]
    CommitmentMismatch,
    /// A tag or signature does not fit: the message was changed, or made with another key.
    #[error("{0} failed authentication: the message was altered")]
    Forged(Part),
    /// The input ends inside the message.
    #[error("the message is cut off in {0}")]
    Truncated(Part),
    /// The input goes on after the message.
    #[error("there is data after the end of the message")]
    TrailingData,
    /// The message that is read is not the one that was verified before.
    #[error("the message was changed while it was read")]
    Changed,
    /// The message could not be read.
    #[error("the encrypted message could not be read")]
    Read(#[source] io::Error),
    /// The plaintext could not be written.
    #[error("the plaintext could not be written")]
    Write(#[source] io::Error),
}
