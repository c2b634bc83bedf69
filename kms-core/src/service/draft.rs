//! The record of a request, gathered while the request is walked.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::context::CallContext;
use super::engine::Engine;
use super::key_entry::KeyEntry;
use super::operation::{Event, Finding, Loaded, Performed};
use super::parameters::Parameters;
use super::recipient;
use crate::Error;
use crate::api::ErrorCode;
use crate::attestation::Attestation;
use crate::audit::record::{Identity, Record, Refusal, Resource};
use crate::audit::{Entry, JsonObject};
use crate::caller::{Credential, Principal};
use crate::crypto::random;
use crate::ids::KeyId;
use crate::store::Revision;
use crate::time::Timestamp;

/// What is known so far of a request that will be recorded.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) call: &'a CallContext,
    pub(super) event: Event,
    pub(super) event_id: String,
    time: Timestamp,
    parameters: Option<JsonObject>,
    resources: Vec<Arc<KeyEntry>>,
    recipient: Option<BTreeMap<String, String>>,
    /// What a proxy said that was asked before the walk.
    pub(super) finding: Option<Finding>,
}

/// How a request ended, for its record.
#[derive(Debug, Default)]
pub(super) struct Ending {
    pub(super) refusal: Option<(&'static str, String)>,
    pub(super) elements: Option<JsonObject>,
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
    pub(super) fn refused(event: Event, error: &Error) -> Self {
        let code = if event.speaks_query() {
            error.query_code().recorded()
        } else if event.is_of_organizations() {
            error.organizations_code().recorded()
        } else {
            recorded_code(error.code())
        };
        Self {
            refusal: Some((code, error.to_string())),
            ..Self::default()
        }
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
        Ok(Self {
            call,
            event,
            event_id,
            time,
            parameters,
            resources: Vec::new(),
            recipient: None,
            finding: None,
        })
    }

    /// Notes whom the answer is encrypted to, also for a request that is refused later.
    pub(super) fn attested(&mut self, attestation: Option<&Attestation>) {
        self.recipient = attestation.map(recipient::recorded);
    }

    pub(super) fn used(&mut self, loaded: &Loaded) {
        self.resources = loaded
            .iter()
            .map(|target| Arc::clone(&target.key))
            .collect();
    }

    /// The finished record.
    pub(super) fn finish(&self, mut ending: Ending) -> Entry {
        let own = matches!(self.call.caller.principal(), Principal::Service { .. });
        let source_ip = match self.call.source_ip {
            Some(address) => address.to_string(),
            None if own => "AWS Internal".to_owned(),
            None => "localhost".to_owned(),
        };
        let parameters = self.parameters.as_ref();
        let resources: Vec<Resource<'_>> = self
            .resources
            .iter()
            .map(|key| Resource {
                account: &key.key.arn.account,
                kind: "AWS::KMS::Key",
                arn: &key.arn,
            })
            .collect();
        let recipient = self.recipient.as_ref();
        ending.additional.optional("recipient", recipient);
        if let Credential::LocalPeer(peer) = self.call.caller.credential() {
            ending.additional.value("peer", peer);
        }
        let additional = ending.additional.finish();
        Record {
            identity: Identity::Caller(&self.call.caller),
            time: self.time,
            event_source: self.event.source,
            event_name: self.event.name,
            region: &self.call.region,
            source_ip_address: &source_ip,
            user_agent: &self.call.user_agent,
            refusal: ending
                .refusal
                .as_ref()
                .map(|(code, message)| Refusal { code, message }),
            request_parameters: parameters.filter(|_| !own),
            response_elements: ending.elements.as_ref(),
            additional_event_data: additional.as_ref(),
            service_event_details: parameters.filter(|_| own),
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
