//! The devices in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::identity::MfaDevice;
use crate::ids::{AccountId, MfaDeviceName, UniqueId};

/// Every device, by account and name.
#[derive(Clone, Debug, Default)]
pub(in crate::service) struct MfaDevices(BTreeMap<(AccountId, MfaDeviceName), Arc<MfaDevice>>);

impl MfaDevices {
    pub(in crate::service) fn put(&mut self, device: MfaDevice) {
        let place = (device.account.clone(), device.name.clone());
        self.0.insert(place, Arc::new(device));
    }

    pub(in crate::service) fn remove(&mut self, account: &AccountId, name: &MfaDeviceName) {
        self.0.remove(&(account.clone(), name.clone()));
    }

    /// The devices of an account in order of name.
    pub(in crate::service) fn of_account<'a>(
        &'a self,
        account: &'a AccountId,
    ) -> impl Iterator<Item = &'a Arc<MfaDevice>> {
        self.0
            .values()
            .filter(move |device| device.account == *account)
    }

    /// The device of that serial number in the account, spelt exactly so.
    pub(super) fn find(&self, account: &AccountId, serial: &str) -> Option<&Arc<MfaDevice>> {
        let name = serial.rsplit_once('/')?.1.parse().ok()?;
        let device = self.0.get(&(account.clone(), name))?;
        (device.serial_number() == serial).then_some(device)
    }

    /// The devices of the user with that unique id.
    pub(in crate::service) fn of_user<'a>(
        &'a self,
        account: &'a AccountId,
        user: &'a UniqueId,
    ) -> impl Iterator<Item = &'a Arc<MfaDevice>> {
        self.of_account(account)
            .filter(move |device| device.is_of(user))
    }
}
