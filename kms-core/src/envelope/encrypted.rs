//! A value that is stored encrypted: a field of a structure, a column of a table.

use std::fmt;
use std::io::{self, Write};
use std::marker::PhantomData;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{DeserializeOwned, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::{DecryptError, EncryptError};
use super::keyring::DataKeys;
use super::sealer::Sealer;
use crate::ciphertext::EncryptionContext;
use crate::secret::SecretBytes;

/// Where a value belongs: in every place, a value that was sealed for another is refused.
///
/// The *context* is what values have in common, a table and a column, or a structure and a field. The
/// data key is bound to it: the service that keeps the key sees it, its policies and its log name it,
/// and a cached data key serves all values of one context.
///
/// The *row* tells values of one context apart. It is sealed with the value, and nobody sees it. Values
/// of one context and row can still be put in each other's place, so an older value in that of a newer
/// one.
///
/// ```
/// # use kms_core::envelope::Place;
/// let column = Place::new([("table", "people"), ("column", "ssn")]);
/// let place = column.row("42");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    context: EncryptionContext,
    row: String,
}

impl Place {
    /// A place that only the context tells from others.
    #[must_use]
    pub fn new(context: impl Into<EncryptionContext>) -> Self {
        Self {
            context: context.into(),
            row: String::new(),
        }
    }

    /// The place of one row in this context: what identifies it, such as its primary key, in at most
    /// 65,535 bytes.
    #[must_use]
    pub fn row(&self, row: impl fmt::Display) -> Self {
        Self {
            context: self.context.clone(),
            row: row.to_string(),
        }
    }
}

/// Why a value was not sealed.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    /// The place has no context.
    #[error("a value must be sealed for a place with an encryption context")]
    NoContext,
    /// The row is too long.
    #[error("a row must be told in at most 65535 bytes")]
    Row,
    /// The value has no form in bytes, or another one each time.
    #[error("the value cannot be serialised")]
    Value(#[from] InvalidValue),
    /// The message was not made.
    #[error(transparent)]
    Encrypt(#[from] EncryptError),
}

/// Why a value was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The message was refused; [`DecryptError::ContextMismatch`] when it is of another context.
    #[error(transparent)]
    Decrypt(#[from] DecryptError),
    /// The value was sealed for another row.
    #[error("the value was sealed for another place")]
    Elsewhere,
    /// What was sealed is no value of this type.
    #[error("what was sealed is not a value of this type")]
    Value(#[from] InvalidValue),
}

/// A `T` that is encrypted, and opens in one [`Place`] only, by a [`Sealer`].
///
/// It can be stored: as bytes ([`as_bytes`](Self::as_bytes), [`from_bytes`](Self::from_bytes)), and by
/// `serde` as a text of base64 (RFC 4648 §4) where the format is for people, such as JSON, and as bytes
/// elsewhere. What is stored is a message of the AWS Encryption SDK, whose plaintext is
/// `len2 row ‖ value`, the value as [`Plaintext`] says: in JSON, or as it is for [`SecretBytes`].
///
/// Nothing of the value is in `Debug`. Reading one from storage checks nothing: that is for `open`.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use std::sync::Arc;
/// # use kms_core::crypto::random::SystemRandom;
/// # use kms_core::envelope::{RawAesKeyring, Sealer};
/// use kms_core::envelope::{Encrypted, OpenError, Place};
/// use serde::{Deserialize, Serialize};
/// # let key = kms_core::secret::SecretBytes::new(vec![7; 32]);
/// # let keyring = RawAesKeyring::new("example", "key", &key, Arc::new(SystemRandom))?;
/// # let sealer = Sealer::new(keyring, Arc::new(SystemRandom));
///
/// #[derive(Serialize, Deserialize)]
/// struct Person {
///     name: String,
///     ssn: Encrypted<String>,
/// }
///
/// let ssn = Place::new([("table", "people"), ("column", "ssn")]);
/// let person = Person {
///     name: "Ada".to_owned(),
///     ssn: Encrypted::seal(&"078-05-1120".to_owned(), &ssn.row("ada"), &sealer)?,
/// };
/// let stored = serde_json::to_string(&person)?;
///
/// let person: Person = serde_json::from_str(&stored)?;
/// assert_eq!(person.ssn.open(&ssn.row("ada"), &sealer)?, "078-05-1120");
/// let moved = person.ssn.open(&ssn.row("bob"), &sealer);
/// assert!(matches!(moved, Err(OpenError::Elsewhere)));
/// # Ok(())
/// # }
/// ```
pub struct Encrypted<T> {
    message: Vec<u8>,
    value: PhantomData<fn() -> T>,
}

impl<T> Encrypted<T> {
    /// What was stored. Nothing is checked before it is opened.
    #[must_use]
    pub fn from_bytes(message: Vec<u8>) -> Self {
        Self {
            message,
            value: PhantomData,
        }
    }

    /// What to store.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.message
    }

    /// The same, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.message
    }
}

