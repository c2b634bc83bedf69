//! `DecodeAuthorizationMessage`: what an encoded message says of a refusal.
//!
//! The operations of AWS that answer a refusal with such a message are none of KMS, IAM or STS,
//! which is why there is none here, and no message that somebody could bring is one of this service.

use super::from_form;
use super::limits::constraint;
use crate::Error;
use crate::api::query::{QueryCode, QueryService, ToXml, Xml};
use crate::service::context::CallContext;
use crate::service::operation::{Authorization, Event, Loaded, On, Operation, Performed, Step};
use crate::service::parameters::Parameters;

/// What does an encoded message say?
#[derive(Clone, Debug)]
pub struct DecodeAuthorizationMessageRequest {
    /// 1 to 10,240 characters.
    pub encoded_message: String,
}

/// What a message says, of which there is none.
#[derive(Clone, Copy, Debug)]
pub enum DecodedMessage {}

const LONGEST: usize = 10_240;

impl Operation for DecodeAuthorizationMessageRequest {
    type Parsed = ();
    type Response = DecodedMessage;
    const EVENT: Event = Event::query(QueryService::Sts, "DecodeAuthorizationMessage", true);

    /// The message may be another service's, and privileged.
    fn parameters(&self, _parameters: &mut Parameters) {}

    fn parse(self) -> Result<(), Error> {
        let length = self.encoded_message.chars().count();
        if length == 0 {
            let least = "Member must have length greater than or equal to 1";
            return Err(constraint("encodedMessage", least));
        }
        if length > LONGEST {
            let most = "Member must have length less than or equal to 10240";
            return Err(constraint("encodedMessage", most));
        }
        Ok(())
    }

    fn authorizations<'a>(
        (): &'a (),
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        let action = "sts:DecodeAuthorizationMessage";
        Ok(vec![Authorization::new(action, On::Any)])
    }

    fn perform((): (), _step: &Step<'_>) -> Result<Performed<DecodedMessage>, Error> {
        Err(Error::Query(
            QueryCode::InvalidAuthorizationMessageException,
            "Message is not valid".to_owned(),
        ))
    }
}

from_form!(DecodeAuthorizationMessageRequest {
    encoded_message = "encodedMessage",
});

impl ToXml for DecodedMessage {
    fn write(&self, _xml: &mut Xml) {
        match *self {}
    }
}
