//! The parts of a request that the ledger keeps: an allow-list, written as JSON.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::ciphertext::EncryptionContext;

/// A JSON object under construction. Only what an operation puts here is recorded; plaintext,
/// ciphertext, tokens and secrets have no way in.
#[derive(Debug)]
pub struct Parameters(String);

impl Default for Parameters {
    fn default() -> Self {
        Self(String::from("{"))
    }
}

impl Parameters {
    /// Adds a member in any serialisable form.
    pub fn value(&mut self, name: &'static str, value: &(impl Serialize + ?Sized)) -> &mut Self {
        if let Ok(json) = serde_json::to_string(value) {
            if self.0.len() > 1 {
                self.0.push(',');
            }
            self.0.push('"');
            self.0.push_str(name);
            self.0.push_str("\":");
            self.0.push_str(&json);
        }
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
    pub fn finish(mut self) -> Option<Box<RawValue>> {
        if self.0.len() == 1 {
            return None;
        }
        self.0.push('}');
        RawValue::from_string(self.0).ok()
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
        assert_eq!(object.get(), r#"{"keyId":"a\"b","dryRun":true}"#);
        assert!(Parameters::default().finish().is_none());
    }
}
