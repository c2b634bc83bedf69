//! `ListResourceTags`

use std::ops::Bound;

use super::key_operation::KeyOperation;
use super::operation::{Performed, Step};
use super::page;
use super::parameters::Parameters;
use crate::Error;
use crate::api::limits::LIST_RESOURCE_TAGS;
use crate::api::{ListResourceTagsRequest, ListResourceTagsResponse, Tag};

impl KeyOperation for ListResourceTagsRequest {
    /// Page size and marker.
    type Checked = (usize, Option<String>);

    fn key_id(&self) -> Option<&String> {
        self.key_id.as_ref()
    }

    fn other_parameters(&self, parameters: &mut Parameters) {
        parameters.optional("limit", self.limit.as_ref());
    }

    fn check(self) -> Result<Self::Checked, Error> {
        Ok((page::limit(self.limit, LIST_RESOURCE_TAGS), self.marker))
    }

    fn perform(
        (limit, marker): Self::Checked,
        step: &Step<'_>,
    ) -> Result<Performed<ListResourceTagsResponse>, Error> {
        let key = &step.loaded.primary()?.key;
        let listing = format!("ListResourceTags {}", key.arn);
        let markers = step.engine.markers();
        let after = markers.start(&listing, marker.as_deref())?;
        let start = after.as_deref().map_or(Bound::Unbounded, Bound::Excluded);
        let tags = key.key.tags.range::<str, _>((start, Bound::Unbounded));
        let items = tags.map(|(name, value)| {
            (
                name.clone(),
                Tag {
                    tag_key: name.clone(),
                    tag_value: value.clone(),
                },
            )
        });
        let page = markers.page(&listing, limit, items);
        Ok(Performed::read(ListResourceTagsResponse {
            tags: page.items,
            truncated: page.next.is_some(),
            next_marker: page.next,
        }))
    }
}
