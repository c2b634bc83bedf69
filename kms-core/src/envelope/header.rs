//! The header: what a message says about itself in clear.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::derive::COMMITMENT_LENGTH;
use super::error::{DecryptError, Part};
use super::input::Input;
use super::keyring::EncryptedDataKey;
use super::suite::{AlgorithmSuite, MessageVersion};
use crate::ciphertext::EncryptionContext;
use crate::crypto::aead::{NONCE_LENGTH, TAG_LENGTH};
use crate::crypto::sign::EcdsaVerifier;

/// The pair of the encryption context that holds the key of a signed message's signature.
pub const PUBLIC_KEY_CONTEXT_KEY: &str = "aws-crypto-public-key";
/// What the keys of the encryption context start with that the format keeps for itself.
pub(super) const RESERVED_PREFIX: &str = "aws-crypto-";

const VERSION_1: u8 = 0x01;
const VERSION_2: u8 = 0x02;
const TYPE_CUSTOMER_DATA: u8 = 0x80;
const CONTENT_UNFRAMED: u8 = 0x01;
const CONTENT_FRAMED: u8 = 0x02;
/// What a header may have at most: 16 data keys of the largest size that the format allows, and
/// the largest encryption context.
const MAX_HEADER_LENGTH: usize = 4 * 1024 * 1024;

/// How the body is divided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// One block; read, never written.
    Unframed,
    /// Frames of this many plaintext bytes, from 1.
    Framed(u32),
}

/// The header of a message: public, and authenticated only once the message is decrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The algorithm suite, and with it the version.
    pub suite: AlgorithmSuite,
    /// Random; 16 bytes in version 1, 32 in version 2.
    pub message_id: Vec<u8>,
    /// The encryption context that is stored in the message.
    pub context: EncryptionContext,
    /// The data key, encrypted for each recipient; at least one.
    pub encrypted_data_keys: Vec<EncryptedDataKey>,
    /// How the body is divided.
    pub content: Content,
    /// The commitment to the data key; empty in version 1.
    pub commitment: Vec<u8>,
}

/// A header as read, with what authenticates it.
pub(super) struct ReadHeader {
    pub(super) header: Header,
    /// The bytes of the header body, which the tag covers.
    pub(super) body: Vec<u8>,
    /// The bytes of the header authentication, which follow the body.
    pub(super) authentication: Vec<u8>,
    pub(super) nonce: [u8; NONCE_LENGTH],
    pub(super) tag: [u8; TAG_LENGTH],
}

impl Header {
    /// The header body as it is written, the context sorted; `None` when a part exceeds the format.
    pub(super) fn to_bytes(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::with_capacity(512);
        let suite_id = self.suite.id().to_be_bytes();
        match self.suite.version() {
            MessageVersion::V1 => bytes.extend_from_slice(&[VERSION_1, TYPE_CUSTOMER_DATA]),
            MessageVersion::V2 => bytes.push(VERSION_2),
        }
        bytes.extend_from_slice(&suite_id);
        bytes.extend_from_slice(&self.message_id);
        put_sized(&mut bytes, &self.context.serialise().ok()?)?;
        let count = u16::try_from(self.encrypted_data_keys.len()).ok()?;
        bytes.extend_from_slice(&count.to_be_bytes());
        for key in &self.encrypted_data_keys {
            put_sized(&mut bytes, key.provider_id.as_bytes())?;
            put_sized(&mut bytes, &key.provider_info)?;
            put_sized(&mut bytes, &key.ciphertext)?;
        }
        let (content, frame_length) = match self.content {
            Content::Unframed => (CONTENT_UNFRAMED, 0),
            Content::Framed(length) => (CONTENT_FRAMED, length),
        };
        bytes.push(content);
        if self.suite.version() == MessageVersion::V1 {
            bytes.extend_from_slice(&[0; 4]);
            bytes.push(u8::try_from(NONCE_LENGTH).ok()?);
        }
        bytes.extend_from_slice(&frame_length.to_be_bytes());
        bytes.extend_from_slice(&self.commitment);
        Some(bytes)
    }

    /// A verifier for the signature, if the suite has one.
    ///
    /// A suite signs exactly when the encryption context holds a public key.
    pub(super) fn verifier(&self) -> Result<Option<EcdsaVerifier>, DecryptError> {
        let malformed = DecryptError::MalformedHeader("signature key");
        match (
            self.suite.signature(),
            self.context.get(PUBLIC_KEY_CONTEXT_KEY),
        ) {
            (None, None) => Ok(None),
            (Some(algorithm), Some(text)) => STANDARD
                .decode(text)
                .ok()
                .and_then(|point| EcdsaVerifier::new(algorithm, &point).ok())
                .map(Some)
                .ok_or(malformed),
            _ => Err(malformed),
        }
    }
}

/// A public key as the encryption context holds it: base64 (RFC 4648 §4, padded) of the compressed
/// point.
pub(super) fn public_key_text(compressed_point: &[u8]) -> String {
    STANDARD.encode(compressed_point)
}

fn put_sized(bytes: &mut Vec<u8>, field: &[u8]) -> Option<()> {
    bytes.extend_from_slice(&u16::try_from(field.len()).ok()?.to_be_bytes());
    bytes.extend_from_slice(field);
    Some(())
}

