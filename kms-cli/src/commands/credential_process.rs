//! `kms credential-process`: credentials for an AWS SDK.

use kms_core::secret::SecretBytes;

use crate::args::CredentialProcess;
use crate::failure::{Failure, Kind};
use crate::local_credentials::{Asked, ask};
use crate::output::Output;

pub(super) fn run(arguments: &CredentialProcess, output: &Output) -> Result<(), Failure> {
    let given = ask(&Asked::by(arguments)?)?;
    let mut line = serde_json::to_vec(&given.credentials()?)
        .map_err(|_| Failure::new(Kind::Failed, "the credentials have no JSON form"))?;
    line.push(b'\n');
    output.bytes(SecretBytes::new(line).expose())
}
