//! One record in the shape of an AWS CloudTrail event for KMS.
//!
//! The fields are an allow-list: a record holds what stands here and nothing else. What goes into
//! [`Record::request_parameters`] is chosen by each operation; plaintexts, ciphertexts, messages,
//! signatures, key material and tokens never do.

use crate::caller::{Caller, Credential, Principal};
use crate::ids::{AccessKeyId, AccountId, Region};
use crate::time::Timestamp;
use std::borrow::Cow;

use super::json::{JsonObject, OMITTED, Object, string};
use super::ledger::Entry;
use super::session;

/// CloudTrail's bound on a recorded user agent, in bytes.
pub const MAX_USER_AGENT: usize = 1024;

/// The longest recorded message of a refusal, in bytes: it may quote what the caller sent.
const MAX_MESSAGE: usize = 4096;
/// The longest recorded parameters or elements, in bytes. Two of them and all else stay below
/// [`MAX_RECORD`](crate::audit::MAX_RECORD), so that no request is too large to be recorded.
const MAX_JSON: usize = 100 * 1024;

const EVENT_VERSION: &str = "1.11";
const TYPICAL_LENGTH: usize = 1536;

/// Who called.
#[derive(Clone, Copy, Debug)]
pub enum Identity<'a> {
    /// An authenticated caller.
    Caller(&'a Caller),
    /// Somebody whose request was refused before it was known who it is from.
    Unknown {
        /// The access key that the request claims, if it has the form of one.
        claimed: Option<&'a AccessKeyId>,
    },
}

/// Why a request was refused.
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'a> {
    /// AWS's error code.
    pub code: &'a str,
    /// The message that the caller got.
    pub message: &'a str,
}

/// A resource that the request used.
#[derive(Clone, Copy, Debug)]
pub struct Resource<'a> {
    /// The account that it belongs to.
    pub account: &'a AccountId,
    /// Its type, such as `AWS::KMS::Key`.
    pub kind: &'a str,
    /// Its ARN.
    pub arn: &'a str,
}

/// The TLS connection that the request came over.
#[derive(Clone, Copy, Debug)]
pub struct Tls<'a> {
    /// Such as `TLSv1.3`.
    pub version: &'a str,
    /// Such as `TLS_AES_256_GCM_SHA384`.
    pub cipher_suite: &'a str,
    /// The host that the client asked for.
    pub client_provided_host: &'a str,
}

/// What one request did, as it goes into the ledger.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Who called. A [`Principal::Service`] makes the event an `AwsServiceEvent`.
    pub identity: Identity<'a>,
    /// When; written in whole seconds.
    pub time: Timestamp,
    /// The service, such as `kms.amazonaws.com`.
    pub event_source: &'a str,
    /// The operation.
    pub event_name: &'a str,
    /// The Region that served it.
    pub region: &'a Region,
    /// Where the request came from.
    pub source_ip_address: &'a str,
    /// What the client calls itself; cut to [`MAX_USER_AGENT`] bytes.
    pub user_agent: &'a str,
    /// Why the request was refused, if it was.
    pub refusal: Option<Refusal<'a>>,
    /// The parameters that may be recorded, with names in camel case; `null` without any.
    pub request_parameters: Option<&'a JsonObject>,
    /// What a change made; `null` for cryptographic and reading operations.
    pub response_elements: Option<&'a JsonObject>,
    /// Such as the key material's id; left out without any.
    pub additional_event_data: Option<&'a JsonObject>,
    /// What the service did by itself; left out without any.
    pub service_event_details: Option<&'a JsonObject>,
    /// The request's id.
    pub request_id: &'a str,
    /// The record's own id, a UUID.
    pub event_id: &'a str,
    /// Whether the operation only reads or uses.
    pub read_only: bool,
    /// What the request used.
    pub resources: &'a [Resource<'a>],
    /// The account whose ledger this is.
    pub recipient_account: &'a AccountId,
    /// The connection; left out without TLS.
    pub tls: Option<Tls<'a>>,
}

impl Record<'_> {
    /// The record as one line of JSON.
    #[must_use]
    pub fn to_entry(&self) -> Entry {
        let mut out = Vec::with_capacity(TYPICAL_LENGTH);
        let mut event = Object::begin(&mut out);
        event.text("eventVersion", EVENT_VERSION);
        self.identity.write(event.object("userIdentity"));
        write_time(event.name("eventTime"), self.time);
        event.text("eventSource", self.event_source);
        event.text("eventName", self.event_name);
        event.text("awsRegion", self.region.as_str());
        event.text("sourceIPAddress", self.source_ip_address);
        let agent = self.user_agent;
        let end = agent.floor_char_boundary(MAX_USER_AGENT);
        event.text("userAgent", agent.get(..end).unwrap_or_default());
        if let Some(refusal) = &self.refusal {
            event.text("errorCode", refusal.code);
            let end = refusal.message.floor_char_boundary(MAX_MESSAGE);
            event.text(
                "errorMessage",
                refusal.message.get(..end).unwrap_or_default(),
            );
        }
        json_or_null(&mut event, "requestParameters", self.request_parameters);
        json_or_null(&mut event, "responseElements", self.response_elements);
        if let Some(data) = self.additional_event_data {
            event.json("additionalEventData", data);
        }
        event.text("requestID", self.request_id);
        event.text("eventID", self.event_id);
        event.bool("readOnly", self.read_only);
        write_resources(event.name("resources"), self.resources);
        event.text("eventType", self.identity.event_type());
        event.bool("managementEvent", true);
        event.text("recipientAccountId", self.recipient_account.as_str());
        if let Some(details) = self.service_event_details {
            event.json("serviceEventDetails", details);
        }
        event.text("eventCategory", "Management");
        if let Some(tls) = &self.tls {
            tls.write(event.object("tlsDetails"));
        }
        event.end();
        Entry::written(out)
    }
}

