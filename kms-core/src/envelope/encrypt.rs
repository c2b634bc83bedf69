//! Plaintext to message, in constant memory and without copying.

use std::collections::BTreeSet;
use std::io::{Read, Write};

use zeroize::Zeroize;

use super::derive::committing_key;
use super::error::EncryptError;
use super::frame::{FINAL_OVERHEAD, FINAL_PREFIX, FrameAad, Kind};
use super::header::{Content, Header, PUBLIC_KEY_CONTEXT_KEY, RESERVED_PREFIX, public_key_text};
use super::keyring::{
    DataKey, DataKeys, EncryptedDataKey, EncryptionMaterialsRequest, PADDING_PROVIDER,
};
use super::seal::{Frames, seal_final_frame};
use super::signature::SigningWriter;
use super::suite::AlgorithmSuite;
use super::{DEFAULT_MAX_DATA_KEYS, Summary, parallel};
use crate::ciphertext::EncryptionContext;
use crate::crypto::aead::{AesGcm, NONCE_LENGTH, TAG_LENGTH};
use crate::crypto::random::{Random, array};
use crate::crypto::sign::EcdsaSigner;

/// Plaintext bytes in a frame unless the options say otherwise.
pub const DEFAULT_FRAME_LENGTH: u32 = 64 * 1024;
/// The largest frame that is written: a reader holds a whole frame before it releases it.
pub const MAX_WRITTEN_FRAME_LENGTH: u32 = 1024 * 1024;

/// How a message is written. Always one that commits to its key; the commitment policies of
/// [`CommitmentPolicy`](super::CommitmentPolicy) differ in what is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncryptOptions {
    /// Plaintext bytes per frame, from 1 to [`MAX_WRITTEN_FRAME_LENGTH`].
    pub frame_length: u32,
    /// The largest number of encrypted data keys, one for each recipient.
    pub max_data_keys: usize,
    /// Threads that seal, the caller's included; 0 is taken as 1. The message is the same for any
    /// number. With more than one, each fills a batch of its own before it seals it, so this is for
    /// readers that do not wait for their plaintext, such as files.
    pub threads: usize,
    /// Sign header and body, by a key pair that is made for this message alone: then a recipient
    /// cannot alter the message for the others. Hashing is sequential and costs more than
    /// encrypting; a reader cannot verify before the end.
    pub sign: bool,
    /// Keys of the encryption context whose pairs are authenticated but not stored in the message:
    /// whoever decrypts must bring them.
    pub required_context_keys: BTreeSet<String>,
    /// The length in bytes that header and header authentication are to have, whatever the keyring and
    /// the encryption context: then the length of a plaintext follows from that of its message
    /// ([`FrameLayout`](super::FrameLayout)). They are filled up by an encrypted data key that is
    /// nobody's and counts as one recipient more.
    pub header_length: Option<u32>,
}

impl Default for EncryptOptions {
    fn default() -> Self {
        Self {
            frame_length: DEFAULT_FRAME_LENGTH,
            max_data_keys: DEFAULT_MAX_DATA_KEYS,
            threads: 1,
            sign: false,
            required_context_keys: BTreeSet::new(),
            header_length: None,
        }
    }
}

impl EncryptOptions {
    fn suite(&self) -> AlgorithmSuite {
        if self.sign {
            AlgorithmSuite::COMMITTING_SIGNED
        } else {
            AlgorithmSuite::COMMITTING
        }
    }

    fn check(&self, context: &EncryptionContext) -> Result<(), EncryptError> {
        if !(1..=MAX_WRITTEN_FRAME_LENGTH).contains(&self.frame_length) {
            return Err(EncryptError::FrameLength);
        }
        let mut keys = context.iter().map(|(key, _)| key);
        if keys.any(|key| key.starts_with(RESERVED_PREFIX)) {
            return Err(EncryptError::ReservedContextKey);
        }
        let mut required = self.required_context_keys.iter();
        match required.find(|key| context.get(key).is_none()) {
            Some(key) => Err(EncryptError::RequiredContextKey(key.clone())),
            None => Ok(()),
        }
    }
}

