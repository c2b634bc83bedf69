//! `GetAccessKeyInfo`: whose account an access key belongs to.

use super::from_form;
use super::members::named;
use crate::Error;
use crate::api::query::{QueryService, ToXml, Xml};
use crate::caller::Credential;
use crate::ids::{AccessKeyId, AccountId};
use crate::service::context::CallContext;
use crate::service::operation::{Authorization, Event, Loaded, On, Operation, Performed, Step};
use crate::service::parameters::Parameters;

/// Which account does an access key belong to?
#[derive(Clone, Debug)]
pub struct GetAccessKeyInfoRequest {
    /// `AKIA…` or `ASIA…`.
    pub access_key_id: String,
}

/// The account that an access key belongs to.
#[derive(Clone, Debug)]
pub struct AccessKeyInfo(
    /// The account.
    pub AccountId,
);

const SHORTEST: usize = 16;
const LONGEST: usize = 128;

impl Operation for GetAccessKeyInfoRequest {
    type Parsed = AccessKeyId;
    type Response = AccessKeyInfo;
    const EVENT: Event = Event::query(QueryService::Sts, "GetAccessKeyInfo", true);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.value("accessKeyId", &self.access_key_id);
    }

    fn parse(self) -> Result<AccessKeyId, Error> {
        let text = &self.access_key_id;
        let wanted = if !(SHORTEST..=LONGEST).contains(&text.len()) {
            "Member must have length between 16 and 128"
        } else {
            "Member must satisfy regular expression pattern: [\\w]*"
        };
        named(text, "accessKeyId", wanted)
    }

    fn authorizations<'a>(
        _id: &'a AccessKeyId,
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(vec![Authorization::new("sts:GetAccessKeyInfo", On::Any)])
    }

    /// Of temporary credentials nothing is kept, so that they are known while they ask themselves.
    fn perform(id: AccessKeyId, step: &Step<'_>) -> Result<Performed<AccessKeyInfo>, Error> {
        let caller = &step.call.caller;
        let kept = step.state.access_key(&id).map(|key| &key.account);
        let own = matches!(caller.credential(), Credential::AccessKey(used) if *used == id);
        let account = kept.or(own.then_some(step.call.account()));
        let account = account.ok_or_else(|| {
            Error::Validation(format!("The access key with id {id} cannot be found."))
        })?;
        Ok(Performed::read(AccessKeyInfo(account.clone())))
    }
}

from_form!(GetAccessKeyInfoRequest {
    access_key_id = "accessKeyId",
});

impl ToXml for AccessKeyInfo {
    fn write(&self, xml: &mut Xml) {
        xml.text("Account", self.0.as_str());
    }
}
