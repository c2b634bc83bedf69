//! `EnableMFADevice`, `ResyncMFADevice`, `DeactivateMFADevice`, `ListMFADevices`: whose a device is.

use std::sync::Arc;

use super::devices::existing;
use super::shown::check_code;
use crate::Error;
use crate::api::query::{QueryCode, ToXml, Xml};
use crate::caller::Principal;
use crate::identity::{MfaAssignment, MfaDevice, User, totp};
use crate::ids::UserName;
use crate::service::context::CallContext;
use crate::service::federation_edit::FederationEdit;
use crate::service::iam::Subject;
use crate::service::operation::{
    Authorization, Event, Loaded, Lookups, Operation, Performed, Step,
};
use crate::service::parameters::Parameters;
use crate::service::sts::from_form;

/// How many devices a user may have: AWS's quota.
const MOST_OF_A_USER: usize = 8;

/// Gives a device to a user, who shows two codes of it.
#[derive(Clone, Debug)]
pub struct EnableMFADeviceRequest {
    /// The user.
    pub user_name: UserName,
    /// The device's ARN.
    pub serial_number: String,
    /// A code.
    pub authentication_code1: String,
    /// The next one.
    pub authentication_code2: String,
}

/// Finds the clock of a user's device again, by two codes of it.
#[derive(Clone, Debug)]
pub struct ResyncMFADeviceRequest {
    /// The user.
    pub user_name: UserName,
    /// The device's ARN.
    pub serial_number: String,
    /// A code.
    pub authentication_code1: String,
    /// The next one.
    pub authentication_code2: String,
}

/// Takes a device from a user.
#[derive(Clone, Debug)]
pub struct DeactivateMFADeviceRequest {
    /// The user.
    pub user_name: UserName,
    /// The device's ARN.
    pub serial_number: String,
}

/// The devices of a user, or of the caller.
#[derive(Clone, Debug)]
pub struct ListMFADevicesRequest {
    /// The user.
    pub user_name: Option<UserName>,
}

/// A user's devices.
#[derive(Debug)]
pub struct AssignedDevices(Vec<Arc<MfaDevice>>);

/// A device of a user, and two codes of it.
#[derive(Debug)]
pub struct Pair {
    user: UserName,
    serial: String,
    first: String,
    second: String,
}

impl Pair {
    fn checked(self) -> Result<Self, Error> {
        check_code(&self.first, "authenticationCode1")?;
        check_code(&self.second, "authenticationCode2")?;
        Ok(self)
    }

    /// The step of the second code, if both are of `device`.
    fn verify(&self, device: &MfaDevice, step: &Step<'_>) -> Result<u64, Error> {
        let attempts = &step.engine.mfa_attempts;
        let (first, second) = (&self.first, &self.second);
        let taken = attempts
            .admit(&self.serial, step.now)
            .then(|| totp::verify_pair(&device.seed, first, second, step.now, device.used))
            .flatten();
        if taken.is_none() {
            attempts.wrong(&self.serial, step.now);
        }
        taken.ok_or_else(|| {
            let message = "Authentication code for device is not valid.";
            Error::Query(QueryCode::InvalidAuthenticationCode, message.to_owned())
        })
    }
}

/// The device, if it is the user's.
fn of_user<'a>(step: &'a Step<'_>, serial: &str, user: &User) -> Result<&'a Arc<MfaDevice>, Error> {
    let device = existing(step, serial)?;
    if device.is_of(&user.id) {
        return Ok(device);
    }
    Err(Error::NotFound(format!(
        "MFA device with serial number {serial} is not assigned to user {}.",
        user.name
    )))
}

/// What the permission is asked on: the user, with the path where there is one.
fn on_user<'a>(
    action: &'static str,
    user: &UserName,
    loaded: &Loaded,
    call: &CallContext,
) -> Vec<Authorization<'a>> {
    let on = loaded.iam().on(&Subject::User(user.clone()), call);
    vec![Authorization::new(action, on)]
}

fn lookup(user: &UserName) -> Lookups {
    Lookups::entity(Subject::User(user.clone()))
}

fn existing_user(step: &Step<'_>, name: &UserName) -> Result<User, Error> {
    let entry = step.state.user(step.call.account(), name);
    entry
        .map(|entry| entry.user.clone())
        .ok_or_else(|| Error::NotFound(format!("The user with name {name} cannot be found.")))
}

fn changed(device: MfaDevice) -> Result<Performed<()>, Error> {
    let edit = FederationEdit::PutMfaDevice(device).into();
    Ok(Performed::changed((), vec![edit]))
}

impl Operation for EnableMFADeviceRequest {
    type Parsed = Pair;
    type Response = ();
    const EVENT: Event = Event::iam("EnableMFADevice", false);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.value("userName", &self.user_name);
        parameters.value("serialNumber", &self.serial_number);
    }

    fn parse(self) -> Result<Pair, Error> {
        Pair {
            user: self.user_name,
            serial: self.serial_number,
            first: self.authentication_code1,
            second: self.authentication_code2,
        }
        .checked()
    }

    fn lookups(pair: &Pair) -> Lookups {
        lookup(&pair.user)
    }

    fn authorizations<'a>(
        pair: &'a Pair,
        loaded: &'a Loaded,
        call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(on_user("iam:EnableMFADevice", &pair.user, loaded, call))
    }

    fn perform(pair: Pair, step: &Step<'_>) -> Result<Performed<()>, Error> {
        let user = existing_user(step, &pair.user)?;
        let device = existing(step, &pair.serial)?;
        if device.assigned.is_some() {
            let message = "MFA device is already in use.";
            return Err(Error::AlreadyExists(message.to_owned()));
        }
        let devices = step
            .state
            .federation
            .mfa_devices
            .of_user(&user.account, &user.id);
        if devices.count() >= MOST_OF_A_USER {
            let message = format!("Cannot exceed quota for MFADevicesPerUser: {MOST_OF_A_USER}");
            return Err(Error::Query(QueryCode::LimitExceeded, message));
        }
        let used = pair.verify(device, step)?;
        let assigned = MfaAssignment {
            user: user.name,
            user_id: user.id,
            enabled: step.now,
        };
        changed(device.with(Some(assigned), Some(used)))
    }
}

