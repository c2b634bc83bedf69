//! `GenerateRandom`

use super::context::CallContext;
use super::operation::{Authorization, Event, Loaded, On, Operation, Performed, Step};
use super::parameters::Parameters;
use super::request::{no_custom_key_store, validated};
use crate::Error;
use crate::api::{self, GenerateRandomRequest, GenerateRandomResponse, RecipientInfo};
use crate::secret::SecretBytes;

impl Operation for GenerateRandomRequest {
    /// How many bytes.
    type Parsed = usize;
    type Response = GenerateRandomResponse;
    const EVENT: Event = Event::kms(api::Operation::GenerateRandom);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.optional("numberOfBytes", self.number_of_bytes.as_ref());
    }

    fn recipient(&self) -> Option<&RecipientInfo> {
        self.recipient.as_ref()
    }

    fn parse(self) -> Result<usize, Error> {
        validated(&self)?;
        no_custom_key_store(self.custom_key_store_id.as_ref())?;
        let required = || Error::Validation("NumberOfBytes is required.".to_owned());
        usize::try_from(self.number_of_bytes.ok_or_else(required)?).map_err(|_| required())
    }

    fn authorizations<'a>(
        _parsed: &'a usize,
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(vec![Authorization::new("kms:GenerateRandom", On::Any)])
    }

    fn perform(length: usize, step: &Step<'_>) -> Result<Performed<Self::Response>, Error> {
        let bytes = SecretBytes::try_build(length, |bytes| step.engine.random().fill(bytes))?;
        let answer = step.answer(bytes)?;
        Ok(Performed::read(GenerateRandomResponse {
            plaintext: answer.plaintext,
            ciphertext_for_recipient: answer.ciphertext_for_recipient,
        }))
    }
}
