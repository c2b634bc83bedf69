//! Requests that were refused before they reached the walk: unsigned, wrongly signed, malformed.

use super::draft::uuid;
use super::engine::Engine;
use super::parameters::Parameters;
use super::state::State;
use crate::Error;
use crate::audit::record::{Identity, Record, Refusal as Refused};
use crate::audit::{JsonObject, LedgerUnavailable, Recorded};
use crate::caller::{Caller, Credential, LocalPeer};
use crate::ids::{AccessKeyId, AccountId, Region};

/// Who sent a refused request, as far as that is known.
#[derive(Clone, Copy, Debug)]
pub enum RefusedCaller<'a> {
    /// The signature was right, the request was not.
    Authenticated(&'a Caller),
    /// Whoever it was did not prove it; the access key that was claimed, if it has the form of one.
    Unauthenticated(Option<&'a AccessKeyId>),
    /// Somebody whom the operating system or a certificate vouches for, and who is nobody here.
    Peer(&'a LocalPeer),
}

/// A request that was refused at the door.
#[derive(Clone, Debug)]
pub struct Refusal<'a> {
    /// Who sent it.
    pub caller: RefusedCaller<'a>,
    /// The service that was asked, such as `kms.amazonaws.com`.
    pub event_source: &'static str,
    /// The operation that it asked for, if that is one; else what stands for it in the ledger.
    pub event_name: &'a str,
    /// Whether that operation only reads.
    pub read_only: bool,
    /// The Region that refused it.
    pub region: &'a Region,
    /// The peer's address, or `localhost`.
    pub source_ip_address: &'a str,
    /// As sent; untrusted text.
    pub user_agent: &'a str,
    /// The id that the answer carries.
    pub request_id: &'a str,
    /// AWS's code of the refusal.
    pub code: &'a str,
    /// The message that the caller gets.
    pub message: &'a str,
}

/// What the record tells of the peer, where it is known.
fn additional(caller: RefusedCaller<'_>) -> Option<JsonObject> {
    let peer = match caller {
        RefusedCaller::Peer(peer) => Some(peer),
        RefusedCaller::Authenticated(caller) => match caller.credential() {
            Credential::LocalPeer(peer) => Some(&**peer),
            _ => None,
        },
        RefusedCaller::Unauthenticated(_) => None,
    };
    let mut additional = Parameters::default();
    additional.optional("peer", peer);
    additional.finish()
}

impl Engine {
    /// Records a refusal, and hands back its answer once that is durable.
    ///
    /// # Errors
    /// [`LedgerUnavailable`] when it could not be recorded; there is no answer then.
    pub async fn refuse<R: Send>(
        &self,
        refusal: &Refusal<'_>,
        answer: R,
    ) -> Result<Recorded<R>, LedgerUnavailable> {
        let event_id = uuid(self).map_err(LedgerUnavailable::because)?;
        let account = self
            .recipient(refusal)
            .map_err(LedgerUnavailable::because)?;
        let identity = match refusal.caller {
            RefusedCaller::Authenticated(caller) => Identity::Caller(caller),
            RefusedCaller::Unauthenticated(claimed) => Identity::Unknown { claimed },
            RefusedCaller::Peer(_) => Identity::Unknown { claimed: None },
        };
        let additional = additional(refusal.caller);
        let entry = Record {
            identity,
            time: self.clock.now(),
            event_source: refusal.event_source,
            event_name: refusal.event_name,
            region: refusal.region,
            source_ip_address: refusal.source_ip_address,
            user_agent: refusal.user_agent,
            refusal: Some(Refused {
                code: refusal.code,
                message: refusal.message,
            }),
            request_parameters: None,
            response_elements: None,
            additional_event_data: additional.as_ref(),
            service_event_details: None,
            request_id: refusal.request_id,
            event_id: &event_id,
            read_only: refusal.read_only,
            resources: &[],
            recipient_account: &account,
            tls: None,
        }
        .to_entry();
        Recorded::release(&self.ledger, entry, answer).await
    }

    fn recipient(&self, refusal: &Refusal<'_>) -> Result<AccountId, Error> {
        let known = match refusal.caller {
            RefusedCaller::Authenticated(caller) => Some(caller.principal().account().clone()),
            RefusedCaller::Unauthenticated(_) | RefusedCaller::Peer(_) => None,
        };
        let first = |state: &State| state.first_account().map(|account| account.id.clone());
        known
            .map_or_else(
                || self.state().map(|state| first(&state)),
                |known| Ok(Some(known)),
            )?
            .ok_or_else(|| Error::internal("the store has no account"))
    }
}
