//! `CreateVirtualMFADevice`, `DeleteVirtualMFADevice`, `ListVirtualMFADevices`.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::Error;
use crate::api::query::{QueryCode, ToXml, Xml};
use crate::identity::{MfaDevice, totp};
use crate::ids::{EntityPath, MfaDeviceName, mfa_arn};
use crate::secret::{SecretBytes, SecretText};
use crate::service::context::CallContext;
use crate::service::federation_edit::FederationEdit;
use crate::service::operation::{Authorization, Event, Loaded, On, Operation, Performed, Step};
use crate::service::parameters::Parameters;
use crate::service::sts::from_form;

/// Bytes of a seed: AWS's have 64 characters of base 32.
const SEED_BYTES: usize = 40;
/// How many devices an account may have.
const MOST_DEVICES: usize = 5000;

/// A new device of the caller's account, of nobody yet.
#[derive(Clone, Debug)]
pub struct CreateVirtualMFADeviceRequest {
    /// Where it stands among the devices; `/` where it is not said.
    pub path: Option<EntityPath>,
    /// Its name.
    pub virtual_mfa_device_name: MfaDeviceName,
}

/// A new device. The seed is told this once.
#[derive(Debug)]
pub struct NewVirtualDevice {
    /// Its ARN.
    pub serial_number: String,
    /// The seed in base 32.
    pub seed: SecretText,
}

/// The end of a device that is nobody's.
#[derive(Clone, Debug)]
pub struct DeleteVirtualMFADeviceRequest {
    /// Its ARN.
    pub serial_number: String,
}

/// The devices of the caller's account.
#[derive(Clone, Debug)]
pub struct ListVirtualMFADevicesRequest {
    /// `Assigned`, `Unassigned` or `Any`, which is all of them and the default.
    pub assignment_status: Option<String>,
}

/// Devices without their seeds.
#[derive(Debug)]
pub struct VirtualDevices(Vec<Arc<MfaDevice>>);

pub(super) fn on_device<'a>(action: &'static str, serial: &str) -> Vec<Authorization<'a>> {
    vec![Authorization::new(action, On::Named(serial.to_owned()))]
}

pub(super) fn existing<'a>(step: &'a Step<'_>, serial: &str) -> Result<&'a Arc<MfaDevice>, Error> {
    let device = step
        .state
        .federation
        .mfa_devices
        .find(step.call.account(), serial);
    device.ok_or_else(|| {
        Error::NotFound(format!(
            "VirtualMFADevice with serial number {serial} doesn't exist."
        ))
    })
}

impl Operation for CreateVirtualMFADeviceRequest {
    type Parsed = (EntityPath, MfaDeviceName);
    type Response = NewVirtualDevice;
    const EVENT: Event = Event::iam("CreateVirtualMFADevice", false);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.optional("path", self.path.as_ref());
        parameters.value("virtualMFADeviceName", &self.virtual_mfa_device_name);
    }

    fn parse(self) -> Result<Self::Parsed, Error> {
        Ok((self.path.unwrap_or_default(), self.virtual_mfa_device_name))
    }

    fn authorizations<'a>(
        (path, name): &'a Self::Parsed,
        _loaded: &'a Loaded,
        call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        let serial = mfa_arn(call.account(), path, name);
        Ok(on_device("iam:CreateVirtualMFADevice", &serial))
    }

    fn perform(
        (path, name): Self::Parsed,
        step: &Step<'_>,
    ) -> Result<Performed<NewVirtualDevice>, Error> {
        let account = step.call.account();
        let devices = || step.state.federation.mfa_devices.of_account(account);
        let is_named =
            |device: &Arc<MfaDevice>| device.name.as_str().eq_ignore_ascii_case(name.as_str());
        if devices().any(is_named) {
            let message = "MFADevice entity at the same path and name already exists.";
            return Err(Error::AlreadyExists(message.to_owned()));
        }
        if devices().count() >= MOST_DEVICES {
            let message =
                format!("Cannot exceed quota for VirtualMfaDevicesPerAccount: {MOST_DEVICES}");
            return Err(Error::Query(QueryCode::LimitExceeded, message));
        }
        let random = step.engine.system_random();
        let seed = SecretBytes::try_build(SEED_BYTES, |bytes| random.fill(bytes));
        let device = MfaDevice {
            account: account.clone(),
            path,
            name,
            seed: seed.map_err(Error::internal)?,
            assigned: None,
            used: None,
        };
        let response = NewVirtualDevice {
            serial_number: device.serial_number(),
            seed: totp::seed_text(&device.seed),
        };
        let mut elements = Parameters::default();
        elements.value("serialNumber", &response.serial_number);
        let edits = vec![FederationEdit::PutMfaDevice(device).into()];
        Ok(Performed::changed(response, edits).with_elements(elements))
    }
}

