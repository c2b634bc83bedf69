//! `UpdateKeyDescription`

use super::change::Edit;
use super::key_operation::KeyOperation;
use super::operation::{Performed, Step};
use super::parameters::Parameters;
use super::request::present;
use crate::Error;
use crate::api::{UpdateKeyDescriptionRequest, UpdateKeyDescriptionResponse};

impl KeyOperation for UpdateKeyDescriptionRequest {
    /// The new description.
    type Checked = String;

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn other_parameters(&self, parameters: &mut Parameters) {
        parameters.optional("description", self.description.as_ref());
    }

    fn check(self) -> Result<String, Error> {
        present(self.description)
    }

    fn perform(
        description: String,
        step: &Step<'_>,
    ) -> Result<Performed<UpdateKeyDescriptionResponse>, Error> {
        let mut key = step.loaded.primary()?.key.key.clone();
        key.description = description;
        let edits = vec![Edit::PutKey(Box::new(key))];
        Ok(Performed::changed(UpdateKeyDescriptionResponse {}, edits))
    }
}
