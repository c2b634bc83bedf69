//! `DescribeKey`

use super::key_operation::KeyOperation;
use super::metadata::key_metadata;
use super::operation::{Performed, Step};
use super::values::Specific;
use crate::Error;
use crate::api::{DescribeKeyRequest, DescribeKeyResponse};

impl KeyOperation for DescribeKeyRequest {
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

    fn perform((): (), step: &Step<'_>) -> Result<Performed<DescribeKeyResponse>, Error> {
        let key_metadata = key_metadata(&step.loaded.primary()?.key.key, step.state, step.now)?;
        Ok(Performed::read(DescribeKeyResponse { key_metadata }))
    }
}
