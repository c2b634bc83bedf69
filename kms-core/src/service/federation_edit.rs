//! Changes of what stands behind temporary credentials: MFA devices and identity providers.

use super::change::{Put, body, read};
use super::mfa::MfaDevices;
use super::oidc::OidcProviders;
use super::sts::Revocations;
use crate::Error;
use crate::identity::{MfaDevice, OidcProvider, SessionRevocation};
use crate::ids::{AccountId, MfaDeviceName};
use crate::root::RecordKind;
use crate::store::sealed::Record;

/// One thing to put or to remove.
#[derive(Debug)]
pub enum FederationEdit {
    /// Keeps a virtual MFA device.
    PutMfaDevice(MfaDevice),
    /// Forgets a virtual MFA device.
    RemoveMfaDevice(AccountId, MfaDeviceName),
    /// Keeps an OpenID Connect provider.
    PutOidcProvider(OidcProvider),
    /// Forgets the OpenID Connect provider of that name.
    RemoveOidcProvider(AccountId, String),
    /// Keeps that sessions are over.
    PutRevocation(SessionRevocation),
    /// Forgets it, when they have expired by themselves.
    RemoveRevocation(String),
}

/// What stands behind temporary credentials, in memory.
#[derive(Clone, Debug, Default)]
pub(super) struct Federation {
    /// Virtual MFA devices.
    pub(super) mfa_devices: MfaDevices,
    /// OpenID Connect providers.
    pub(super) oidc_providers: OidcProviders,
    /// Sessions that are over before they expire.
    pub(super) revocations: Revocations,
}

fn device_path(account: &AccountId, name: &MfaDeviceName) -> String {
    RecordKind::MfaDevice.path(&format!("{account}/{name}"))
}

fn provider_path(account: &AccountId, name: &str) -> String {
    RecordKind::OidcProvider.path(&format!("{account}/{name}"))
}

fn revocation_path(of: &str) -> String {
    RecordKind::SessionRevocation.path(of)
}

impl FederationEdit {
    /// Adds the record to write, or the path to delete.
    pub(super) fn to_record(
        &self,
        puts: &mut Vec<Put>,
        deletes: &mut Vec<String>,
    ) -> Result<(), Error> {
        match self {
            Self::PutMfaDevice(device) => puts.push((
                device_path(&device.account, &device.name),
                RecordKind::MfaDevice,
                body(device)?,
            )),
            Self::RemoveMfaDevice(account, name) => deletes.push(device_path(account, name)),
            Self::PutOidcProvider(provider) => puts.push((
                provider_path(&provider.account, provider.name()),
                RecordKind::OidcProvider,
                body(provider)?,
            )),
            Self::RemoveOidcProvider(account, name) => deletes.push(provider_path(account, name)),
            Self::PutRevocation(revocation) => puts.push((
                revocation_path(&revocation.of),
                RecordKind::SessionRevocation,
                body(revocation)?,
            )),
            Self::RemoveRevocation(of) => deletes.push(revocation_path(of)),
        }
        Ok(())
    }

    /// What a verified record says; `None` for a record of another kind.
    pub(super) fn from_record(record: &Record) -> Result<Option<Self>, Error> {
        let text = record.body.expose();
        Ok(match record.kind {
            RecordKind::MfaDevice => Some(Self::PutMfaDevice(read(text)?)),
            RecordKind::OidcProvider => Some(Self::PutOidcProvider(read(text)?)),
            RecordKind::SessionRevocation => Some(Self::PutRevocation(read(text)?)),
            _ => None,
        })
    }

    /// Makes the same change in memory.
    pub(super) fn apply(self, state: &mut Federation) {
        match self {
            Self::PutMfaDevice(device) => state.mfa_devices.put(device),
            Self::RemoveMfaDevice(account, name) => state.mfa_devices.remove(&account, &name),
            Self::PutOidcProvider(provider) => state.oidc_providers.put(provider),
            Self::RemoveOidcProvider(account, name) => {
                state.oidc_providers.remove(&account, &name);
            }
            Self::PutRevocation(revocation) => state.revocations.put(revocation),
            Self::RemoveRevocation(of) => state.revocations.remove(&of),
        }
    }
}

impl From<FederationEdit> for super::change::Edit {
    fn from(edit: FederationEdit) -> Self {
        Self::Federation(Box::new(edit))
    }
}
