//! What a key that is not symmetric is used with: unwrapped and parsed at first use, then kept.

use std::sync::OnceLock;

use super::key_entry::KeyEntry;
use crate::Error;
use crate::crypto::asymmetric::{PrivateKey, PublicKey};
use crate::crypto::mac::MacKey;
use crate::keys::KeyMaterial;
use crate::policy::Permit;
use crate::root::{Barrier, SecretPlace};
use crate::secret::SecretBytes;

/// The parsed secrets of one key.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    private: OnceLock<PrivateKey>,
    public: OnceLock<PublicKey>,
    mac: OnceLock<MacKey>,
}

/// The value of a cell, made at first use. Two threads may make it at once; one is kept.
pub(super) fn kept<T>(
    cell: &OnceLock<T>,
    make: impl FnOnce() -> Result<T, Error>,
) -> Result<&T, Error> {
    match cell.get() {
        Some(value) => Ok(value),
        None => {
            let made = make()?;
            Ok(cell.get_or_init(|| made))
        }
    }
}

impl KeyEntry {
    /// The private key, ready to sign, to decrypt and to agree.
    ///
    /// # Errors
    /// [`Error::Internal`] when `permit` is for another key, or the key has none that opens.
    pub(super) fn private_key(
        &self,
        permit: &Permit,
        barrier: &Barrier,
    ) -> Result<&PrivateKey, Error> {
        self.only_with(permit)?;
        kept(&self.secrets().private, || {
            let secret = self.unwrapped(barrier)?;
            Ok(PrivateKey::open(self.key.kind.spec, secret.expose())?)
        })
    }

    /// The public key, ready to verify and to encrypt. Its use is permitted like that of the
    /// private one.
    ///
    /// # Errors
    /// As [`KeyEntry::private_key`].
    pub(super) fn public_key(&self, permit: &Permit) -> Result<&PublicKey, Error> {
        self.only_with(permit)?;
        kept(&self.secrets().public, || {
            let material = self.only_material()?;
            Ok(PublicKey::open(self.key.kind.spec, &material.public_key)?)
        })
    }

    /// The public key, once [`KeyEntry::public_key`] has handed it out.
    ///
    /// # Errors
    /// [`Error::Internal`] when it has not.
    pub(super) fn kept_public_key(&self) -> Result<&PublicKey, Error> {
        let kept = self.secrets().public.get();
        kept.ok_or_else(|| Error::internal("nobody was permitted to use the public key"))
    }

    /// The HMAC key.
    ///
    /// # Errors
    /// As [`KeyEntry::private_key`].
    pub(super) fn mac_key(&self, permit: &Permit, barrier: &Barrier) -> Result<&MacKey, Error> {
        self.only_with(permit)?;
        let algorithm = self.key.kind.mac_algorithm();
        let algorithm = algorithm.ok_or_else(|| Error::internal("the key makes no MACs"))?;
        kept(&self.secrets().mac, || {
            let secret = self.unwrapped(barrier)?;
            Ok(MacKey::new(algorithm, secret.expose()))
        })
    }

    /// Material and secrets are handed out to whoever was permitted to use this key.
    pub(super) fn only_with(&self, permit: &Permit) -> Result<(), Error> {
        if permit.key() == Some(&self.key.arn) {
            Ok(())
        } else {
            Err(Error::internal("the permission is for another key"))
        }
    }

    fn only_material(&self) -> Result<&KeyMaterial, Error> {
        self.key
            .current_material()
            .ok_or_else(|| Error::internal("the key has no material"))
    }

    fn unwrapped(&self, barrier: &Barrier) -> Result<SecretBytes, Error> {
        let material = self.only_material()?;
        let place = SecretPlace {
            key: &self.key.arn.key,
            material_id: &material.id,
            spec: self.key.kind.spec,
        };
        barrier
            .unwrap_secret(place, &material.wrapped)
            .map_err(Error::internal)
    }
}