/// Reads a header and stops at the bounds: `max_data_keys`, and [`MAX_HEADER_LENGTH`].
pub(super) fn read_header(
    input: &mut Input<'_>,
    max_data_keys: usize,
) -> Result<ReadHeader, DecryptError> {
    let version = read_version(input)?;
    let mut reader = HeaderReader {
        input,
        bytes: Vec::with_capacity(512),
    };
    let header = reader.header(version, max_data_keys)?;
    let body = std::mem::take(&mut reader.bytes);
    let nonce = match version {
        MessageVersion::V1 => reader.array()?,
        MessageVersion::V2 => [0; NONCE_LENGTH],
    };
    let tag = reader.array()?;
    Ok(ReadHeader {
        header,
        body,
        authentication: reader.bytes,
        nonce,
        tag,
    })
}

/// The version, by a look at the first bytes.
fn read_version(input: &mut Input<'_>) -> Result<MessageVersion, DecryptError> {
    let first = match input.require(4, Part::Header)? {
        [VERSION_1, TYPE_CUSTOMER_DATA, ..] => return Ok(MessageVersion::V1),
        [VERSION_2, ..] => return Ok(MessageVersion::V2),
        first => first,
    };
    Err(match first {
        b"AgR4" | b"AgV4" | b"AYAA" | b"AYAB" | b"AYAC" | b"AYAD" => DecryptError::Base64,
        _ => DecryptError::NotAMessage,
    })
}

/// The pairs of a stored encryption context, in whatever order: other writers do not all sort
/// them, and the header tag covers the bytes as they stand. `None` for an empty list, a key twice,
/// bytes too few or too many, or what is not UTF-8.
fn parse_context(bytes: &[u8]) -> Option<EncryptionContext> {
    let mut context = EncryptionContext::new();
    if bytes.is_empty() {
        return Some(context);
    }
    let (count, mut rest) = bytes.split_first_chunk()?;
    let count = u16::from_be_bytes(*count);
    for _ in 0..count {
        let key = take_text(&mut rest)?;
        if context.insert(key, take_text(&mut rest)?).is_some() {
            return None;
        }
    }
    (count > 0 && rest.is_empty()).then_some(context)
}

fn take_text(rest: &mut &[u8]) -> Option<String> {
    let (length, after) = rest.split_first_chunk()?;
    let (text, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *rest = after;
    String::from_utf8(text.to_vec()).ok()
}

/// Takes fields off the input and keeps their bytes.
struct HeaderReader<'a, 'r> {
    input: &'a mut Input<'r>,
    bytes: Vec<u8>,
}

impl HeaderReader<'_, '_> {
    fn take(&mut self, length: usize) -> Result<Vec<u8>, DecryptError> {
        if self.bytes.len().saturating_add(length) > MAX_HEADER_LENGTH {
            return Err(DecryptError::MalformedHeader("it is larger than 4 MiB"));
        }
        let field = self.input.require(length, Part::Header)?.to_vec();
        self.input.consume(length);
        self.bytes.extend_from_slice(&field);
        Ok(field)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], DecryptError> {
        let bytes = self.take(N)?;
        bytes
            .try_into()
            .map_err(|_| DecryptError::Truncated(Part::Header))
    }

    fn number(&mut self) -> Result<u16, DecryptError> {
        self.array().map(u16::from_be_bytes)
    }

    fn sized(&mut self) -> Result<Vec<u8>, DecryptError> {
        let length = self.number()?;
        self.take(usize::from(length))
    }

    fn header(
        &mut self,
        version: MessageVersion,
        max_data_keys: usize,
    ) -> Result<Header, DecryptError> {
        self.take(match version {
            MessageVersion::V1 => 2,
            MessageVersion::V2 => 1,
        })?;
        let suite = AlgorithmSuite::from_id(self.number()?)?;
        if suite.version() != version {
            return Err(DecryptError::MalformedHeader("suite of another version"));
        }
        let message_id = self.take(version.message_id_length())?;
        let context = parse_context(&self.sized()?)
            .ok_or(DecryptError::MalformedHeader("encryption context"))?;
        Ok(Header {
            suite,
            message_id,
            context,
            encrypted_data_keys: self.data_keys(max_data_keys)?,
            content: self.content(version)?,
            commitment: match version {
                MessageVersion::V1 => Vec::new(),
                MessageVersion::V2 => self.take(COMMITMENT_LENGTH)?,
            },
        })
    }

    fn data_keys(&mut self, max: usize) -> Result<Vec<EncryptedDataKey>, DecryptError> {
        let count = usize::from(self.number()?);
        if count == 0 {
            return Err(DecryptError::MalformedHeader("no encrypted data key"));
        }
        if count > max {
            return Err(DecryptError::TooManyDataKeys(max));
        }
        (0..count).map(|_| self.data_key()).collect()
    }

    fn data_key(&mut self) -> Result<EncryptedDataKey, DecryptError> {
        Ok(EncryptedDataKey {
            provider_id: String::from_utf8(self.sized()?)
                .map_err(|_| DecryptError::MalformedHeader("key provider id"))?,
            provider_info: self.sized()?,
            ciphertext: self.sized()?,
        })
    }

    fn content(&mut self, version: MessageVersion) -> Result<Content, DecryptError> {
        let [kind] = self.array()?;
        if version == MessageVersion::V1 {
            let reserved: [u8; 5] = self.array()?;
            if reserved != [0, 0, 0, 0, 12] {
                return Err(DecryptError::MalformedHeader("reserved field or IV length"));
            }
        }
        let frame_length = u32::from_be_bytes(self.array()?);
        match (kind, frame_length) {
            (CONTENT_UNFRAMED, 0) => Ok(Content::Unframed),
            (CONTENT_FRAMED, 1..) => Ok(Content::Framed(frame_length)),
            (CONTENT_UNFRAMED | CONTENT_FRAMED, _) => {
                Err(DecryptError::MalformedHeader("frame length"))
            }
            _ => Err(DecryptError::Unsupported("content type")),
        }
    }
}
