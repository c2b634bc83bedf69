//! The layout of frames and the data that their tags cover besides the ciphertext.

use crate::crypto::aead::{NONCE_LENGTH, TAG_LENGTH};

/// Bytes of a sequence number.
pub(super) const SEQUENCE_LENGTH: usize = 4;
/// What stands before the ciphertext of a regular frame: sequence number, IV.
pub(super) const FRAME_PREFIX: usize = SEQUENCE_LENGTH + NONCE_LENGTH;
/// What a regular frame has around its ciphertext.
pub(super) const FRAME_OVERHEAD: usize = FRAME_PREFIX + TAG_LENGTH;
/// What stands before the ciphertext of the final frame: marker, sequence number, IV, length.
pub(super) const FINAL_PREFIX: usize = SEQUENCE_LENGTH + FRAME_PREFIX + 4;
/// What the final frame has around its ciphertext.
pub(super) const FINAL_OVERHEAD: usize = FINAL_PREFIX + TAG_LENGTH;
/// What stands in the place of a sequence number before the final frame.
pub(super) const FINAL_MARKER: u32 = u32::MAX;

/// Which text goes into the additional data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Regular,
    Final,
    SingleBlock,
}

impl Kind {
    fn text(self) -> &'static [u8] {
        match self {
            Self::Regular => b"AWSKMSEncryptionClient Frame",
            Self::Final => b"AWSKMSEncryptionClient Final Frame",
            Self::SingleBlock => b"AWSKMSEncryptionClient Single Block",
        }
    }
}

/// The additional data of one kind of frame: `message id ‖ text ‖ sequence(4) ‖ length(8)`, made
/// once per message and changed for each frame.
pub(super) struct FrameAad {
    bytes: Vec<u8>,
    fixed: usize,
}

impl FrameAad {
    pub(super) fn new(message_id: &[u8], kind: Kind) -> Self {
        let bytes = [message_id, kind.text()].concat();
        Self {
            fixed: bytes.len(),
            bytes,
        }
    }

    /// The additional data for frame `sequence` of `length` plaintext bytes.
    pub(super) fn of(&mut self, sequence: u32, length: u64) -> &[u8] {
        self.bytes.truncate(self.fixed);
        self.bytes.extend_from_slice(&sequence.to_be_bytes());
        self.bytes.extend_from_slice(&length.to_be_bytes());
        &self.bytes
    }
}

/// The IV that the writer gives to frame `sequence`: the number, big-endian.
pub(super) fn written_nonce(sequence: u32) -> [u8; NONCE_LENGTH] {
    let [a, b, c, d] = sequence.to_be_bytes();
    [0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d]
}
