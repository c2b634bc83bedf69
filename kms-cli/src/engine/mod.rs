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
use kms_core::ids::{KeyArn, Region};

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

    /// The Region that is worked in, as far as it is known.
    pub(crate) fn region(&self) -> Option<&Region> {
        match self {
            Self::Embedded(embedded) => Some(embedded.region()),
            Self::Endpoint(endpoint) => endpoint.region(),
        }
    }

    /// Whether the key may be here: a store in a directory knows its own account and Region.
    pub(crate) fn may_hold(&self, arn: &KeyArn) -> bool {
        match self {
            Self::Embedded(embedded) => embedded.may_hold(arn),
            Self::Endpoint(_) => true,
        }
    }
}
