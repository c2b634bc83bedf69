//! The record of a request, gathered while the request is walked.

use serde_json::value::RawValue;

use super::context::CallContext;
use super::engine::Engine;
use super::operation::{Event, Loaded, Performed};
use super::parameters::Parameters;
use crate::Error;
use crate::api::ErrorCode;
use crate::audit::Entry;
use crate::audit::record::{Identity, Record, Refusal, Resource};
use crate::caller::Principal;
use crate::crypto::random;
use crate::ids::{AccountId, KeyId};
use crate::store::Revision;
use crate::time::Timestamp;

/// What is known so far of a request that will be recorded.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) call: &'a CallContext,
    pub(super) event: Event,
    pub(super) event_id: String,
    time: Timestamp,
    parameters: Option<Box<RawValue>>,
    resources: Vec<(AccountId, String)>,
    details: Option<Box<RawValue>>,
}

/// How a request ended, for its record.
#[derive(Debug, Default)]
pub(super) struct Ending {
    pub(super) refusal: Option<(&'static str, String)>,
    pub(super) elements: Option<Box<RawValue>>,
    pub(super) additional: Parameters,
}

impl Ending {
    /// Of a request that was answered.
    pub(super) fn of<R>(performed: &mut Performed<R>) -> Self {
        Self {
            refusal: None,
            elements: performed.elements.take(),
            additional: std::mem::take(&mut performed.additional),
        }
    }

    /// Of a request that was refused or failed.
    pub(super) fn refused(error: &Error) -> Self {
        let message = error.to_string();
        Self { refusal: Some((recorded_code(error.code()), message)), ..Self::default() }
    }

    /// Names the commit that the request made, by which a store that was put back is found out.
    pub(super) fn at_revision(mut self, revision: Revision) -> Self {
        self.additional.value("storeRevision", &revision);
        self
    }
}

/// CloudTrail writes the refusal by a policy without the word "Exception".
fn recorded_code(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::AccessDeniedException => "AccessDenied",
        other => other.as_str(),
    }
}

impl<'a> Draft<'a> {
    pub(super) fn new(
        engine: &Engine,
        call: &'a CallContext,
        event: Event,
        parameters: Parameters,
        time: Timestamp,
    ) -> Result<Self, Error> {
        let parameters = parameters.finish();
        let event_id = uuid(engine)?;
        Ok(Self { call, event, event_id, time, parameters, resources: Vec::new(), details: None })
    }

    pub(super) fn used(&mut self, loaded: &Loaded) {
        let resource = |target: &super::operation::Target| {
            (target.key.key.arn.account.clone(), target.key.arn.clone())
        };
        self.resources = loaded.iter().map(resource).collect();
    }

    /// What the service did by itself.
    pub(super) fn with_details(mut self, details: Parameters) -> Self {
        self.details = details.finish();
        self
    }

    /// The finished record.
    pub(super) fn finish(&self, ending: Ending) -> Entry {
        let source_ip = match (self.call.source_ip, self.call.caller.principal()) {
            (Some(address), _) => address.to_string(),
            (None, Principal::Service { .. }) => "AWS Internal".to_owned(),
            (None, _) => "localhost".to_owned(),
        };
        let resources: Vec<Resource<'_>> = self
            .resources
            .iter()
            .map(|(account, arn)| Resource { account, kind: "AWS::KMS::Key", arn })
            .collect();
        let additional = ending.additional.finish();
        Record {
            identity: Identity::Caller(&self.call.caller),
            time: self.time,
            event_source: self.event.source,
            event_name: self.event.name,
            region: &self.call.region,
            source_ip_address: &source_ip,
            user_agent: &self.call.user_agent,
            refusal: ending.refusal.as_ref().map(|(code, message)| Refusal { code, message }),
            request_parameters: self.parameters.as_deref(),
            response_elements: ending.elements.as_deref(),
            additional_event_data: additional.as_deref(),
            service_event_details: self.details.as_deref(),
            request_id: &self.call.request_id,
            event_id: &self.event_id,
            read_only: self.event.read_only,
            resources: &resources,
            recipient_account: self.call.account(),
            tls: None,
        }
        .to_entry()
    }
}

/// A version 4 UUID as text.
pub(super) fn uuid(engine: &Engine) -> Result<String, Error> {
    let bits = u128::from_be_bytes(random::array(engine.random())?);
    Ok(KeyId::uuid_from_random(bits).to_string())
}
