//! The parts of a request that the ledger keeps: an allow-list, written as JSON.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::ciphertext::EncryptionContext;

/// A JSON object under construction. Only what an operation puts here is recorded; plaintext,
/// ciphertext, tokens and secrets have no way in.
#[derive(Debug)]
pub struct Parameters(Vec<u8>);

impl Default for Parameters {
    fn default() -> Self {
        let mut object = Vec::with_capacity(256);
        object.push(b'{');
        Self(object)
    }
}

impl Parameters {
    /// Adds a member in any serialisable form.
    pub fn value(&mut self, name: &'static str, value: &(impl Serialize + ?Sized)) -> &mut Self {
        let before = self.0.len();
        if before > 1 {
            self.0.push(b',');
        }
        self.0.push(b'"');
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
        if serde_json::to_writer(&mut self.0, value).is_err() {
            self.0.truncate(before);
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
        self.0.push(b'}');
        RawValue::from_string(String::from_utf8(self.0).ok()?).ok()
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
