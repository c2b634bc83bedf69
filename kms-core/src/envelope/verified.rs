//! Verify first, then release: two passes over a message that can be read twice.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};

use super::Summary;
use super::body::{Body, Signature};
use super::decrypt::{DecryptOptions, open_header};
use super::error::DecryptError;
use super::header::read_header;
use super::input::Input;
use super::keyring::DataKeys;
use super::output::Output;
use crate::crypto::aead::AesGcm;
use crate::crypto::digest::{Sha256Digest, sha256};

/// Bytes of the message that have one digest: 8 MiB of digests for each TiB.
const BLOCK_BYTES: usize = 4 * 1024 * 1024;

/// A message that was verified to its end, every tag and the signature if there is one, and of
/// which nothing was released.
pub struct VerifiedMessage {
    key: AesGcm,
    blocks: Vec<Sha256Digest>,
    max_held_bytes: usize,
}

impl fmt::Debug for VerifiedMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedMessage")
            .field("blocks", &self.blocks.len())
            .finish_non_exhaustive()
    }
}

/// Reads one message to the end of the input, verifies all of it, and releases nothing; how signed
/// messages are read otherwise makes no difference here.
///
/// What was read is remembered by its SHA-256 digests, so that
/// [`VerifiedMessage::release`] releases that and nothing else.
///
/// # Errors
/// As [`decrypt`](super::decrypt).
pub fn verify(
    reader: &mut dyn Read,
    keys: &dyn DataKeys,
    options: &DecryptOptions,
) -> Result<VerifiedMessage, DecryptError> {
    let mut reader = BlockReader::new(reader, Check::Record(Vec::new()));
    let mut input = Input::new(&mut reader);
    let read = read_header(&mut input, options.max_data_keys)?;
    let (key, signature) = open_header(&read, keys, options)?;
    let mut nowhere = io::sink();
    let output = Output::new(&mut nowhere, false, options.max_held_bytes);
    Body::new(input, output, &key, signature).run(&read.header)?;
    Ok(VerifiedMessage {
        key,
        blocks: reader.recorded(),
        max_held_bytes: options.max_held_bytes,
    })
}

impl VerifiedMessage {
    /// Reads the same message again, from its beginning, and writes its plaintext. No key is asked
    /// for.
    ///
    /// # Errors
    /// [`DecryptError::Changed`] when `reader` gives anything but what was verified: then a
    /// beginning of the verified plaintext may have been written, and nothing else. Otherwise what
    /// reading and writing say.
    pub fn release(
        &self,
        reader: &mut dyn Read,
        writer: &mut dyn Write,
    ) -> Result<Summary, DecryptError> {
        let mut reader = BlockReader::new(reader, Check::Compare(&self.blocks));
        let mut input = Input::new(&mut reader);
        let read = read_header(&mut input, usize::from(u16::MAX)).map_err(changed)?;
        let signature = match read.header.suite.signature() {
            None => Signature::None,
            Some(_) => Signature::Verified,
        };
        let output = Output::new(writer, false, self.max_held_bytes);
        let body = Body::new(input, output, &self.key, signature);
        let plaintext_length = body.run(&read.header).map_err(changed)?;
        Ok(Summary {
            header: read.header,
            plaintext_length,
        })
    }
}

/// A block is not the one that was verified.
#[derive(Debug, thiserror::Error)]
#[error("the message was changed while it was read")]
struct OtherBlock;

fn changed(error: DecryptError) -> DecryptError {
    match error {
        DecryptError::Read(error)
            if error
                .get_ref()
                .is_some_and(<dyn std::error::Error + Send + Sync>::is::<OtherBlock>) =>
        {
            DecryptError::Changed
        }
        other => other,
    }
}

/// What is done with the digest of each block.
enum Check<'d> {
    Record(Vec<Sha256Digest>),
    Compare(&'d [Sha256Digest]),
}

/// Reads whole blocks and gives none of their bytes before its digest is recorded or compared.
struct BlockReader<'r, 'd> {
    reader: &'r mut dyn Read,
    check: Check<'d>,
    block: Vec<u8>,
    filled: usize,
    taken: usize,
    ended: bool,
}

impl<'r, 'd> BlockReader<'r, 'd> {
    fn new(reader: &'r mut dyn Read, check: Check<'d>) -> Self {
        Self {
            reader,
            check,
            block: vec![0; BLOCK_BYTES],
            filled: 0,
            taken: 0,
            ended: false,
        }
    }

    fn recorded(self) -> Vec<Sha256Digest> {
        match self.check {
            Check::Record(blocks) => blocks,
            Check::Compare(_) => Vec::new(),
        }
    }

    fn next_block(&mut self) -> io::Result<()> {
        (self.filled, self.taken) = (0, 0);
        while let Some(free) = self.block.get_mut(self.filled..).filter(|f| !f.is_empty()) {
            match self.reader.read(free) {
                Ok(0) => {
                    self.ended = true;
                    break;
                }
                Ok(count) => self.filled = self.filled.saturating_add(count),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let block = self.block.get(..self.filled).unwrap_or_default();
        match &mut self.check {
            Check::Record(blocks) => blocks.push(sha256(block)),
            Check::Compare(blocks) => match blocks.split_first() {
                Some((digest, rest)) if *digest == sha256(block) => *blocks = rest,
                _ => {
                    // Who reads on after the error gets nothing of it.
                    (self.filled, self.ended) = (0, true);
                    return Err(io::Error::other(OtherBlock));
                }
            },
        }
        Ok(())
    }
}

impl Read for BlockReader<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.taken == self.filled && !self.ended {
            self.next_block()?;
        }
        let available = self.block.get(self.taken..self.filled).unwrap_or_default();
        let count = available.len().min(buffer.len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), available.get(..count)) {
            to.copy_from_slice(from);
        }
        self.taken = self.taken.saturating_add(count);
        Ok(count)
    }
}
