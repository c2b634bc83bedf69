//! The hot responses, written without copies of their secrets.

use std::fmt;
use std::io::Write;

use super::blob::{Blob, append_base64, encoded_length};
use super::message::EncodeError;
use crate::secret::SecretBytes;

/// Writes a JSON object of strings member by member, into room made once: growing would leave a
/// copy of a secret behind.
pub(super) struct ObjectWriter<'a> {
    out: &'a mut Vec<u8>,
    separator: u8,
}

/// The secret of an answer.
#[derive(Clone, Copy)]
pub(super) enum Secret<'a> {
    Clear(&'a SecretBytes),
    /// It is not in the answer, but encrypted to the recipient that the request named.
    ForRecipient(&'a Blob),
}

impl<'a> Secret<'a> {
    pub(super) fn new(clear: &'a SecretBytes, for_recipient: Option<&'a Blob>) -> Self {
        match for_recipient {
            Some(blob) => Self::ForRecipient(blob),
            None => Self::Clear(clear),
        }
    }

    pub(super) fn encoded_length(self) -> usize {
        encoded_length(match self {
            Self::Clear(secret) => secret.len(),
            Self::ForRecipient(blob) => blob.len(),
        })
    }
}

/// More than the members of any of these responses take beside their blobs: two ARNs with a
/// Region of 32 characters, two key material ids, the names.
pub(super) const ROOM_BESIDE_BLOBS: usize = 1024;

impl<'a> ObjectWriter<'a> {
    pub(super) fn begin(out: &'a mut Vec<u8>, blobs: usize) -> Self {
        out.reserve(blobs.saturating_add(ROOM_BESIDE_BLOBS));
        Self {
            out,
            separator: b'{',
        }
    }

    fn name(&mut self, name: &str) {
        self.out.push(self.separator);
        self.separator = b',';
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":\"");
    }

    pub(super) fn blob(&mut self, name: &str, bytes: &[u8]) {
        self.name(name);
        append_base64(self.out, bytes);
        self.out.push(b'"');
    }

    /// The secret by its own name, or what stands for it.
    pub(super) fn secret(&mut self, name: &str, secret: Secret<'_>) {
        match secret {
            Secret::Clear(secret) => self.blob(name, secret.expose()),
            Secret::ForRecipient(blob) => self.blob("CiphertextForRecipient", blob.as_slice()),
        }
    }

    /// A value whose text needs no escaping: ids, ARNs and values of closed sets.
    pub(super) fn plain(
        &mut self,
        name: &str,
        value: impl fmt::Display,
    ) -> Result<(), EncodeError> {
        self.name(name);
        write!(self.out, "{value}\"").map_err(|_| EncodeError)
    }

    pub(super) fn optional(
        &mut self,
        name: &str,
        value: Option<impl fmt::Display>,
    ) -> Result<(), EncodeError> {
        value.map_or(Ok(()), |value| self.plain(name, value))
    }

    pub(super) fn end(self) {
        self.out.push(b'}');
    }
}
