//! Message to plaintext: nothing is released before its tag is checked.

use std::io::{Read, Write};

use super::body::{Body, Signature};
use super::derive::message_key;
use super::error::{DecryptError, Part};
use super::header::{Header, RESERVED_PREFIX, ReadHeader, read_header};
use super::input::Input;
use super::keyring::{DataKeys, DecryptionMaterialsRequest};
use super::output::Output;
use super::{DEFAULT_MAX_DATA_KEYS, Summary};
use crate::ciphertext::EncryptionContext;
use crate::crypto::aead::AesGcm;

/// Bytes that are held back until they are verified, unless the options say otherwise.
pub const DEFAULT_MAX_HELD_BYTES: usize = 16 * 1024 * 1024;

/// Which messages are read, by whether they commit to their key. Only committing ones are written:
/// there is no `ForbidEncryptAllowDecrypt`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CommitmentPolicy {
    /// Only messages that commit to their key.
    #[default]
    RequireEncryptRequireDecrypt,
    /// All messages. One without commitment can be made to open to another plaintext for each
    /// recipient.
    RequireEncryptAllowDecrypt,
}

/// What happens to a signed message, whose signature can only be checked at its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignedMessages {
    /// It is refused right after its header.
    #[default]
    Refuse,
    /// Its plaintext is held in memory, up to `max_held_bytes`, and released once the signature is
    /// verified.
    HoldBack,
    /// Frames are released as they are authenticated, all but the final one before the signature
    /// is verified; when it is not, the caller must discard what was released.
    ReleaseUnverified,
}

/// What is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecryptOptions {
    /// Whether messages without key commitment are read.
    pub commitment_policy: CommitmentPolicy,
    /// Whether and how signed messages are read.
    pub signed_messages: SignedMessages,
    /// The largest number of encrypted data keys; each may cost a call to a key service.
    pub max_data_keys: usize,
    /// The most plaintext bytes held until they are verified: a frame, an unframed body, the whole
    /// of a signed message that is held back.
    pub max_held_bytes: usize,
    /// Pairs that the caller knows. One that the message stores must be equal; one that it does
    /// not store is added to the encryption context.
    pub reproduced_context: EncryptionContext,
}

impl Default for DecryptOptions {
    fn default() -> Self {
        Self {
            commitment_policy: CommitmentPolicy::default(),
            signed_messages: SignedMessages::default(),
            max_data_keys: DEFAULT_MAX_DATA_KEYS,
            max_held_bytes: DEFAULT_MAX_HELD_BYTES,
            reproduced_context: EncryptionContext::new(),
        }
    }
}

/// Reads one message of the AWS Encryption SDK, version 1 or 2, to the end of the input and writes
/// its plaintext.
///
/// Each frame is written once its tag is checked and as soon as the reader gives no more: a
/// message that turns out to be altered or cut off has by then given up an authentic beginning, so
/// the error, which comes last, decides whether the plaintext is whole.
///
/// # Errors
/// [`DecryptError`]. The commitment policy and the bounds are checked before `keys` is asked.
pub fn decrypt(
    reader: &mut dyn Read,
    writer: &mut dyn Write,
    keys: &dyn DataKeys,
    options: &DecryptOptions,
) -> Result<Summary, DecryptError> {
    let mut input = Input::new(reader);
    let read = read_header(&mut input, options.max_data_keys)?;
    let hold = holds_back(&read.header, options)?;
    let (key, signature) = open_header(&read, keys, options)?;
    let output = Output::new(writer, hold, options.max_held_bytes);
    let plaintext_length = Body::new(input, output, &key, signature).run(&read.header)?;
    Ok(Summary {
        header: read.header,
        plaintext_length,
    })
}

/// Reads the header of a message and nothing of its body, though more may be taken off `reader`.
///
/// The header is *not* authenticated: that takes the data key.
///
/// # Errors
/// [`DecryptError`] when the input does not start with a well-formed header.
pub fn inspect(reader: &mut dyn Read) -> Result<Header, DecryptError> {
    let read = read_header(&mut Input::new(reader), usize::from(u16::MAX))?;
    read.header.verifier()?;
    Ok(read.header)
}

/// Whether nothing of the message may leave before its end, or the refusal of a signed one.
pub(super) fn holds_back(header: &Header, options: &DecryptOptions) -> Result<bool, DecryptError> {
    if header.suite.signature().is_none() {
        return Ok(false);
    }
    match options.signed_messages {
        SignedMessages::Refuse => {
            // What the header says wrongly is told before what the options do not allow.
            check_policy(header, options)?;
            header.verifier()?;
            Err(DecryptError::Signed)
        }
        SignedMessages::HoldBack => Ok(true),
        SignedMessages::ReleaseUnverified => Ok(false),
    }
}

fn check_policy(header: &Header, options: &DecryptOptions) -> Result<(), DecryptError> {
    match options.commitment_policy {
        CommitmentPolicy::RequireEncryptRequireDecrypt if !header.suite.commits_to_key() => {
            Err(DecryptError::Uncommitted)
        }
        _ => Ok(()),
    }
}

/// Checks all that the header can be checked for, the policy first, and gets the key.
pub(super) fn open_header(
    read: &ReadHeader,
    keys: &dyn DataKeys,
    options: &DecryptOptions,
) -> Result<(AesGcm, Signature), DecryptError> {
    let header = &read.header;
    check_policy(header, options)?;
    let verifier = header.verifier()?;
    let (context, unstored) = full_context(&header.context, &options.reproduced_context)?;
    let data_key = keys
        .decryption_materials(&DecryptionMaterialsRequest {
            suite: header.suite,
            context: &context,
            encrypted_data_keys: &header.encrypted_data_keys,
        })
        .map_err(DecryptError::Key)?;
    let key = message_key(header, &data_key)?;
    let aad = [read.body.as_slice(), &unstored.serialise()?].concat();
    key.open_into(read.nonce, &aad, &[], &read.tag, &mut [])
        .map_err(|_| DecryptError::Forged(Part::Header))?;
    let Some(mut verifier) = verifier else {
        return Ok((key, Signature::None));
    };
    verifier.update(&read.body);
    verifier.update(&read.authentication);
    Ok((key, Signature::Unverified(verifier)))
}

/// The stored pairs with the reproduced ones, and of these the ones that are not stored.
pub(super) fn full_context(
    stored: &EncryptionContext,
    reproduced: &EncryptionContext,
) -> Result<(EncryptionContext, EncryptionContext), DecryptError> {
    let mut full = stored.clone();
    let mut unstored = EncryptionContext::new();
    for (key, value) in reproduced.iter() {
        match stored.get(key) {
            Some(same) if same == value => {}
            Some(_) => return Err(DecryptError::ContextMismatch),
            // What the format keeps for itself is stored or not there at all.
            None if key.starts_with(RESERVED_PREFIX) => {
                return Err(DecryptError::ContextMismatch);
            }
            None => {
                full.insert(key.clone(), value.clone());
                unstored.insert(key.clone(), value.clone());
            }
        }
    }
    Ok((full, unstored))
}
