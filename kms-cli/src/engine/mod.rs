//! What the commands ask: the engine in this process, or an endpoint.

mod choice;
mod data_keys;
mod embedded;
mod endpoint;
mod refusal;
mod unlock;
mod user;

pub(crate) use choice::Choice;
pub(crate) use data_keys::Keys;
pub(crate) use embedded::{Embedded, parse_region};
pub(crate) use endpoint::Remote;
pub(crate) use refusal::refused;
pub(crate) use unlock::{ledger_failed, new_passphrase};

use endpoint::Endpoint;
use kms_core::api;
use kms_core::ids::{KeyArn, KeyId};

use crate::args::Global;
use crate::failure::Failure;
use crate::output::Output;

/// A key management service that answers requests.
#[derive(Debug)]
pub(crate) enum Kms {
    /// The engine in this process, over a store in a directory.
    Embedded(Box<Embedded>),
    /// An endpoint elsewhere.
    Endpoint(Box<Endpoint>),
}

impl Kms {
    /// Opens what the arguments and the environment choose.
    pub(crate) fn open(global: &Global, output: &Output) -> Result<Self, Failure> {
        let choice = Choice::of(global)?;
        output.note(&format!("using {choice}"));
        match choice {
            Choice::Directory(home) => Embedded::open(&home, global)
                .map(Box::new)
                .map(Self::Embedded),
            Choice::Endpoint(options) => Endpoint::open(options).map(Box::new).map(Self::Endpoint),
        }
    }

    /// Asks, and waits for the answer.
    pub(crate) fn call<R: Remote>(
        &self,
        request: R,
    ) -> Result<<R as api::Request>::Response, Failure> {
        match self {
            Self::Embedded(embedded) => embedded.call(request),
            Self::Endpoint(endpoint) => endpoint.call(request),
        }
    }

    /// The key that may be here of what a message calls `arn`: for a multi-Region key that is the
    /// related one in the Region that is worked in. A store in a directory knows its own account
    /// and Region, of an endpoint its Region is known.
    pub(crate) fn here(&self, arn: &KeyArn) -> Option<KeyArn> {
        let region = match self {
            Self::Embedded(embedded) => Some(embedded.region()),
            Self::Endpoint(endpoint) => endpoint.region(),
        };
        let here = match (arn.key, region) {
            (KeyId::MultiRegion(_), Some(region)) => KeyArn {
                region: region.clone(),
                ..arn.clone()
            },
            _ => arn.clone(),
        };
        match self {
            Self::Embedded(embedded) => embedded.may_hold(&here).then_some(here),
            Self::Endpoint(_) => Some(here),
        }
    }
}
