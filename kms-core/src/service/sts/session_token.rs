//! `GetSessionToken`: temporary credentials of the caller itself, and proof of an MFA device.

use super::from_form;
use super::members::Durations;
use super::tokens::{TemporaryCredentials, give_out};
use crate::Error;
use crate::api::query::{QueryService, ToXml, Xml};
use crate::caller::{Caller, Credential, Principal, Session, SessionToken};
use crate::ids::AccessKeyId;
use crate::service::context::CallContext;
use crate::service::mfa::{self, Shown};
use crate::service::operation::{Authorization, Event, Loaded, Operation, Performed, Step};
use crate::service::parameters::Parameters;
use crate::time::Timestamp;

const OF_USER: Durations = Durations {
    default: 43_200,
    most: 129_600,
};

/// The most of the account root user, who gets this much of what is asked for.
const MOST_OF_ROOT: u32 = 3600;

/// Temporary credentials of the caller.
#[derive(Clone, Debug)]
pub struct GetSessionTokenRequest {
    /// 900 to 129,600; 43,200 where it is not said. The root user's last an hour at most.
    pub duration_seconds: Option<u32>,
    /// The MFA device of the caller.
    pub serial_number: Option<String>,
    /// The code that the device shows.
    pub token_code: Option<String>,
}

/// How long, and by which device.
#[derive(Debug)]
pub struct Asked {
    seconds: u32,
    shown: Option<Shown>,
}

impl Operation for GetSessionTokenRequest {
    type Parsed = Asked;
    type Response = TemporaryCredentials;
    const EVENT: Event = Event::query(QueryService::Sts, "GetSessionToken", true);

    /// A code is taken once.
    fn changes(&self) -> bool {
        self.token_code.is_some()
    }

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.optional("durationSeconds", self.duration_seconds.as_ref());
        parameters.optional("serialNumber", self.serial_number.as_ref());
    }

    fn parse(self) -> Result<Asked, Error> {
        Ok(Asked {
            seconds: OF_USER.checked(self.duration_seconds)?,
            shown: Shown::parse(self.serial_number, self.token_code)?,
        })
    }

    /// None: the credentials can do no more than those that they are asked for with.
    fn authorizations<'a>(
        _asked: &'a Asked,
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(Vec::new())
    }

    fn perform(asked: Asked, step: &Step<'_>) -> Result<Performed<TemporaryCredentials>, Error> {
        let principal = step.call.caller.principal();
        let seconds = match principal {
            Principal::User { .. } => asked.seconds,
            Principal::Root { .. } => asked.seconds.min(MOST_OF_ROOT),
            _ => {
                let message = "Cannot call GetSessionToken with session credentials";
                return Err(Error::AccessDenied(message.to_owned()));
            }
        };
        let mut session = begin(step, seconds);
        let mut edits = Vec::new();
        if let Some(shown) = &asked.shown {
            edits.push(mfa::verify(step, shown)?);
            session.mfa = Some(session.issued);
        }
        let token = SessionToken {
            principal: principal.clone(),
            session,
        };
        let credentials = give_out(&token, step.engine.barrier(), step.engine.system_random())?;
        let elements = credentials.elements();
        Ok(Performed::changed(credentials, edits).with_elements(elements))
    }
}

/// A session from now on, asked for by the caller.
pub(super) fn begin(step: &Step<'_>, seconds: u32) -> Session {
    let issued = Timestamp::from_seconds(step.now.seconds());
    let mut session = Session::new(issued, issued.plus_millis(i64::from(seconds) * 1000));
    session.issuer = access_key(&step.call.caller);
    session
}

fn access_key(caller: &Caller) -> Option<AccessKeyId> {
    match caller.credential() {
        Credential::AccessKey(id) => Some(id.clone()),
        Credential::StoreOwner(_)
        | Credential::XksProxy(_)
        | Credential::WebIdentity(_)
        | Credential::LocalPeer(_)
        | Credential::Internal => None,
    }
}

from_form!(GetSessionTokenRequest {
    duration_seconds = "durationSeconds",
    serial_number = "serialNumber",
    token_code = "tokenCode",
});

impl ToXml for TemporaryCredentials {
    fn write(&self, xml: &mut Xml) {
        self.write_credentials(xml);
    }
}
