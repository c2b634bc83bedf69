//! A backup that is encrypted while it is written, and restored: constant memory, whatever its size.
//!
//! `cargo run -p kms-core --example backup DIRECTORY`

use std::error::Error;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use kms_core::ciphertext::EncryptionContext;
use kms_core::crypto::random::{Random, SystemRandom};
use kms_core::envelope::{self, DecryptOptions, EncryptOptions, RawAesKeyring};
use kms_core::secret::SecretBytes;

fn main() -> Result<(), Box<dyn Error>> {
    let directory = std::env::args().nth(1).ok_or("usage: backup DIRECTORY")?;
    run(directory.as_ref())
}

pub(crate) fn run(directory: &Path) -> Result<(), Box<dyn Error>> {
    // In earnest it comes from where only the backup may read it; or the keyring is one of a KMS.
    let key = SecretBytes::try_build(32, |key| SystemRandom.fill(key))?;
    let keyring = RawAesKeyring::new("backup", "2026", &key, Arc::new(SystemRandom))?;
    let context = EncryptionContext::from([("host", "db1"), ("kind", "nightly")]);

    // What would be `pg_dump`'s output: a reader that nobody holds in memory.
    let mut dump = b"CREATE TABLE people;\n"
        .as_slice()
        .chain(std::io::repeat(b'x').take(1_000_000));
    let mut backup = File::create(directory.join("backup.aes"))?;
    let (options, random) = (EncryptOptions::default(), SystemRandom);
    envelope::encrypt(
        &mut dump,
        &mut backup,
        &keyring,
        &context,
        &options,
        &random,
    )?;
    backup.sync_all()?;

    // The file gets its name when all of it is verified: an error leaves no half of a restore.
    let (mut backup, part) = (
        File::open(directory.join("backup.aes"))?,
        directory.join("dump.part"),
    );
    let options = DecryptOptions {
        reproduced_context: context,
        ..DecryptOptions::default()
    };
    let restored = envelope::decrypt(&mut backup, &mut File::create(&part)?, &keyring, &options)?;
    assert_eq!(restored.plaintext_length, 1_000_021);
    Ok(fs::rename(part, directory.join("dump.sql"))?)
}
