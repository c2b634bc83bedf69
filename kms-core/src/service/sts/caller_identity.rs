//! `GetCallerIdentity`: who the caller is. Nobody can be kept from asking.

use super::from_form;
use crate::Error;
use crate::api::query::{QueryService, ToXml, Xml};
use crate::caller::Principal;
use crate::service::context::CallContext;
use crate::service::operation::{Authorization, Event, Loaded, Operation, Performed, Step};
use crate::service::parameters::Parameters;

/// Who am I?
#[derive(Clone, Copy, Debug)]
pub struct GetCallerIdentityRequest {}

/// Who the caller is.
#[derive(Clone, Debug)]
pub struct CallerIdentity {
    /// The account.
    pub account: String,
    /// The ARN of the user, or of the session.
    pub arn: String,
    /// The unique id, followed by the name of the session where it is one of a role.
    pub user_id: String,
}

/// `aws:userid`, which the answer calls `UserId`.
pub(in crate::service) fn user_id(principal: &Principal) -> String {
    match principal {
        Principal::User { id, .. } => id.to_string(),
        Principal::Root { account } | Principal::Service { account } => account.to_string(),
        Principal::AssumedRole { id, session, .. } => format!("{id}:{session}"),
        Principal::FederatedUser { account, name, .. } => format!("{account}:{name}"),
    }
}

impl Operation for GetCallerIdentityRequest {
    type Parsed = ();
    type Response = CallerIdentity;
    const EVENT: Event = Event::query(QueryService::Sts, "GetCallerIdentity", true);

    fn parameters(&self, _parameters: &mut Parameters) {}

    fn parse(self) -> Result<(), Error> {
        Ok(())
    }

    /// None: AWS answers even where a policy denies it.
    fn authorizations<'a>(
        (): &'a (),
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(Vec::new())
    }

    fn perform((): (), step: &Step<'_>) -> Result<Performed<CallerIdentity>, Error> {
        let principal = step.call.caller.principal();
        Ok(Performed::read(CallerIdentity {
            account: principal.account().to_string(),
            arn: principal.arn(),
            user_id: user_id(principal),
        }))
    }
}

from_form!(GetCallerIdentityRequest {});

impl ToXml for CallerIdentity {
    fn write(&self, xml: &mut Xml) {
        xml.text("Arn", &self.arn);
        xml.text("UserId", &self.user_id);
        xml.text("Account", &self.account);
    }
}