impl Operation for ResyncMFADeviceRequest {
    type Parsed = Pair;
    type Response = ();
    const EVENT: Event = Event::iam("ResyncMFADevice", false);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.value("userName", &self.user_name);
        parameters.value("serialNumber", &self.serial_number);
    }

    fn parse(self) -> Result<Pair, Error> {
        Pair {
            user: self.user_name,
            serial: self.serial_number,
            first: self.authentication_code1,
            second: self.authentication_code2,
        }
        .checked()
    }

    fn lookups(pair: &Pair) -> Lookups {
        lookup(&pair.user)
    }

    fn authorizations<'a>(
        pair: &'a Pair,
        loaded: &'a Loaded,
        call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(on_user("iam:ResyncMFADevice", &pair.user, loaded, call))
    }

    fn perform(pair: Pair, step: &Step<'_>) -> Result<Performed<()>, Error> {
        let user = existing_user(step, &pair.user)?;
        let device = of_user(step, &pair.serial, &user)?;
        let used = pair.verify(device, step)?;
        changed(device.with(device.assigned.clone(), Some(used)))
    }
}

impl Operation for DeactivateMFADeviceRequest {
    type Parsed = Self;
    type Response = ();
    const EVENT: Event = Event::iam("DeactivateMFADevice", false);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.value("userName", &self.user_name);
        parameters.value("serialNumber", &self.serial_number);
    }

    fn parse(self) -> Result<Self, Error> {
        Ok(self)
    }

    fn lookups(asked: &Self) -> Lookups {
        lookup(&asked.user_name)
    }

    fn authorizations<'a>(
        asked: &'a Self,
        loaded: &'a Loaded,
        call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(on_user(
            "iam:DeactivateMFADevice",
            &asked.user_name,
            loaded,
            call,
        ))
    }

    fn perform(asked: Self, step: &Step<'_>) -> Result<Performed<()>, Error> {
        let user = existing_user(step, &asked.user_name)?;
        let device = of_user(step, &asked.serial_number, &user)?;
        // What was shown once is not shown again to whoever has the device next.
        changed(device.with(None, device.used))
    }
}

impl Operation for ListMFADevicesRequest {
    type Parsed = Option<UserName>;
    type Response = AssignedDevices;
    const EVENT: Event = Event::iam("ListMFADevices", true);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.optional("userName", self.user_name.as_ref());
    }

    fn parse(self) -> Result<Option<UserName>, Error> {
        Ok(self.user_name)
    }

    fn lookups(user: &Option<UserName>) -> Lookups {
        Lookups::entity(Subject::UserOrCaller(user.clone()))
    }

    fn authorizations<'a>(
        user: &'a Option<UserName>,
        loaded: &'a Loaded,
        call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(on_user(
            "iam:ListMFADevices",
            asked(user, call)?,
            loaded,
            call,
        ))
    }

    fn perform(
        user: Option<UserName>,
        step: &Step<'_>,
    ) -> Result<Performed<AssignedDevices>, Error> {
        let user = existing_user(step, asked(&user, step.call)?)?;
        let devices = step
            .state
            .federation
            .mfa_devices
            .of_user(&user.account, &user.id);
        Ok(Performed::read(AssignedDevices(devices.cloned().collect())))
    }
}

/// The user of the request, or the caller.
fn asked<'a>(user: &'a Option<UserName>, call: &'a CallContext) -> Result<&'a UserName, Error> {
    match (user, call.caller.principal()) {
        (Some(user), _) | (None, Principal::User { name: user, .. }) => Ok(user),
        (None, _) => {
            let message = "Must specify userName when calling with non-User credentials";
            Err(Error::Validation(message.to_owned()))
        }
    }
}

from_form!(EnableMFADeviceRequest {
    user_name = "userName",
    serial_number = "serialNumber",
    authentication_code1 = "authenticationCode1",
    authentication_code2 = "authenticationCode2",
});
from_form!(ResyncMFADeviceRequest {
    user_name = "userName",
    serial_number = "serialNumber",
    authentication_code1 = "authenticationCode1",
    authentication_code2 = "authenticationCode2",
});
from_form!(DeactivateMFADeviceRequest {
    user_name = "userName",
    serial_number = "serialNumber",
});
from_form!(ListMFADevicesRequest {
    user_name = "userName",
});

impl ToXml for AssignedDevices {
    fn write(&self, xml: &mut Xml) {
        xml.list("MFADevices", &self.0, |xml, device| {
            if let Some(assigned) = &device.assigned {
                xml.text("UserName", assigned.user.as_str());
                xml.text("SerialNumber", &device.serial_number());
                xml.text("EnableDate", &assigned.enabled.to_rfc3339());
            }
        });
        xml.flag("IsTruncated", false);
    }
}
