//! Where the footer of a signed message begins, told from the end.

use std::ops::Range;

use super::layout::FrameLayout;
use crate::envelope::error::{DecryptError, Part};
use crate::envelope::frame::FINAL_MARKER;

/// Bytes of the length field before the signature.
const LENGTH_FIELD: u64 = 2;
/// The shortest signature: two integers of one byte.
const SHORTEST: u64 = 8;
/// The longest signature: two integers of P-384, each with a leading zero.
const LONGEST: u64 = 104;
/// DER's tag of a sequence.
const SEQUENCE: u8 = 0x30;

/// Bytes of the footer of a message of `length` bytes: before it stands a final frame of that very
/// length. `read` brings ranges of the message.
pub(super) fn footer_length(
    length: u64,
    header_length: u64,
    frame_length: u32,
    mut read: impl FnMut(Range<u64>) -> Result<Vec<u8>, DecryptError>,
) -> Result<u64, DecryptError> {
    for signature in (SHORTEST..=LONGEST).rev() {
        let footer = LENGTH_FIELD + signature;
        let Some(layout) = length
            .checked_sub(footer)
            .and_then(|length| FrameLayout::of_message(length, header_length, frame_length))
        else {
            continue;
        };
        let end = layout.message_length();
        let field = read(end..end + LENGTH_FIELD + 2)?;
        if !is_start_of_footer(&field, signature) {
            continue;
        }
        let frame = layout.final_frame_range();
        let marks = read(frame.start..frame.start + 8)?;
        let expected = [FINAL_MARKER, layout.final_frame()].map(u32::to_be_bytes);
        if marks == expected.concat() {
            return Ok(footer);
        }
    }
    Err(DecryptError::Truncated(Part::Signature))
}

/// Whether these are the length field and the DER header of a signature of so many bytes.
fn is_start_of_footer(bytes: &[u8], signature: u64) -> bool {
    let [high, low, tag, content] = *bytes else {
        return false;
    };
    u64::from(u16::from_be_bytes([high, low])) == signature
        && tag == SEQUENCE
        && u64::from(content) + 2 == signature
}
