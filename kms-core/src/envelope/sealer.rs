//! Values that fit in memory: sealed into a message, and opened, in one call.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroize;

use super::body::Body;
use super::decrypt::{CommitmentPolicy, DecryptOptions, open_header};
use super::encrypt::{EncryptOptions, Prepared};
use super::error::{DecryptError, EncryptError};
use super::header::{Header, RESERVED_PREFIX, read_header};
use super::input::Input;
use super::keyring::DataKeys;
use super::output::Output;
use crate::ciphertext::EncryptionContext;
use crate::crypto::random::Random;
use crate::secret::SecretBytes;

/// Seals values and opens them: a keyring, and what holds for all messages that are made with it.
///
/// A sealed value is a whole message of the AWS Encryption SDK: every SDK opens it, and so does
/// [`decrypt`](super::decrypt()). What is asked for here is stricter than the format:
///
/// * **The encryption context must be given again, all of it**, to open. A value that was sealed for
///   one place, say a table and a column, does not open in another, and whoever forgets the context
///   opens nothing. (The SDKs, and [`decrypt`](super::decrypt()), open a message whatever context it
///   names, and leave the comparison to the caller.)
/// * The plaintext comes out when the whole message is verified, never a part of it.
/// * Only messages that commit to their key are opened, unless
///   [`with_commitment_policy`](Self::with_commitment_policy) says otherwise.
/// * A sealer that signs opens nothing unsigned.
///
/// A message has around 250 to 600 bytes more than its plaintext, mostly for the encrypted data key.
/// For what does not fit in memory there are [`encrypt`](super::encrypt()) and
/// [`decrypt`](super::decrypt()).
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # use std::sync::Arc;
/// use kms_core::ciphertext::EncryptionContext;
/// use kms_core::crypto::random::SystemRandom;
/// # use kms_core::envelope::{DecryptError, RawAesKeyring, Sealer};
/// # let key = kms_core::secret::SecretBytes::new(vec![7; 32]);
/// # let keyring = RawAesKeyring::new("example", "key", &key, Arc::new(SystemRandom))?;
/// let sealer = Sealer::new(keyring, Arc::new(SystemRandom));
/// let context = EncryptionContext::from([("purpose", "api-token")]);
///
/// let message = sealer.seal(b"attack at dawn", &context)?;
/// assert_eq!(sealer.open(&message, &context)?.expose(), b"attack at dawn");
///
/// let other = EncryptionContext::from([("purpose", "password")]);
/// let refused = sealer.open(&message, &other);
/// assert!(matches!(refused, Err(DecryptError::ContextMismatch)));
/// # Ok(())
/// # }
/// ```
pub struct Sealer<K> {
    keys: K,
    random: Arc<dyn Random>,
    writing: EncryptOptions,
    commitment_policy: CommitmentPolicy,
}

impl<K> fmt::Debug for Sealer<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer")
            .field("writing", &self.writing)
            .field("commitment_policy", &self.commitment_policy)
            .finish_non_exhaustive()
    }
}

impl<K: DataKeys> Sealer<K> {
    /// A sealer over a keyring; behind a [`CachingKeyring`](super::CachingKeyring), values share
    /// data keys. `random` gives the ids of the messages.
    #[must_use]
    pub fn new(keys: K, random: Arc<dyn Random>) -> Self {
        Self {
            keys,
            random,
            writing: EncryptOptions::default(),
            commitment_policy: CommitmentPolicy::default(),
        }
    }

    /// The same, but every message is signed, and what is not signed is refused with
    /// [`DecryptError::Unsigned`]: for values with several recipients, none of whom may change what
    /// another wrote. It costs two operations on P-384 more to seal and one to open, and every
    /// message has a data key of its own, cache or not.
    #[must_use]
    pub fn signed(mut self) -> Self {
        self.writing.sign = true;
        self
    }