/// Reads plaintext to its end and writes it as one message of the AWS Encryption SDK, version 2,
/// suite 0x0478, or 0x0578 where the options ask for a signature.
///
/// `context` is authenticated and, but for the required keys of the options, stored in the message in
/// clear. On one thread, a frame is written as soon as it is complete: no more than one frame of
/// plaintext waits for the reader. Memory is a batch for each thread, of half a MiB at most, or of
/// one frame.
///
/// # Errors
/// [`EncryptError`]; what was written until then is not a whole message and cannot be taken for
/// one.
pub fn encrypt(
    reader: &mut (dyn Read + Send),
    writer: &mut (dyn Write + Send),
    keys: &dyn DataKeys,
    context: &EncryptionContext,
    options: &EncryptOptions,
    random: &dyn Random,
) -> Result<Summary, EncryptError> {
    let prepared = Prepared::new(keys, context, options, random, None)?;
    prepared.write(reader, writer)
}

/// A message whose header is made and whose body is not.
pub(super) struct Prepared {
    pub(super) header: Header,
    /// The header as it is written, with its tag.
    pub(super) bytes: Vec<u8>,
    pub(super) key: AesGcm,
    pub(super) signer: Option<EcdsaSigner>,
    pub(super) frame_length: u32,
    threads: usize,
}

impl Prepared {
    /// Checks what was asked for and gets the data key for a plaintext of `plaintext_length`
    /// bytes, where that is known.
    pub(super) fn new(
        keys: &dyn DataKeys,
        context: &EncryptionContext,
        options: &EncryptOptions,
        random: &dyn Random,
        plaintext_length: Option<u64>,
    ) -> Result<Self, EncryptError> {
        options.check(context)?;
        let suite = options.suite();
        let signature = suite.signature();
        let signer = signature.map(|algorithm| EcdsaSigner::generate(algorithm, random));
        let signer = signer.transpose()?;
        let mut context = context.clone();
        if let Some(signer) = &signer {
            let public_key = public_key_text(signer.compressed_point());
            context.insert(PUBLIC_KEY_CONTEXT_KEY.to_owned(), public_key);
        }
        context.serialise()?;
        let data_key = keys.encryption_materials(&EncryptionMaterialsRequest {
            suite,
            context: &context,
            plaintext_length,
        });
        let data_key = data_key.map_err(EncryptError::Key)?;
        let (header, bytes, key) = make_header(data_key, context, options, random)?;
        Ok(Self {
            header,
            bytes,
            key,
            signer,
            frame_length: options.frame_length,
            threads: options.threads,
        })
    }

    /// Writes the header, the frames of the whole plaintext and the footer.
    pub(super) fn write(
        mut self,
        reader: &mut (dyn Read + Send),
        writer: &mut (dyn Write + Send),
    ) -> Result<Summary, EncryptError> {
        let plaintext_length = match self.signer.take() {
            None => self.write_unsigned(reader, writer)?,
            Some(signer) => {
                let mut writer = SigningWriter::new(writer, signer);
                let plaintext_length = self.write_unsigned(reader, &mut writer)?;
                writer.finish()?;
                plaintext_length
            }
        };
        writer.flush().map_err(EncryptError::Write)?;
        Ok(Summary {
            header: self.header,
            plaintext_length,
        })
    }

    /// The whole message of a plaintext that is in memory.
    pub(super) fn into_message(mut self, plaintext: &[u8]) -> Result<Vec<u8>, EncryptError> {
        let frame_length = usize::try_from(self.frame_length).unwrap_or(usize::MAX);
        if self.signer.is_none() && plaintext.len() < frame_length {
            return self.into_one_frame(plaintext);
        }
        self.threads = 1;
        let mut message = Vec::with_capacity(self.bytes.len().saturating_add(plaintext.len()));
        self.write(&mut &*plaintext, &mut message)?;
        Ok(message)
    }

