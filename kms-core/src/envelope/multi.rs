//! Several keyrings as one: a message that any one of their recipients can open.

use std::fmt;

use super::error::KeyError;
use super::keyring::{DataKey, DataKeys, EncryptedDataKey};
use crate::ciphertext::EncryptionContext;
use crate::secret::SecretBytes;

/// Why several keyrings give no data key.
#[derive(Debug)]
pub enum MultiKeyringError {
    /// There is no generator, so that nothing can be encrypted.
    NoGenerator,
    /// None of them could decrypt; what each said, in the order in which they were asked.
    NoDataKey(Vec<KeyError>),
}

impl fmt::Display for MultiKeyringError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoGenerator => f.write_str("no keyring is there to generate a data key"),
            Self::NoDataKey(refusals) => {
                f.write_str("no keyring could decrypt a data key")?;
                refusals
                    .iter()
                    .try_for_each(|refusal| write!(f, "; {refusal}"))
            }
        }
    }
}

impl std::error::Error for MultiKeyringError {}

/// A generator, which makes the data key, and further keyrings for which the same data key is
/// encrypted. To decrypt, the generator is asked first and then each of the others in turn, until
/// one gives the data key.
///
/// Whoever can decrypt the data key by one of them can forge the message for the recipients of all.
#[derive(Default)]
pub struct MultiKeyring<'k> {
    generator: Option<Box<dyn DataKeys + 'k>>,
    others: Vec<Box<dyn DataKeys + 'k>>,
}

impl fmt::Debug for MultiKeyring<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MultiKeyring")
            .field("generator", &self.generator.is_some())
            .field("others", &self.others.len())
            .finish()
    }
}

impl<'k> MultiKeyring<'k> {
    /// A keyring whose data keys `generator` makes.
    #[must_use]
    pub fn with_generator(generator: Box<dyn DataKeys + 'k>) -> Self {
        Self {
            generator: Some(generator),
            others: Vec::new(),
        }
    }

    /// The same with one keyring more. Without a generator it decrypts only.
    #[must_use]
    pub fn and(mut self, keyring: Box<dyn DataKeys + 'k>) -> Self {
        self.others.push(keyring);
        self
    }
}

impl DataKeys for MultiKeyring<'_> {
    fn generate(&self, length: usize, context: &EncryptionContext) -> Result<DataKey, KeyError> {
        let generator = self.generator.as_ref();
        let generator = generator.ok_or(MultiKeyringError::NoGenerator)?;
        let mut data_key = generator.generate(length, context)?;
        for keyring in &self.others {
            let encrypted = keyring.wrap(&data_key.plaintext, context)?;
            data_key.encrypted.extend(encrypted);
        }
        Ok(data_key)
    }

    fn wrap(
        &self,
        data_key: &SecretBytes,
        context: &EncryptionContext,
    ) -> Result<Vec<EncryptedDataKey>, KeyError> {
        let mut encrypted = Vec::new();
        for keyring in self.generator.iter().chain(&self.others) {
            encrypted.extend(keyring.wrap(data_key, context)?);
        }
        Ok(encrypted)
    }

    fn unwrap(
        &self,
        encrypted: &[EncryptedDataKey],
        context: &EncryptionContext,
        length: usize,
    ) -> Result<SecretBytes, KeyError> {
        let mut refusals = Vec::new();
        for keyring in self.generator.iter().chain(&self.others) {
            match keyring.unwrap(encrypted, context, length) {
                Ok(data_key) => return Ok(data_key),
                Err(refusal) => refusals.push(refusal),
            }
        }
        Err(MultiKeyringError::NoDataKey(refusals).into())
    }
}