impl Operation for DeleteVirtualMFADeviceRequest {
    type Parsed = String;
    type Response = ();
    const EVENT: Event = Event::iam("DeleteVirtualMFADevice", false);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.value("serialNumber", &self.serial_number);
    }

    fn parse(self) -> Result<String, Error> {
        Ok(self.serial_number)
    }

    fn authorizations<'a>(
        serial: &'a String,
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(on_device("iam:DeleteVirtualMFADevice", serial))
    }

    fn perform(serial: String, step: &Step<'_>) -> Result<Performed<()>, Error> {
        let device = existing(step, &serial)?;
        if device.assigned.is_some() {
            let message = "MFA VirtualDevice in use. Must deactivate first.";
            return Err(Error::Query(QueryCode::DeleteConflict, message.to_owned()));
        }
        let edit = FederationEdit::RemoveMfaDevice(device.account.clone(), device.name.clone());
        Ok(Performed::changed((), vec![edit.into()]))
    }
}

/// Which devices are asked for.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    /// Those of somebody.
    Assigned,
    /// Those of nobody.
    Unassigned,
    /// All.
    Any,
}

impl Operation for ListVirtualMFADevicesRequest {
    type Parsed = Which;
    type Response = VirtualDevices;
    const EVENT: Event = Event::iam("ListVirtualMFADevices", true);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.optional("assignmentStatus", self.assignment_status.as_ref());
    }

    fn parse(self) -> Result<Which, Error> {
        Ok(match self.assignment_status.as_deref() {
            None | Some("Any") => Which::Any,
            Some("Assigned") => Which::Assigned,
            Some("Unassigned") => Which::Unassigned,
            Some(other) => {
                return Err(Error::Validation(format!(
                    "1 validation error detected: Value '{other}' at 'assignmentStatus' failed to \
                     satisfy constraint: Member must satisfy enum value set: [Any, Unassigned, \
                     Assigned]"
                )));
            }
        })
    }

    fn authorizations<'a>(
        _which: &'a Which,
        _loaded: &'a Loaded,
        call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        let all = format!("arn:aws:iam::{}:mfa/", call.account());
        Ok(on_device("iam:ListVirtualMFADevices", &all))
    }

    fn perform(which: Which, step: &Step<'_>) -> Result<Performed<VirtualDevices>, Error> {
        let devices = step
            .state
            .federation
            .mfa_devices
            .of_account(step.call.account());
        let asked = devices.filter(|device| match which {
            Which::Any => true,
            Which::Assigned => device.assigned.is_some(),
            Which::Unassigned => device.assigned.is_none(),
        });
        Ok(Performed::read(VirtualDevices(asked.cloned().collect())))
    }
}

from_form!(CreateVirtualMFADeviceRequest {
    path = "path",
    virtual_mfa_device_name = "virtualMFADeviceName",
});
from_form!(DeleteVirtualMFADeviceRequest {
    serial_number = "serialNumber",
});
from_form!(ListVirtualMFADevicesRequest {
    assignment_status = "assignmentStatus",
});

impl ToXml for NewVirtualDevice {
    fn write(&self, xml: &mut Xml) {
        xml.element("VirtualMFADevice", |xml| {
            xml.text("SerialNumber", &self.serial_number);
            let seed = SecretText::new(STANDARD.encode(self.seed.expose()));
            xml.text("Base32StringSeed", seed.expose());
        });
    }
}

impl ToXml for VirtualDevices {
    fn write(&self, xml: &mut Xml) {
        xml.list("VirtualMFADevices", &self.0, |xml, device| {
            xml.text("SerialNumber", &device.serial_number());
            if let Some(assigned) = &device.assigned {
                xml.element("User", |xml| {
                    xml.text("UserName", assigned.user.as_str());
                    xml.text("UserId", assigned.user_id.as_str());
                });
                xml.text("EnableDate", &assigned.enabled.to_rfc3339());
            }
        });
        xml.flag("IsTruncated", false);
    }
}
