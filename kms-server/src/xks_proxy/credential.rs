//! The credential that clients of the proxy sign with: a file in the form that AWS's console takes.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use kms_core::crypto::random::{Random, SystemRandom};
use kms_core::secret::{SecretBytes, SecretText};
use kms_core::xks::PATH_END;
use serde::Deserialize;

/// The bits of the file's mode that must not be set: others and the group in any way.
const FORBIDDEN_MODE: u32 = 0o077;

/// The longest file, in bytes.
const LONGEST: u64 = 4096;

/// Why there is no credential.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CredentialError {
    /// The file cannot be read or written.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The file can be read by others.
    #[error("{path} must be closed to others: its mode should be 0600")]
    Open {
        /// The file.
        path: PathBuf,
    },
    /// It is not a credential.
    #[error(
        "{path} holds no credential: an AccessKeyId of 20 to 30 characters A-Z2-7 and a \
         RawSecretAccessKey of 43 to 64 characters A-Za-z0-9/+="
    )]
    Invalid {
        /// The file.
        path: PathBuf,
    },
    /// There is no randomness.
    #[error("no randomness for a credential")]
    Random,
}

/// An access key id and its secret.
#[derive(Debug)]
pub(crate) struct Credential {
    /// The access key id.
    pub(crate) id: String,
    /// The secret.
    pub(crate) secret: SecretText,
}

/// The file as AWS's console reads it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct File {
    #[serde(rename = "XksProxyUriPath", default)]
    _path: String,
    xks_proxy_authentication_credential: Members,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Members {
    access_key_id: String,
    raw_secret_access_key: String,
}

impl Credential {
    /// Reads the file, or makes it with a new credential where there is none.
    pub(crate) fn load(path: &Path, prefix: &str) -> Result<Self, CredentialError> {
        match Self::read(path) {
            Err(CredentialError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                let made = Self::generate()?;
                let written = made.write(path, prefix);
                written.map_err(|source| CredentialError::Io {
                    path: path.to_owned(),
                    source,
                })?;
                tracing::info!(path = %path.display(), "a credential for the proxy is written");
                Ok(made)
            }
            read => read,
        }
    }

    fn read(path: &Path) -> Result<Self, CredentialError> {
        let failed = |source| CredentialError::Io {
            path: path.to_owned(),
            source,
        };
        let file = std::fs::File::open(path).map_err(failed)?;
        let mode = file.metadata().map_err(failed)?.permissions().mode();
        if mode & FORBIDDEN_MODE != 0 {
            return Err(CredentialError::Open {
                path: path.to_owned(),
            });
        }
        let mut bytes = Vec::with_capacity(usize::try_from(LONGEST).unwrap_or_default());
        let read = file.take(LONGEST).read_to_end(&mut bytes);
        let bytes = SecretBytes::new(bytes);
        read.map_err(failed)?;
        let invalid = || CredentialError::Invalid {
            path: path.to_owned(),
        };
        let file: File = serde_json::from_slice(bytes.expose()).map_err(|_| invalid())?;
        let members = file.xks_proxy_authentication_credential;
        let (id, secret) = (members.access_key_id, members.raw_secret_access_key);
        let secret = SecretText::new(secret);
        let is_id = (20..=30).contains(&id.len())
            && id.bytes().all(|b| matches!(b, b'A'..=b'Z' | b'2'..=b'7'));
        let text = secret.expose();
        let is_secret = (43..=64).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"/+=".contains(&b));
        if is_id && is_secret {
            Ok(Self { id, secret })
        } else {
            Err(invalid())
        }
    }

    /// 120 bits of a name and 256 bits of a secret.
    fn generate() -> Result<Self, CredentialError> {
        const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
        const BASE64: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        Ok(Self {
            id: draw(24, BASE32)?,
            secret: SecretText::new(draw(43, BASE64)?),
        })
    }

    /// Writes the file for its owner only, never over one.
    fn write(&self, path: &Path, prefix: &str) -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        // No character of these needs escaping.
        let head = format!(
            "{{\n  \"XksProxyUriPath\": \"{prefix}{PATH_END}\",\n  \
             \"XksProxyAuthenticationCredential\": {{\n    \"AccessKeyId\": \"{}\",\n    \
             \"RawSecretAccessKey\": \"",
            self.id
        );
        file.write_all(head.as_bytes())?;
        file.write_all(self.secret.expose().as_bytes())?;
        file.write_all(b"\"\n  }\n}\n")?;
        file.sync_all()
    }
}

fn draw<const N: usize>(length: usize, alphabet: &[u8; N]) -> Result<String, CredentialError> {
    let bytes = SecretBytes::try_build(length, |bytes| SystemRandom.fill(bytes));
    let bytes = bytes.map_err(|_| CredentialError::Random)?;
    let mut text = String::with_capacity(length);
    for byte in bytes.expose() {
        let character = alphabet.get(usize::from(*byte) % N);
        text.push(char::from(*character.ok_or(CredentialError::Random)?));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_made_once_and_kept_closed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("xks-proxy.json");
        let made = Credential::load(&path, "/p").unwrap();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains("\"XksProxyUriPath\": \"/p/kms/xks/v1\""));
        let read = Credential::load(&path, "/p").unwrap();
        assert_eq!(
            (&made.id, made.secret.expose()),
            (&read.id, read.secret.expose())
        );
        assert!(!format!("{made:?}").contains(made.secret.expose()));
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        let refused = Credential::load(&path, "/p").unwrap_err();
        assert!(matches!(refused, CredentialError::Open { .. }));
    }

    #[test]
    fn what_is_no_credential_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("xks-proxy.json");
        let (id, secret) = ("A".repeat(20), "s".repeat(43));
        for (id, secret) in [
            ("A", secret.as_str()),
            (&id, "s"),
            ("aaaaaaaaaaaaaaaaaaaa", &secret),
            (&id, "********************************************"),
        ] {
            let text = format!(
                r#"{{"XksProxyAuthenticationCredential":{{"AccessKeyId":"{id}","RawSecretAccessKey":"{secret}"}}}}"#
            );
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
            let refused = Credential::load(&path, "").unwrap_err();
            assert!(matches!(refused, CredentialError::Invalid { .. }));
        }
    }
}
