//! `kms random`.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kms_core::api::GenerateRandomRequest;
use kms_core::secret::SecretText;

use crate::args::{Random, RandomFormat};
use crate::engine::Kms;
use crate::failure::Failure;
use crate::output::Output;

pub(super) fn run(random: &Random, kms: &Kms, output: &Output) -> Result<(), Failure> {
    let answer = kms.call(GenerateRandomRequest {
        number_of_bytes: i32::try_from(random.bytes).ok(),
        ..GenerateRandomRequest::default()
    })?;
    if output.is_json() {
        return output.json(&answer);
    }
    let bytes = answer.plaintext.expose();
    match random.format {
        RandomFormat::Raw => output.bytes(bytes),
        RandomFormat::Base64 => output.text(SecretText::new(STANDARD.encode(bytes)).expose()),
        RandomFormat::Hex => output.text(hex(bytes).expose()),
    }
}

fn hex(bytes: &[u8]) -> SecretText {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    SecretText::new(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_has_two_digits_a_byte() {
        assert_eq!(hex(&[0, 10, 255]).expose(), "000aff");
    }
}
