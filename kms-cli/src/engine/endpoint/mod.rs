//! Any AWS KMS endpoint through AWS's own SDK, with its credential chain and profiles.
//!
//! Each request of [`kms_core::api`] says here how the SDK asks it, and how the SDK's answer reads.

mod aliases;
mod asymmetric;
mod cryptographic;
mod grants;
mod keys;
mod multi_region;
mod policies;
mod rotation;
mod tags;
mod usage;

use aws_sdk_kms::Client;
use aws_sdk_kms::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::DateTime;
use kms_core::api;
use kms_core::ids::Region;
use kms_core::service::Operation;
use kms_core::time::Timestamp;

use super::refusal::refused;
use crate::failure::{Failure, Kind};

/// How to find the endpoint; what is `None` the SDK finds in the environment and the profile.
#[derive(Debug, Default)]
pub(crate) struct EndpointOptions {
    pub(crate) url: Option<String>,
    pub(crate) profile: Option<String>,
    pub(crate) region: Option<String>,
}

/// A client of an endpoint and the runtime that it needs.
#[derive(Debug)]
pub(crate) struct Endpoint {
    client: Client,
    region: Option<Region>,
    runtime: tokio::runtime::Runtime,
}

/// A request that can be put to an endpoint.
pub(crate) trait Remote:
    api::Request + Operation<Response = <Self as api::Request>::Response>
{
    /// Asks, and waits for the answer.
    fn send(
        self,
        client: &Client,
    ) -> impl Future<Output = Result<<Self as api::Request>::Response, Failure>>;
}

impl Endpoint {
    /// Loads the configuration; nothing is sent yet.
    pub(crate) fn open(options: EndpointOptions) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| Failure::io("cannot start the client", &error))?;
        let mut loader = aws_config::from_env();
        if let Some(profile) = options.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = options.region {
            loader = loader.region(aws_config::Region::new(region));
        }
        let shared = runtime.block_on(loader.load());
        let Some(region) = shared.region() else {
            return Err(Failure::usage("the Region of the endpoint is not known")
                .hint("give --region or set AWS_REGION"));
        };
        let region = region.as_ref().parse().ok();
        let mut config = aws_sdk_kms::config::Builder::from(&shared);
        if let Some(url) = options.url {
            config = config.endpoint_url(url);
        }
        Ok(Self {
            client: Client::from_conf(config.build()),
            region,
            runtime,
        })
    }

    /// The Region that requests are signed for, if it is written as AWS writes one.
    pub(crate) fn region(&self) -> Option<&Region> {
        self.region.as_ref()
    }

    /// Asks, and waits for the answer.
    pub(crate) fn call<R: Remote>(
        &self,
        request: R,
    ) -> Result<<R as api::Request>::Response, Failure> {
        self.runtime.block_on(request.send(&self.client))
    }
}

/// What an error of the SDK means.
fn failed<E, R>(error: SdkError<E, R>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    if let Some(service) = error.as_service_error()
        && let Some(code) = service.code()
    {
        return refused(code, service.message().unwrap_or_default());
    }
    let reason = root_cause(&error);
    match &error {
        SdkError::ConstructionFailure(_) => Failure::new(
            Kind::Failed,
            format!("the request cannot be made: {reason}"),
        )
        .hint("check the credentials and the endpoint"),
        SdkError::TimeoutError(_) => {
            Failure::new(Kind::Unavailable, "the endpoint did not answer in time")
        }
        SdkError::DispatchFailure(dispatch) if dispatch.is_other() => {
            Failure::new(Kind::Denied, format!("cannot sign the request: {reason}"))
                .hint("set up credentials as for the AWS CLI")
        }
        SdkError::DispatchFailure(_) => Failure::new(
            Kind::Unavailable,
            format!("cannot reach the endpoint: {reason}"),
        ),
        _ => Failure::new(
            Kind::Unavailable,
            format!("what answers is no KMS endpoint: {reason}"),
        ),
    }
}

/// The innermost reason, which is the one that tells something.
fn root_cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// A member that every answer of this operation has.
fn present<T>(member: Option<T>) -> Result<T, Failure> {
    member.ok_or_else(|| Failure::new(Kind::Unavailable, "the endpoint's answer is incomplete"))
}

/// A member as the type that it has here.
fn parsed<T: std::str::FromStr>(member: Option<impl AsRef<str>>) -> Result<T, Failure> {
    optional(member).and_then(present)
}

/// Like [`parsed`], for a member that may be absent.
fn optional<T: std::str::FromStr>(member: Option<impl AsRef<str>>) -> Result<Option<T>, Failure> {
    let value = member.map(|text| text.as_ref().parse()).transpose();
    value.map_err(|_| unknown_value())
}

/// Every value of a member, which may be absent.
fn all_parsed<T: std::str::FromStr>(
    member: Option<Vec<impl std::fmt::Display>>,
) -> Result<Vec<T>, Failure> {
    let values = member.unwrap_or_default().into_iter();
    values
        .map(|value| parsed(Some(value.to_string())))
        .collect()
}

fn unknown_value() -> Failure {
    let message = "the endpoint's answer has a value that is not known here";
    Failure::new(Kind::Unavailable, message)
}

fn timestamp(time: &DateTime) -> Timestamp {
    Timestamp::from_millis(time.to_millis().unwrap_or(i64::MAX))
}
