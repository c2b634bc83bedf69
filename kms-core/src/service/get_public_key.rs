//! `GetPublicKey`

use super::key_operation::KeyOperation;
use super::operation::{Performed, Step};
use super::values::Specific;
use crate::Error;
use crate::api::{GetPublicKeyRequest, GetPublicKeyResponse};

impl KeyOperation for GetPublicKeyRequest {
    type Checked = ();
    const TAKES_ALIAS: bool = true;

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn grant_tokens(&self) -> Option<&Vec<String>> {
        self.grant_tokens.as_ref()
    }

    fn check(self) -> Result<(), Error> {
        Ok(())
    }

    fn specific((): &()) -> Specific<'_> {
        Specific {
            counts_request_alias: true,
            ..Specific::default()
        }
    }

    fn perform((): (), step: &Step<'_>) -> Result<Performed<GetPublicKeyResponse>, Error> {
        let key = &step.loaded.primary()?.key.key;
        let kind = key.kind;
        if !kind.is_asymmetric() {
            return Err(Error::UnsupportedOperation(format!(
                "{} key spec is {} which is not valid for GetPublicKey.",
                key.arn, kind.spec
            )));
        }
        let material = key
            .current_material()
            .ok_or_else(|| Error::internal("the key has no material"))?;
        Ok(Performed::read(GetPublicKeyResponse {
            key_id: key.arn.clone(),
            public_key: material.public_key.clone().into(),
            customer_master_key_spec: kind.spec.deprecated(),
            key_spec: kind.spec,
            key_usage: kind.usage,
            encryption_algorithms: kind.encryption_algorithms().to_vec(),
            signing_algorithms: kind.signing_algorithms().to_vec(),
            key_agreement_algorithms: kind.key_agreement_algorithms().to_vec(),
        }))
    }
}
