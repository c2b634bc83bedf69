//! The parts of a request that the ledger keeps: an allow-list, written as JSON.

use serde::Serialize;

use crate::audit::JsonObject;
use crate::ciphertext::EncryptionContext;

/// A JSON object under construction. Only what an operation puts here is recorded; plaintext,
/// ciphertext, tokens and secrets have no way in.
#[derive(Debug)]
pub struct Parameters(JsonObject);

impl Default for Parameters {
    fn default() -> Self {
        Self(JsonObject::begin())
    }
}

impl Parameters {
    /// Adds a member in any serialisable form.
    pub fn value(&mut self, name: &'static str, value: &(impl Serialize + ?Sized)) -> &mut Self {
        self.0.member(name, value);
        self
    }

    /// Adds a member if there is one.
    pub fn optional(
        &mut self,
        name: &'static str,
        value: Option<&(impl Serialize + ?Sized)>,
    ) -> &mut Self {
        match value {
            Some(value) => self.value(name, value),
            None => self,
        }
    }

    /// Adds an object that has members.
    pub(super) fn object(&mut self, name: &'static str, object: Parameters) -> &mut Self {
        if let Some(object) = object.finish() {
            self.0.object(name, &object);
        }
        self
    }

    /// Adds an encryption context unless it is empty.
    pub fn context(&mut self, name: &'static str, context: &EncryptionContext) -> &mut Self {
        if context.is_empty() {
            self
        } else {
            self.value(name, context)
        }
    }

    /// The finished object; `None` when nothing was added, which CloudTrail writes as null.
    #[must_use]
    pub(crate) fn finish(self) -> Option<JsonObject> {
        self.0.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_one_json_object_and_nothing_is_null() {
        let mut parameters = Parameters::default();
        parameters
            .value("keyId", "a\"b")
            .optional("dryRun", Some(&true))
            .optional("x", None::<&str>);
        let object = parameters.finish().unwrap();
        assert_eq!(object.as_bytes(), br#"{"keyId":"a\"b","dryRun":true}"#);
        assert!(Parameters::default().finish().is_none());
    }
}
