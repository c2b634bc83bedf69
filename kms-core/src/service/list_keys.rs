//! `ListKeys`

use super::context::CallContext;
use super::operation::{Authorization, Event, Loaded, On, Operation, Performed, Step};
use super::page;
use super::parameters::Parameters;
use super::request::validated;
use crate::Error;
use crate::api::limits::LIST_KEYS;
use crate::api::{self, KeyListEntry, ListKeysRequest, ListKeysResponse};
use crate::ids::{KeyArn, KeyId};

impl Operation for ListKeysRequest {
    /// Page size and marker.
    type Parsed = (usize, Option<String>);
    type Response = ListKeysResponse;
    const EVENT: Event = Event::kms(api::Operation::ListKeys);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters.optional("limit", self.limit.as_ref());
    }

    fn parse(self) -> Result<Self::Parsed, Error> {
        validated(&self)?;
        Ok((page::limit(self.limit, LIST_KEYS), self.marker))
    }

    fn authorizations<'a>(
        _parsed: &'a Self::Parsed,
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(vec![Authorization::new("kms:ListKeys", On::Any)])
    }

    fn perform(
        (limit, marker): Self::Parsed,
        step: &Step<'_>,
    ) -> Result<Performed<ListKeysResponse>, Error> {
        let (account, region) = (step.call.account(), &step.call.region);
        let listing = format!("ListKeys {account} {region}");
        let markers = step.engine.markers();
        let after = markers.start(&listing, marker.as_deref())?;
        let after = after.and_then(|id| id.parse::<KeyId>().ok());
        let keys = step.state.region(account, region).into_iter();
        let items = keys.flat_map(|state| state.key_ids(after)).map(|key| {
            let key_arn = KeyArn {
                account: account.clone(),
                region: region.clone(),
                key,
            };
            (
                key.to_string(),
                KeyListEntry {
                    key_id: key,
                    key_arn,
                },
            )
        });
        let page = markers.page(&listing, limit, items);
        Ok(Performed::read(ListKeysResponse {
            keys: page.items,
            truncated: page.next.is_some(),
            next_marker: page.next,
        }))
    }
}
