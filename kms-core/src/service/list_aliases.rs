//! `ListAliases`

use std::ops::Bound;

use super::context::CallContext;
use super::operation::{Authorization, Event, Loaded, Lookups, On, Operation, Performed, Step};
use super::page;
use super::parameters::Parameters;
use super::request::validated;
use super::resolve::own_key_ref;
use crate::Error;
use crate::api::limits::LIST_ALIASES;
use crate::api::{self, AliasListEntry, ListAliasesRequest, ListAliasesResponse};
use crate::ids::{AliasName, KeyRef};
use crate::keys::Alias;

/// A checked `ListAliasesRequest`.
#[derive(Debug)]
pub struct ListAliases {
    key: Option<KeyRef>,
    limit: usize,
    marker: Option<String>,
}

fn entry(alias: &Alias) -> (String, AliasListEntry) {
    let entry = AliasListEntry {
        alias_name: alias.arn.alias.clone(),
        alias_arn: alias.arn.clone(),
        target_key_id: alias.target,
        creation_date: alias.created,
        last_updated_date: alias.updated,
    };
    (alias.arn.alias.to_string(), entry)
}

impl Operation for ListAliasesRequest {
    type Parsed = ListAliases;
    type Response = ListAliasesResponse;
    const EVENT: Event = Event::kms(api::Operation::ListAliases);

    fn parameters(&self, parameters: &mut Parameters) {
        parameters
            .optional("keyId", self.key_id.as_ref())
            .optional("limit", self.limit.as_ref());
    }

    fn parse(self) -> Result<ListAliases, Error> {
        validated(&self)?;
        Ok(ListAliases {
            key: self.key_id.as_deref().map(own_key_ref).transpose()?,
            limit: page::limit(self.limit, LIST_ALIASES),
            marker: self.marker,
        })
    }

    fn lookups(parsed: &ListAliases) -> Lookups {
        parsed
            .key
            .as_ref()
            .map_or_else(Lookups::none, Lookups::named)
    }

    fn authorizations<'a>(
        _parsed: &'a ListAliases,
        _loaded: &'a Loaded,
        _call: &'a CallContext,
    ) -> Result<Vec<Authorization<'a>>, Error> {
        Ok(vec![Authorization::new("kms:ListAliases", On::Any)])
    }

    fn perform(
        asked: ListAliases,
        step: &Step<'_>,
    ) -> Result<Performed<ListAliasesResponse>, Error> {
        let (account, region) = (step.call.account(), &step.call.region);
        let target = step
            .loaded
            .primary
            .as_ref()
            .map(|target| target.key.key.arn.key);
        let of_key = target.map(|key| key.to_string()).unwrap_or_default();
        let listing = format!("ListAliases {account} {region} {of_key}");
        let markers = step.engine.markers();
        let after = markers.start(&listing, asked.marker.as_deref())?;
        let after = after.and_then(|name| name.parse::<AliasName>().ok());
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let state = step.state.region(account, region).into_iter();
        let items = state
            .flat_map(|state| state.aliases.range((start.clone(), Bound::Unbounded)))
            .map(|(_, alias)| alias)
            .filter(|alias| target.is_none_or(|key| alias.target == key))
            .map(entry);
        let page = markers.page(&listing, asked.limit, items);
        Ok(Performed::read(ListAliasesResponse {
            aliases: page.items,
            truncated: page.next.is_some(),
            next_marker: page.next,
        }))
    }
}