impl<T: Plaintext> Encrypted<T> {
    /// Encrypts `value` for `place`.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn seal<K: DataKeys>(
        value: &T,
        place: &Place,
        sealer: &Sealer<K>,
    ) -> Result<Self, SealError> {
        if place.context.is_empty() {
            return Err(SealError::NoContext);
        }
        let row_length = u16::try_from(place.row.len()).map_err(|_| SealError::Row)?;
        let row = [&row_length.to_be_bytes()[..], place.row.as_bytes()].concat();
        let whole = row.len().saturating_add(value.length()?);
        let plaintext = SecretBytes::try_build(whole, |buffer| {
            let (before, after) = buffer.split_at_mut_checked(row.len()).ok_or(InvalidValue)?;
            before.copy_from_slice(&row);
            value.write(after)
        })?;
        let message = sealer.seal(plaintext.expose(), &place.context)?;
        Ok(Self::from_bytes(message))
    }

    /// Decrypts the value that was sealed for `place`.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open<K: DataKeys>(&self, place: &Place, sealer: &Sealer<K>) -> Result<T, OpenError> {
        let plaintext = sealer.open(&self.message, &place.context)?;
        Ok(T::read(in_row(plaintext.expose(), &place.row)?)?)
    }
}

/// The value behind the row, if it is this one.
fn in_row<'p>(plaintext: &'p [u8], row: &str) -> Result<&'p [u8], OpenError> {
    let (length, rest) = plaintext.split_first_chunk().ok_or(InvalidValue)?;
    let (sealed, value) = rest
        .split_at_checked(usize::from(u16::from_be_bytes(*length)))
        .ok_or(InvalidValue)?;
    if sealed == row.as_bytes() {
        Ok(value)
    } else {
        Err(OpenError::Elsewhere)
    }
}

/// A value and bytes do not belong together. What exactly is wrong is not told: it could tell of the
/// value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the value has no form in bytes, or the bytes are of no such value")]
pub struct InvalidValue;

/// The bytes that an [`Encrypted`] value is encrypted as: JSON for all that `serde` reads and writes,
/// and [`SecretBytes`] as they are.
///
/// The length is asked for first, so that the value stands in one buffer only, which is wiped.
pub trait Plaintext: Sized {
    /// How many bytes the value takes.
    ///
    /// # Errors
    /// [`InvalidValue`] when it has no form in bytes.
    fn length(&self) -> Result<usize, InvalidValue>;

    /// Fills `buffer`, which has that length.
    ///
    /// # Errors
    /// [`InvalidValue`] when the value does not fill it exactly.
    fn write(&self, buffer: &mut [u8]) -> Result<(), InvalidValue>;

    /// The value that was written.
    ///
    /// # Errors
    /// [`InvalidValue`] when the bytes are of no value of this type.
    fn read(bytes: &[u8]) -> Result<Self, InvalidValue>;
}

impl<T: Serialize + DeserializeOwned> Plaintext for T {
    fn length(&self) -> Result<usize, InvalidValue> {
        let mut length = Length(0);
        serde_json::to_writer(&mut length, self).map_err(|_| InvalidValue)?;
        Ok(length.0)
    }

    fn write(&self, mut buffer: &mut [u8]) -> Result<(), InvalidValue> {
        serde_json::to_writer(&mut buffer, self).map_err(|_| InvalidValue)?;
        buffer.is_empty().then_some(()).ok_or(InvalidValue)
    }

    fn read(bytes: &[u8]) -> Result<Self, InvalidValue> {
        serde_json::from_slice(bytes).map_err(|_| InvalidValue)
    }
}

impl Plaintext for SecretBytes {
    fn length(&self) -> Result<usize, InvalidValue> {
        Ok(self.len())
    }

    fn write(&self, buffer: &mut [u8]) -> Result<(), InvalidValue> {
        if buffer.len() != self.len() {
            return Err(InvalidValue);
        }
        buffer.copy_from_slice(self.expose());
        Ok(())
    }

    fn read(bytes: &[u8]) -> Result<Self, InvalidValue> {
        Ok(Self::new(bytes.to_vec()))
    }
}

/// Counts what is written.
struct Length(usize);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<T> fmt::Debug for Encrypted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encrypted(…)")
    }
}

impl<T> Clone for Encrypted<T> {
    fn clone(&self) -> Self {
        Self::from_bytes(self.message.clone())
    }
}

impl<T> Serialize for Encrypted<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&STANDARD.encode(&self.message))
        } else {
            serializer.serialize_bytes(&self.message)
        }
    }
}

impl<'de, T> Deserialize<'de> for Encrypted<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let message = if deserializer.is_human_readable() {
            deserializer.deserialize_str(Stored)?
        } else {
            deserializer.deserialize_byte_buf(Stored)?
        };
        Ok(Self::from_bytes(message))
    }
}

/// A message as it is stored: base64, or bytes in whatever way the format has them.
struct Stored;

impl<'de> Visitor<'de> for Stored {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an encrypted value, in base64 or bytes")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vec<u8>, E> {
        let decoded = STANDARD.decode(text);
        decoded.map_err(|_| E::custom("an encrypted value is not in base64"))
    }

    fn visit_bytes<E: serde::de::Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }

    fn visit_byte_buf<E: serde::de::Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
        Ok(bytes)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut bytes: A) -> Result<Vec<u8>, A::Error> {
        let mut message = Vec::new();
        while let Some(byte) = bytes.next_element()? {
            message.push(byte);
        }
        Ok(message)
    }
}
