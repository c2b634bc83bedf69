//! Lower-case hexadecimal of 32 bytes: the only spelling of a digest or a signature.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Writes the 64 digits of `bytes`.
pub(super) fn encode(bytes: &[u8; 32]) -> [u8; 64] {
    let mut text = [0; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        let high = DIGITS.get(usize::from(byte >> 4));
        let low = DIGITS.get(usize::from(byte & 0xf));
        if let ([first, second], Some(high), Some(low)) = (pair, high, low) {
            (*first, *second) = (*high, *low);
        }
    }
    text
}

/// Reads exactly 64 lower-case digits.
pub(super) fn decode(text: &[u8]) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = (digit(*high)? << 4) | digit(*low)?;
    }
    Some(bytes)
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}
