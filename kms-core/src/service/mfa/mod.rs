//! Virtual MFA devices: the operations of IAM, and the codes that other operations are shown.

mod assignment;
mod attempts;
mod devices;
mod index;
mod shown;

pub use assignment::{
    AssignedDevices, DeactivateMFADeviceRequest, EnableMFADeviceRequest, ListMFADevicesRequest,
    ResyncMFADeviceRequest,
};
pub use devices::{
    CreateVirtualMFADeviceRequest, DeleteVirtualMFADeviceRequest, ListVirtualMFADevicesRequest,
    NewVirtualDevice, VirtualDevices,
};

pub(super) use attempts::Attempts;
pub(super) use index::MfaDevices;
pub(super) use shown::{Shown, verify};
