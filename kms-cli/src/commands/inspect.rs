//! `kms inspect`.

use std::io::{self, Cursor, Read};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kms_core::ciphertext::CiphertextBlob;
use kms_core::envelope::{self, Content, DecryptError, EncryptedDataKey, Header, MessageVersion};
use serde::Serialize;

use super::decrypt::{message, refusal};
use crate::args::Inspect;
use crate::failure::{Failure, Kind};
use crate::output::{Output, table};
use crate::pipeline::Input;

/// How much is read to see what it is: more than the largest KMS ciphertext as base64.
const GLANCE: u64 = 64 * 1024;

pub(super) fn run(arguments: &Inspect, output: &Output) -> Result<(), Failure> {
    let input = Input::open(arguments.file.as_deref())?;
    let mut reader = message(&input)?;
    let mut start = Vec::new();
    reader
        .by_ref()
        .take(GLANCE)
        .read_to_end(&mut start)
        .map_err(|error| refusal(DecryptError::Read(error), &input))?;
    if let Some(ciphertext) = ciphertext(&start) {
        return output.show(&ciphertext, SeenCiphertext::to_text);
    }
    let mut whole = Counting {
        inner: Cursor::new(start).chain(reader),
        count: 0,
    };
    let seen = envelope::inspect(&mut whole)
        .and_then(|header| {
            io::copy(&mut whole, &mut io::sink()).map_err(DecryptError::Read)?;
            Ok(SeenMessage::new(&header, whole.count))
        })
        .map_err(|error| match error {
            DecryptError::NotAMessage => Failure::new(
                Kind::Integrity,
                format!(
                    "{} is neither an encrypted message nor a KMS ciphertext",
                    input.name
                ),
            ),
            other => refusal(other, &input),
        })?;
    output.show(&seen, SeenMessage::to_text)
}

/// A KMS ciphertext, as bytes or in base64 as the responses have it.
fn ciphertext(bytes: &[u8]) -> Option<SeenCiphertext> {
    let decoded = STANDARD.decode(bytes.trim_ascii()).ok();
    let candidates = [Some(bytes), decoded.as_deref()];
    candidates.into_iter().flatten().find_map(|bytes| {
        let blob = CiphertextBlob::parse(bytes).ok()?;
        Some(SeenCiphertext {
            format: "KMS ciphertext, version 1",
            key_id: blob.key().to_string(),
            size: bytes.len(),
        })
    })
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SeenCiphertext {
    format: &'static str,
    key_id: String,
    size: usize,
}

impl SeenCiphertext {
    fn to_text(&self) -> String {
        table(&[
            row("Format", self.format),
            row("Key", &self.key_id),
            row("Size", format!("{} bytes", self.size)),
        ])
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SeenMessage {
    format: String,
    algorithm_suite: String,
    key_commitment: bool,
    signed: bool,
    keys: Vec<SeenKey>,
    encryption_context: std::collections::BTreeMap<String, String>,
    /// Absent when the message is not framed.
    #[serde(skip_serializing_if = "Option::is_none")]
    frame_length: Option<u32>,
    size: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SeenKey {
    provider: String,
    /// The ARN for the provider `aws-kms`; what is not text is shown with replacements.
    key: String,
}

impl SeenMessage {
    fn new(header: &Header, size: u64) -> Self {
        let pairs = header.context.iter();
        let key = |key: &EncryptedDataKey| SeenKey {
            provider: key.provider_id.clone(),
            key: String::from_utf8_lossy(&key.provider_info).into_owned(),
        };
        let version = match header.suite.version() {
            MessageVersion::V1 => 1,
            MessageVersion::V2 => 2,
        };
        Self {
            format: format!("AWS Encryption SDK message, version {version}"),
            algorithm_suite: format!("0x{:04x}", header.suite.id()),
            key_commitment: header.suite.commits_to_key(),
            signed: header.suite.signature().is_some(),
            keys: header.encrypted_data_keys.iter().map(key).collect(),
            encryption_context: pairs
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            frame_length: match header.content {
                Content::Framed(length) => Some(length),
                Content::Unframed => None,
            },
            size,
        }
    }

    fn to_text(&self) -> String {
        let mut properties = vec![self.algorithm_suite.as_str()];
        if self.key_commitment {
            properties.push("key commitment");
        }
        if self.signed {
            properties.push("signed");
        }
        let mut rows = vec![
            row("Format", &self.format),
            row("Algorithm", properties.join(", ")),
        ];
        for SeenKey { provider, key } in &self.keys {
            rows.push(row("Key", format!("{key} ({provider})")));
        }
        for (key, value) in &self.encryption_context {
            rows.push(row("Context", format!("{key}={value}")));
        }
        match self.frame_length {
            Some(length) => rows.push(row("Frames", format!("{length} bytes"))),
            None => rows.push(row("Frames", "none")),
        }
        rows.push(row("Size", format!("{} bytes", self.size)));
        table(&rows)
    }
}

fn row(name: &str, value: impl Into<String>) -> [String; 2] {
    [format!("{name}:"), value.into()]
}

/// Counts what is read.
struct Counting<R> {
    inner: R,
    count: u64,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.count += u64::try_from(read).unwrap_or_default();
        Ok(read)
    }
}