impl Identity<'_> {
    fn event_type(&self) -> &'static str {
        match self {
            Self::Caller(caller) if matches!(caller.principal(), Principal::Service { .. }) => {
                "AwsServiceEvent"
            }
            _ => "AwsApiCall",
        }
    }

    fn write(&self, mut identity: Object<'_>) {
        match self {
            Self::Caller(caller) => write_caller(&mut identity, caller),
            Self::Unknown { claimed } => {
                identity.text("type", "Unknown");
                if let Some(key) = claimed {
                    identity.text("accessKeyId", key.as_str());
                }
            }
        }
        identity.end();
    }
}

fn write_caller(identity: &mut Object<'_>, caller: &Caller) {
    let principal = caller.principal();
    let account = principal.account().as_str();
    if let Credential::WebIdentity(proven) = caller.credential() {
        return session::write_proven(identity, proven);
    }
    let (kind, principal_id, user_name) = match principal {
        Principal::Root { .. } => ("Root", Cow::Borrowed(account), None),
        Principal::User { name, id, .. } => {
            ("IAMUser", Cow::Borrowed(id.as_str()), Some(name.as_str()))
        }
        Principal::AssumedRole { id, session, .. } => {
            ("AssumedRole", Cow::Owned(format!("{id}:{session}")), None)
        }
        Principal::FederatedUser { name, .. } => (
            "FederatedUser",
            Cow::Owned(format!("{account}:{name}")),
            None,
        ),
        Principal::Service { .. } => {
            identity.text("accountId", account);
            identity.text("invokedBy", "AWS Internal");
            return;
        }
    };
    identity.text("type", kind);
    identity.text("principalId", &principal_id);
    identity.text("arn", &principal.arn());
    identity.text("accountId", account);
    match caller.credential() {
        Credential::AccessKey(key) => identity.text("accessKeyId", key.as_str()),
        Credential::XksProxy(key) => identity.text("accessKeyId", key),
        Credential::StoreOwner(_)
        | Credential::WebIdentity(_)
        | Credential::LocalPeer(_)
        | Credential::Internal => {}
    }
    match caller.credential() {
        Credential::StoreOwner(owner) => {
            identity.text("userName", user_name.unwrap_or(owner));
            identity.text("invokedBy", "kms (embedded)");
        }
        Credential::AccessKey(_)
        | Credential::XksProxy(_)
        | Credential::WebIdentity(_)
        | Credential::LocalPeer(_)
        | Credential::Internal => {
            if let Some(name) = user_name {
                identity.text("userName", name);
            }
        }
    }
    if let Credential::LocalPeer(_) = caller.credential() {
        identity.text("invokedBy", "kms (local caller)");
    }
    if let Some(session) = caller.session() {
        session::write(identity, principal, session);
    }
}

impl Tls<'_> {
    fn write(&self, mut tls: Object<'_>) {
        tls.text("tlsVersion", self.version);
        tls.text("cipherSuite", self.cipher_suite);
        tls.text("clientProvidedHostHeader", self.client_provided_host);
        tls.end();
    }
}

fn json_or_null(event: &mut Object<'_>, name: &'static str, value: Option<&JsonObject>) {
    match value {
        Some(value) if value.as_bytes().len() > MAX_JSON => {
            event.name(name).extend_from_slice(OMITTED);
        }
        Some(value) => event.json(name, value),
        None => event.name(name).extend_from_slice(b"null"),
    }
}

fn write_time(out: &mut Vec<u8>, time: Timestamp) {
    string(out, &time.to_rfc3339());
}

fn write_resources(out: &mut Vec<u8>, resources: &[Resource<'_>]) {
    out.push(b'[');
    for (place, resource) in resources.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        let mut object = Object::begin(out);
        object.text("accountId", resource.account.as_str());
        object.text("type", resource.kind);
        object.text("ARN", resource.arn);
        object.end();
    }
    out.push(b']');
}

/// What a ledger found and cut away when it was opened after a crash.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recovery<'a> {
    pub(super) time: Timestamp,
    pub(super) event_id: &'a str,
    pub(super) segment: &'a str,
    pub(super) record: u64,
    pub(super) offset: u64,
    pub(super) bytes_cut: u64,
}

impl Recovery<'_> {
    pub(super) fn to_entry(self) -> Entry {
        let mut out = Vec::with_capacity(TYPICAL_LENGTH);
        let mut event = Object::begin(&mut out);
        event.text("eventVersion", EVENT_VERSION);
        let mut identity = event.object("userIdentity");
        identity.text("invokedBy", "AWS Internal");
        identity.end();
        write_time(event.name("eventTime"), self.time);
        event.text("eventSource", "kms.amazonaws.com");
        event.text("eventName", "LedgerRecovered");
        event.text("eventID", self.event_id);
        event.bool("readOnly", false);
        event.text("eventType", "AwsServiceEvent");
        event.bool("managementEvent", true);
        let mut details = event.object("serviceEventDetails");
        details.text("segment", self.segment);
        details.number("record", self.record);
        details.number("offset", self.offset);
        details.number("bytesCut", self.bytes_cut);
        details.end();
        event.text("eventCategory", "Management");
        event.end();
        Entry::written(out)
    }
}

#[cfg(test)]
#[path = "record_tests.rs"]
mod tests;
