//! Keys as text: RFC 7468.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kms_core::secret::{SecretBytes, SecretText};

use super::input::read_text;
use crate::failure::{Failure, Kind};

/// The largest file with a key: a private key of RSA with 8192 bits has 6.4 KiB.
const MAX_FILE: u64 = 64 * 1024;

/// The bytes of the one `label` that the file holds, such as `PUBLIC KEY`.
pub(crate) fn read_pem(path: &Path, label: &str) -> Result<SecretBytes, Failure> {
    let text = SecretText::new(read_text(path, MAX_FILE)?);
    decoded(text.expose(), label).ok_or_else(|| {
        let message = format!("{} does not hold one {label} in PEM", path.display());
        Failure::new(Kind::Failed, message)
    })
}

fn decoded(text: &str, label: &str) -> Option<SecretBytes> {
    let (begin, end) = (
        format!("-----BEGIN {label}-----"),
        format!("-----END {label}-----"),
    );
    let mut lines = text.lines().map(str::trim_end);
    lines.find(|line| *line == begin)?;
    // As long as the whole, so that it does not grow and leave a copy.
    let mut base64 = String::with_capacity(text.len());
    let mut ended = false;
    for line in lines.by_ref() {
        ended = line == end;
        if ended {
            break;
        }
        base64.push_str(line);
    }
    let base64 = SecretText::new(base64);
    let bytes = STANDARD
        .decode(base64.expose())
        .map(SecretBytes::new)
        .ok()?;
    (ended && lines.all(|line| line != begin)).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "-----BEGIN PUBLIC KEY-----\nAAEC\nAwQ=\n-----END PUBLIC KEY-----\n";

    fn bytes(text: &str) -> Option<Vec<u8>> {
        decoded(text, "PUBLIC KEY").map(|bytes| bytes.expose().to_vec())
    }

    #[test]
    fn one_key_is_read_with_whatever_stands_around_it() {
        let expected = Some(vec![0, 1, 2, 3, 4]);
        assert_eq!(bytes(KEY), expected);
        assert_eq!(bytes(&format!("a comment\n{KEY}after")), expected);
        assert_eq!(bytes(&KEY.replace('\n', "\r\n")), expected);
    }

    #[test]
    fn what_is_not_one_key_is_refused() {
        for text in [
            "",
            "AAECAwQ=",
            &KEY.replace("PUBLIC", "PRIVATE"),
            &KEY.replace("-----END PUBLIC KEY-----", ""),
            &KEY.replace("AAEC", "AA*C"),
            &KEY.replace('=', ""),
            &format!("{KEY}{KEY}"),
        ] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
