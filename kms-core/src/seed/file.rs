//! The file as it is written.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

use crate::secret::SecretBytes;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[serde(default)]
    pub(super) keys: Vec<FileKey>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileKey {
    pub(super) id: String,
    pub(super) region: Option<String>,
    pub(super) spec: Option<String>,
    pub(super) usage: Option<String>,
    #[serde(default)]
    pub(super) description: String,
    #[serde(default = "enabled")]
    pub(super) enabled: bool,
    #[serde(default)]
    pub(super) aliases: Vec<String>,
    pub(super) policy: Option<String>,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
    pub(super) material: Option<Material>,
}

fn enabled() -> bool {
    true
}

/// Secret bytes in base64; no error repeats them.
#[derive(Debug)]
pub(super) struct Material(pub(super) SecretBytes);

impl<'de> Deserialize<'de> for Material {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Of a value of another type the library's error would repeat the value.
        let read = deserializer.deserialize_str(MaterialVisitor);
        read.map_err(|_| Error::custom("the material is not base64"))
    }
}

struct MaterialVisitor;

impl Visitor<'_> for MaterialVisitor {
    type Value = Material;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("key material in base64")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Material, E> {
        let bytes = STANDARD.decode(text).map_err(Error::custom)?;
        Ok(Material(SecretBytes::new(bytes)))
    }
}