    /// The same, but the context must have these keys, to seal and to open, and their pairs are
    /// authenticated without being stored in the message.
    #[must_use]
    pub fn with_required_context_keys<I, S>(mut self, keys: I) -> Self
    where
        I: IntoIterator<Item = S>,
        S: Into<String>,
    {
        self.writing.required_context_keys = keys.into_iter().map(Into::into).collect();
        self
    }

    /// The same with another policy for what is opened; all that is sealed commits to its key.
    #[must_use]
    pub fn with_commitment_policy(mut self, policy: CommitmentPolicy) -> Self {
        self.commitment_policy = policy;
        self
    }

    /// The same with another bound on the encrypted data keys of a message, which is
    /// [`DEFAULT_MAX_DATA_KEYS`](super::DEFAULT_MAX_DATA_KEYS) otherwise; opening, each may cost a call to a key service.
    #[must_use]
    pub fn with_max_data_keys(mut self, most: usize) -> Self {
        self.writing.max_data_keys = most;
        self
    }

    /// One message that holds `plaintext`, bound to `context`.
    ///
    /// The context is not secret: it stands in the message in clear, but for the required keys, and
    /// in the log of the service that keeps the key.
    ///
    /// # Errors
    /// [`EncryptError`], none of those that are about reading and writing.
    pub fn seal(
        &self,
        plaintext: &[u8],
        context: &EncryptionContext,
    ) -> Result<Vec<u8>, EncryptError> {
        let (options, random) = (&self.writing, self.random.as_ref());
        let length = u64::try_from(plaintext.len()).ok();
        Prepared::new(&self.keys, context, options, random, length)?.into_message(plaintext)
    }

    /// The plaintext of a message that was sealed with exactly `context`; verified as a whole.
    ///
    /// # Errors
    /// [`DecryptError`]; [`DecryptError::ContextMismatch`] before any key is asked when the message
    /// says that it was sealed with another context.
    pub fn open(
        &self,
        message: &[u8],
        context: &EncryptionContext,
    ) -> Result<SecretBytes, DecryptError> {
        let mut reader = message;
        let mut input = Input::with_capacity(&mut reader, message.len());
        let read = read_header(&mut input, self.writing.max_data_keys)?;
        self.check(&read.header, context)?;
        let options = DecryptOptions {
            commitment_policy: self.commitment_policy,
            reproduced_context: context.clone(),
            ..DecryptOptions::default()
        };
        let (key, signature) = open_header(&read, &self.keys, &options)?;
        let mut plaintext = Collected(Vec::with_capacity(message.len()));
        // What is written here goes to nobody before the last check is passed; the message is in
        // memory, so its length is the only bound there has to be.
        let output = Output::new(&mut plaintext, false, usize::MAX);
        Body::new(input, output, &key, signature).run(&read.header)?;
        Ok(plaintext.finish())
    }

    /// What a header must say before its keys are looked at.
    fn check(&self, header: &Header, context: &EncryptionContext) -> Result<(), DecryptError> {
        if self.writing.sign && header.suite.signature().is_none() {
            return Err(DecryptError::Unsigned);
        }
        let mut stored = header.context.iter();
        let is_given = |(key, value): (&String, &String)| {
            key.starts_with(RESERVED_PREFIX) || context.get(key) == Some(value)
        };
        let mut required = self.writing.required_context_keys.iter();
        if stored.all(is_given) && required.all(|key| context.get(key).is_some()) {
            Ok(())
        } else {
            Err(DecryptError::ContextMismatch)
        }
    }
}

/// Plaintext on its way into memory, with room for all of it, so that no copy stays behind; wiped
/// unless it is finished.
struct Collected(Vec<u8>);

impl Collected {
    fn finish(mut self) -> SecretBytes {
        SecretBytes::new(std::mem::take(&mut self.0))
    }
}

impl std::io::Write for Collected {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.capacity().saturating_sub(self.0.len()) < bytes.len() {
            return Err(std::io::ErrorKind::WriteZero.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Drop for Collected {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}
