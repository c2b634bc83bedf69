//! A device that a request shows a code of.

use crate::Error;
use crate::caller::Principal;
use crate::identity::totp;
use crate::service::change::Edit;
use crate::service::federation_edit::FederationEdit;
use crate::service::operation::Step;

/// A device and its code, as a request has them.
#[derive(Debug)]
pub(in crate::service) struct Shown {
    serial: String,
    code: String,
}

/// The longest serial number of AWS.
const LONGEST_SERIAL: usize = 256;

impl Shown {
    /// The members `SerialNumber` and `TokenCode`: both or neither.
    ///
    /// # Errors
    /// [`Error::AccessDenied`] in AWS's words for one alone, [`Error::Validation`] for a code that
    /// has not six digits.
    pub(in crate::service) fn parse(
        serial: Option<String>,
        code: Option<String>,
    ) -> Result<Option<Self>, Error> {
        let (serial, code) = match (serial, code) {
            (None, None) => return Ok(None),
            (Some(serial), Some(code)) => (serial, code),
            (Some(_), None) | (None, Some(_)) => {
                let message = "MultiFactorAuthentication failed, must provide both MFA serial \
                               number and one time pass code.";
                return Err(Error::AccessDenied(message.to_owned()));
            }
        };
        check_code(&code, "tokenCode")?;
        if serial.len() > LONGEST_SERIAL {
            return Err(not_associated());
        }
        Ok(Some(Self { serial, code }))
    }
}

/// Refuses what is not six digits; the code itself is not repeated.
pub(super) fn check_code(code: &str, member: &'static str) -> Result<(), Error> {
    if code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    Err(Error::Validation(format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must \
         satisfy regular expression pattern: [\\d]{{6}}"
    )))
}

fn not_associated() -> Error {
    let message = "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify \
                   your MFA serial number is valid and associated with this user.";
    Error::AccessDenied(message.to_owned())
}

/// Checks the code of a device of the calling user. What it answers has to be committed with
/// whatever the code is good for: the code is taken once.
///
/// # Errors
/// [`Error::AccessDenied`] in AWS's words.
pub(in crate::service) fn verify(step: &Step<'_>, shown: &Shown) -> Result<Edit, Error> {
    let Principal::User { account, id, .. } = step.call.caller.principal() else {
        return Err(not_associated());
    };
    let device = step
        .state
        .federation
        .mfa_devices
        .find(account, &shown.serial);
    let device = device.filter(|device| device.is_of(id));
    let device = device.ok_or_else(not_associated)?;
    let attempts = &step.engine.mfa_attempts;
    let taken = attempts
        .admit(&shown.serial, step.now)
        .then(|| totp::verify(&device.seed, &shown.code, step.now, device.used))
        .flatten();
    let Some(used) = taken else {
        attempts.wrong(&shown.serial, step.now);
        let message = "MultiFactorAuthentication failed with invalid MFA one time pass code.";
        return Err(Error::AccessDenied(message.to_owned()));
    };
    attempts.right(&shown.serial);
    let device = device.with(device.assigned.clone(), Some(used));
    Ok(FederationEdit::PutMfaDevice(device).into())
}
