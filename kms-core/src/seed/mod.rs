//! The seed file, `docs/spec/seed-file.md`: keys that a store shall have, with fixed ids.

mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::api::KeySpec;
use crate::ids::{AliasName, KeyId, Region};
use crate::keys::KeyKind;
use crate::secret::SecretBytes;

use file::{File, FileKey};

/// The tag that marks a key which a seed file made.
pub const MARK: &str = "kms:seeded";

/// The longest seed file, in bytes.
pub const MAX_FILE: usize = 64 * 1024 * 1024;
/// The most keys of one seed file.
pub const MAX_KEYS: usize = 100_000;
/// The most tags of one of its keys, besides [`MARK`].
const MAX_TAGS: usize = 49;
/// The most aliases of one of its keys.
const MAX_ALIASES: usize = 50;

/// Why a text is no seed file. Says nothing of key material.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSeed {
    /// The text is not TOML, or not of the form of a seed file.
    #[error("line {line}: {reason}")]
    Form {
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// The file as a whole.
    #[error("{0}")]
    File(&'static str),
    /// A key of the file.
    #[error("key {id}: {reason}")]
    Key {
        /// Its id as it was written.
        id: String,
        /// What is wrong.
        reason: String,
    },
}

/// A key that a store shall have.
#[derive(Debug)]
pub struct SeedKey {
    /// Its id.
    pub id: KeyId,
    /// Its Region; `None` is the store's own.
    pub region: Option<Region>,
    /// What it is.
    pub kind: KeyKind,
    /// Free text.
    pub description: String,
    /// Whether it can be used.
    pub enabled: bool,
    /// What shall point to it.
    pub aliases: BTreeSet<AliasName>,
    /// Its policy; `None` is the default one.
    pub policy: Option<String>,
    /// Its tags, without [`MARK`].
    pub tags: BTreeMap<String, String>,
    /// Its material: 32 bytes, an HMAC key, or a private key as PKCS#8; `None` is drawn.
    pub material: Option<SecretBytes>,
}

/// Reads a seed file: at least one key, each checked by itself and against the others.
///
/// # Errors
/// [`InvalidSeed`].
pub fn parse(text: &str) -> Result<Vec<SeedKey>, InvalidSeed> {
    if text.len() > MAX_FILE {
        return Err(InvalidSeed::File("a seed file has at most 64 MiB"));
    }
    let file: File = toml::from_str(text).map_err(|error| InvalidSeed::Form {
        line: line_of(text, error.span()),
        reason: error.message().to_owned(),
    })?;
    if !(1..=MAX_KEYS).contains(&file.keys.len()) {
        return Err(InvalidSeed::File("a seed file has 1 to 100,000 keys"));
    }
    let keys: Result<Vec<_>, _> = file.keys.into_iter().map(check).collect();
    let keys = keys?;
    check_together(&keys)?;
    Ok(keys)
}

fn line_of(text: &str, span: Option<Range<usize>>) -> usize {
    let before = span.and_then(|span| text.get(..span.start));
    let ends = before.map_or(0, |before| before.matches('\n').count());
    ends.saturating_add(1)
}

fn check(key: FileKey) -> Result<SeedKey, InvalidSeed> {
    let id = key.id.clone();
    checked(key).map_err(|reason| InvalidSeed::Key { id, reason })
}

fn checked(key: FileKey) -> Result<SeedKey, String> {
    let kind = kind(key.spec.as_deref(), key.usage.as_deref())?;
    if key.description.chars().count() > 8192 {
        return Err("the description has more than 8,192 characters".to_owned());
    }
    check_tags(&key.tags)?;
    let material = key.material.map(|material| material.0);
    if material.is_some() && !kind.is_importable() {
        return Err(format!("spec {} takes no material", kind.spec));
    }
    let id = match key.id.parse() {
        Ok(id @ KeyId::Uuid(_)) => id,
        Ok(KeyId::MultiRegion(_)) | Err(_) => {
            return Err("the id is not a UUID in lower case".to_owned());
        }
    };
    Ok(SeedKey {
        id,
        region: key
            .region
            .map(|region| {
                region
                    .parse()
                    .map_err(|_| format!("{region} is not a Region"))
            })
            .transpose()?,
        kind,
        description: key.description,
        enabled: key.enabled,
        aliases: aliases(&key.aliases)?,
        policy: key.policy,
        tags: key.tags,
        material,
    })
}

fn kind(spec: Option<&str>, usage: Option<&str>) -> Result<KeyKind, String> {
    let Some(spec) = spec else {
        return match usage {
            None | Some("ENCRYPT_DECRYPT") => Ok(KeyKind::default()),
            Some(_) => Err("a usage of its own needs a spec".to_owned()),
        };
    };
    let spec: KeySpec = spec
        .parse()
        .map_err(|_| format!("there is no spec {spec}"))?;
    let Some(usage) = usage else {
        return match spec {
            KeySpec::SymmetricDefault => Ok(KeyKind::default()),
            _ => Err(format!("spec {spec} needs a usage")),
        };
    };
    let usage = usage
        .parse()
        .map_err(|_| format!("there is no usage {usage}"))?;
    KeyKind::new(spec, usage).ok_or_else(|| format!("spec {spec} cannot have usage {usage}"))
}

fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), String> {
    if tags.len() > MAX_TAGS {
        return Err(format!("more than {MAX_TAGS} tags"));
    }
    for (key, value) in tags {
        let prefix = key.get(..4).unwrap_or_default();
        if prefix.eq_ignore_ascii_case("aws:") || prefix.eq_ignore_ascii_case("kms:") {
            return Err(format!("the tag {key} is reserved"));
        }
        if !(1..=128).contains(&key.chars().count()) || value.chars().count() > 256 {
            return Err(
                "a tag has a key of 1 to 128 and a value of up to 256 characters".to_owned(),
            );
        }
    }
    Ok(())
}

fn aliases(names: &[String]) -> Result<BTreeSet<AliasName>, String> {
    if names.len() > MAX_ALIASES {
        return Err(format!("more than {MAX_ALIASES} aliases"));
    }
    let mut aliases = BTreeSet::new();
    for name in names {
        let alias: AliasName = name
            .parse()
            .map_err(|_| format!("{name:?} is not an alias: write alias/NAME"))?;
        if AliasName::is_reserved(name) {
            return Err(format!("{name} is reserved"));
        }
        if !aliases.insert(alias) {
            return Err(format!("{name} stands twice"));
        }
    }
    Ok(aliases)
}

fn check_together(keys: &[SeedKey]) -> Result<(), InvalidSeed> {
    let (mut ids, mut names) = (BTreeSet::new(), BTreeSet::new());
    for key in keys {
        let twice = |what: String| InvalidSeed::Key {
            id: key.id.to_string(),
            reason: format!("{what} stands twice in its Region"),
        };
        if !ids.insert((&key.region, key.id)) {
            return Err(twice("it".to_owned()));
        }
        for alias in &key.aliases {
            if !names.insert((&key.region, alias)) {
                return Err(twice(alias.to_string()));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