    /// The header and a final frame, sealed where it stands: no buffer of a whole frame is made for
    /// a short plaintext.
    fn into_one_frame(self, plaintext: &[u8]) -> Result<Vec<u8>, EncryptError> {
        let mut message = self.bytes;
        let start = message.len();
        // Room for all of it at once, so that no copy of the plaintext stays behind.
        message.reserve_exact(plaintext.len().saturating_add(FINAL_OVERHEAD));
        message.resize(start.saturating_add(FINAL_PREFIX), 0);
        message.extend_from_slice(plaintext);
        message.resize(message.len().saturating_add(TAG_LENGTH), 0);
        let mut aad = FrameAad::new(&self.header.message_id, Kind::Final);
        let frame = message.get_mut(start..).unwrap_or_default();
        let sealed = seal_final_frame(&self.key, &mut aad, 1, frame, plaintext.len());
        sealed.inspect_err(|_| frame.zeroize())?;
        Ok(message)
    }

    fn write_unsigned(
        &self,
        reader: &mut (dyn Read + Send),
        writer: &mut (dyn Write + Send),
    ) -> Result<u64, EncryptError> {
        writer.write_all(&self.bytes).map_err(EncryptError::Write)?;
        let frames = || Frames::new(&self.key, &self.header.message_id, self.frame_length);
        if self.threads > 1 {
            parallel::run(reader, writer, self.threads, frames)
        } else {
            frames()?.run(reader, writer)
        }
    }
}

/// The header, its bytes with the tag, and the key that seals the frames.
fn make_header(
    data_key: DataKey,
    mut context: EncryptionContext,
    options: &EncryptOptions,
    random: &dyn Random,
) -> Result<(Header, Vec<u8>, AesGcm), EncryptError> {
    let suite = options.suite();
    let recipients = data_key.encrypted.len();
    let entries = recipients.saturating_add(usize::from(options.header_length.is_some()));
    if entries > options.max_data_keys {
        return Err(EncryptError::TooManyDataKeys(options.max_data_keys));
    }
    if data_key.plaintext.len() != suite.key_length() || recipients == 0 {
        return Err(EncryptError::KeyMaterial);
    }
    let mut unstored = EncryptionContext::new();
    for key in &options.required_context_keys {
        if let Some(value) = context.remove(key) {
            unstored.insert(key.clone(), value);
        }
    }
    let message_id: [u8; 32] = array(random)?;
    let (key, commitment) = committing_key(suite, &data_key.plaintext, &message_id)?;
    let mut header = Header {
        suite,
        message_id: message_id.to_vec(),
        context,
        encrypted_data_keys: data_key.encrypted,
        content: Content::Framed(options.frame_length),
        commitment: commitment.to_vec(),
    };
    if let Some(length) = options.header_length {
        fill_up(&mut header, length)?;
    }
    let mut bytes = header.to_bytes().ok_or(EncryptError::KeyMaterial)?;
    let aad = [bytes.as_slice(), &unstored.serialise()?].concat();
    // The IV 0 is the header's alone: frames count from 1 under the same key.
    let tag = key.seal_in_place([0; NONCE_LENGTH], &aad, &mut [])?;
    bytes.extend_from_slice(&tag);
    Ok((header, bytes, key))
}

/// Adds an encrypted data key that is nobody's, so that header and tag have `length` bytes.
fn fill_up(header: &mut Header, length: u32) -> Result<(), EncryptError> {
    let written = header.to_bytes().ok_or(EncryptError::KeyMaterial)?.len() + TAG_LENGTH;
    let too_long = EncryptError::HeaderLength(length);
    let wanted = usize::try_from(length).unwrap_or(usize::MAX);
    let Some(missing) = wanted.checked_sub(written) else {
        return Err(too_long);
    };
    if missing == 0 {
        return Ok(());
    }
    // Three length fields, the provider id, and no provider info.
    let Some(filling) = missing.checked_sub(3 * 2 + PADDING_PROVIDER.len()) else {
        return Err(too_long);
    };
    if u16::try_from(filling).is_err() {
        return Err(too_long);
    }
    header.encrypted_data_keys.push(EncryptedDataKey {
        provider_id: PADDING_PROVIDER.to_owned(),
        provider_info: Vec::new(),
        ciphertext: vec![0; filling],
    });
    Ok(())
}
