//! Keys as text: RFC 7468.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kms_core::secret::{SecretBytes, SecretText};

use super::input::{Input, refuse_exposed, text_of};
use crate::failure::{Failure, Kind};

/// The largest file with a key: a private key of RSA with 8192 bits has 6.4 KiB.
const MAX_FILE: u64 = 64 * 1024;

/// What a file is looked into for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PemKey {
    /// A public key: SubjectPublicKeyInfo.
    Public,
    /// A private key: PKCS#8, not encrypted.
    Private,
}

impl PemKey {
    const fn label(self) -> &'static str {
        match self {
            Self::Public => "PUBLIC KEY",
            Self::Private => "PRIVATE KEY",
        }
    }

    /// How a key in another form, of which there is one in the text, comes into this one.
    fn remedy(self, text: &str, file: &str) -> Option<String> {
        let holds = |label: &str| text.contains(&format!("-----BEGIN {label}-----"));
        let command = match self {
            Self::Private if holds("ENCRYPTED PRIVATE KEY") => {
                format!(
                    "it is encrypted: openssl pkcs8 -in {file} -out NEW makes a file without a passphrase"
                )
            }
            Self::Private if holds("RSA PRIVATE KEY") => format!(
                "it is PKCS#1: openssl pkcs8 -topk8 -nocrypt -in {file} -out NEW makes it PKCS#8"
            ),
            Self::Private if holds("OPENSSH PRIVATE KEY") => format!(
                "it is a key of OpenSSH: ssh-keygen -p -m PKCS8 -f COPY makes a copy of {file} PKCS#8"
            ),
            Self::Public if holds("RSA PUBLIC KEY") => format!(
                "it is PKCS#1: openssl rsa -RSAPublicKey_in -in {file} -pubout -out NEW makes it one"
            ),
            Self::Public if holds("CERTIFICATE") => {
                format!("openssl x509 -in {file} -noout -pubkey prints that of a certificate")
            }
            Self::Public if text.contains("PRIVATE KEY-----") => {
                format!("openssl pkey -in {file} -pubout prints that of a private key")
            }
            Self::Private | Self::Public => return None,
        };
        Some(command)
    }
}

/// The bytes of the one key of its kind that the file holds. That of a private key must be closed to
/// others.
pub(crate) fn read_pem(path: &Path, key: PemKey) -> Result<SecretBytes, Failure> {
    let input = Input::open(Some(path))?;
    if key == PemKey::Private {
        refuse_exposed(&input.file, &input.name)?;
    }
    let text = SecretText::new(text_of(&input, MAX_FILE)?);
    let label = key.label();
    decoded(text.expose(), label).ok_or_else(|| {
        let message = format!("{} does not hold one {label} in PEM", input.name);
        let failure = Failure::new(Kind::Failed, message);
        match key.remedy(text.expose(), &input.name) {
            Some(remedy) => failure.hint(remedy),
            None => failure,
        }
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
    fn a_key_in_another_form_is_told_the_command_that_changes_it() {
        let remedy = |key: PemKey, label: &str| {
            let text = format!("-----BEGIN {label}-----\nAAEC\n-----END {label}-----\n");
            key.remedy(&text, "k.pem")
        };
        for (key, label, command) in [
            (
                PemKey::Private,
                "RSA PRIVATE KEY",
                "openssl pkcs8 -topk8 -nocrypt -in k.pem",
            ),
            (
                PemKey::Private,
                "ENCRYPTED PRIVATE KEY",
                "openssl pkcs8 -in k.pem",
            ),
            (PemKey::Private, "OPENSSH PRIVATE KEY", "ssh-keygen"),
            (PemKey::Public, "RSA PUBLIC KEY", "openssl rsa"),
            (PemKey::Public, "CERTIFICATE", "openssl x509 -in k.pem"),
            (PemKey::Public, "PRIVATE KEY", "openssl pkey -in k.pem"),
        ] {
            let said = remedy(key, label).unwrap();
            assert!(said.contains(command), "{said}");
        }
        assert_eq!(remedy(PemKey::Private, "PUBLIC KEY"), None);
        assert_eq!(remedy(PemKey::Private, "EC PARAMETERS"), None);
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
