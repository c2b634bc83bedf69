//! The signature that ends a signed message, over all that stands before it.

use std::io::{self, Write};

use super::error::EncryptError;
use crate::crypto::Failed;
use crate::crypto::sign::EcdsaSigner;

/// Signs what is written through it.
pub(super) struct SigningWriter<'w> {
    writer: &'w mut (dyn Write + Send),
    signer: EcdsaSigner,
}

impl<'w> SigningWriter<'w> {
    pub(super) fn new(writer: &'w mut (dyn Write + Send), signer: EcdsaSigner) -> Self {
        Self { writer, signer }
    }

    /// Writes the footer.
    pub(super) fn finish(self) -> Result<(), EncryptError> {
        let footer = footer(self.signer)?;
        self.writer.write_all(&footer).map_err(EncryptError::Write)
    }
}

/// What ends a signed message: `len2 ‖ signature` over all that the signer has seen.
pub(super) fn footer(signer: EcdsaSigner) -> Result<Vec<u8>, Failed> {
    let signature = signer.sign()?;
    let length = u16::try_from(signature.len()).map_err(|_| Failed)?;
    Ok([&length.to_be_bytes()[..], &signature].concat())
}

impl Write for SigningWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.writer.write(bytes)?;
        self.signer.update(bytes.get(..count).unwrap_or_default());
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
