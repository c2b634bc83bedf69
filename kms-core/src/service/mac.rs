//! `GenerateMac` and `VerifyMac`

use super::key_kind::{require_algorithm, require_usage};
use super::key_operation::KeyOperation;
use super::operation::{Performed, Step};
use super::parameters::Parameters;
use super::request::{end_dry_run, present};
use super::values::Specific;
use crate::Error;
use crate::api::{
    GenerateMacRequest, GenerateMacResponse, KeyUsage, MacAlgorithm, Operation, VerifyMacRequest,
    VerifyMacResponse,
};
use crate::keys::Key;
use crate::secret::SecretBytes;

/// What is authenticated, and how; checked.
#[derive(Debug)]
pub struct Authenticated {
    message: SecretBytes,
    algorithm: MacAlgorithm,
    dry_run: Option<bool>,
}

impl Authenticated {
    fn parse(
        message: Option<SecretBytes>,
        algorithm: Option<&str>,
        dry_run: Option<bool>,
    ) -> Result<Self, Error> {
        Ok(Self {
            message: present(message)?,
            algorithm: present(algorithm)?.parse().map_err(Error::internal)?,
            dry_run,
        })
    }

    fn specific(&self) -> Specific<'_> {
        Specific {
            mac_algorithm: Some(self.algorithm),
            counts_request_alias: true,
            ..Specific::default()
        }
    }

    /// The key must be one that authenticates so; ends a dry run.
    fn admit(&self, key: &Key, operation: Operation) -> Result<(), Error> {
        require_usage(key, KeyUsage::GenerateVerifyMac, operation)?;
        require_algorithm(key, self.algorithm, key.kind.mac_algorithm().as_slice())?;
        end_dry_run(self.dry_run)
    }
}

impl KeyOperation for GenerateMacRequest {
    type Checked = Authenticated;
    const TAKES_ALIAS: bool = true;

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn other_parameters(&self, parameters: &mut Parameters) {
        parameters
            .optional("macAlgorithm", self.mac_algorithm.as_ref())
            .optional("dryRun", self.dry_run.as_ref());
    }

    fn grant_tokens(&self) -> Option<&Vec<String>> {
        self.grant_tokens.as_ref()
    }

    fn check(self) -> Result<Authenticated, Error> {
        let algorithm = self.mac_algorithm;
        Authenticated::parse(self.message, algorithm.as_deref(), self.dry_run)
    }

    fn specific(checked: &Authenticated) -> Specific<'_> {
        checked.specific()
    }

    fn perform(
        asked: Authenticated,
        step: &Step<'_>,
    ) -> Result<Performed<GenerateMacResponse>, Error> {
        let entry = &step.loaded.primary()?.key;
        asked.admit(&entry.key, Operation::GenerateMac)?;
        let key = entry.mac_key(step.permit(0)?, step.engine.barrier())?;
        let mac = key.tag(asked.algorithm, asked.message.expose())?;
        Ok(Performed::read(GenerateMacResponse {
            mac: mac.into(),
            mac_algorithm: asked.algorithm,
            key_id: entry.key.arn.clone(),
        }))
    }
}

/// A checked `VerifyMacRequest`.
#[derive(Debug)]
pub struct VerifyMac {
    asked: Authenticated,
    mac: Vec<u8>,
}

impl KeyOperation for VerifyMacRequest {
    type Checked = VerifyMac;
    const TAKES_ALIAS: bool = true;

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn other_parameters(&self, parameters: &mut Parameters) {
        parameters
            .optional("macAlgorithm", self.mac_algorithm.as_ref())
            .optional("dryRun", self.dry_run.as_ref());
    }

    fn grant_tokens(&self) -> Option<&Vec<String>> {
        self.grant_tokens.as_ref()
    }

    fn check(self) -> Result<VerifyMac, Error> {
        let algorithm = self.mac_algorithm;
        Ok(VerifyMac {
            asked: Authenticated::parse(self.message, algorithm.as_deref(), self.dry_run)?,
            mac: present(self.mac)?.into_vec(),
        })
    }

    fn specific(checked: &VerifyMac) -> Specific<'_> {
        checked.asked.specific()
    }

    fn perform(verify: VerifyMac, step: &Step<'_>) -> Result<Performed<VerifyMacResponse>, Error> {
        let entry = &step.loaded.primary()?.key;
        let VerifyMac { asked, mac } = verify;
        asked.admit(&entry.key, Operation::VerifyMac)?;
        entry
            .mac_key(step.permit(0)?, step.engine.barrier())?
            .verify(asked.algorithm, asked.message.expose(), &mac)
            .map_err(|_| Error::InvalidMac)?;
        Ok(Performed::read(VerifyMacResponse {
            key_id: entry.key.arn.clone(),
            mac_valid: true,
            mac_algorithm: asked.algorithm,
        }))
    }
}
