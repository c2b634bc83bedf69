//! `GenerateRandom`

use super::context::CallContext;
use super::custom_key_stores;
use super::operation::{Authorization, Event, Loaded, On, Operation, Performed, Step};
use super::parameters::Parameters;
use super::request::validated;
use crate::Error;
use crate::api::{self, GenerateRandomRequest, GenerateRandomResponse, RecipientInfo};
use crate::secret::SecretBytes;

impl Operation for GenerateRandomRequest {
    /// How many bytes, and in which custom key store.
    type Parsed = (usize, Option<String>);
    type Response = GenerateRandomResponse;
    const EVENT: Event = Event::kms(api::Operation::GenerateRandom);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.optional("numberOfBytes", self.number_of_bytes.as_ref());
    }

    fn recipient(&self) -> Option<&RecipientInfo> {
        self.recipient.as_ref()
    }

    fn parse(self) -> Result<Self::Parsed, Error> {
        validated(&self)?;
        let required = || Error::Validation("NumberOfBytes is required.".to_owned());
        let length = self.number_of_bytes.ok_or_else(required)?;
        let length = usize::try_from(length).map_err(|_| required())?;
        Ok((length, self.custom_key_store_id))
    }

    fn authorizations<'a>(
        _parsed: &'a Self::Parsed,
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(vec![Authorization::new("kms:GenerateRandom", On::Any)])
    }

    fn perform(
        (length, store): Self::Parsed,
        step: &Step<'_>,
    ) -> Result<Performed<Self::Response>, Error> {
        if let Some(id) = store {
            custom_key_stores::find(&id, step)?;
            // As AWS: only CloudHSM key stores make random bytes, and every store here is external.
            return Err(Error::UnsupportedOperation(
                "GenerateRandom is not supported in an external key store.".to_owned(),
            ));
        }
        let bytes = SecretBytes::try_build(length, |bytes| step.engine.random().fill(bytes))?;
        let answer = step.recipient().answer(bytes)?;
        Ok(Performed::read(GenerateRandomResponse {
            plaintext: answer.plaintext,
            ciphertext_for_recipient: answer.ciphertext_for_recipient,
        }))
    }
}
